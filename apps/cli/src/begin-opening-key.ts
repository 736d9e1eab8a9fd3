import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { beginDeriving, OWN_PARAMETERS } from "@floe/signing/derive-key";

/** Where the command line is run, and how. */
export interface Launch {
  /** What follows the command's name. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/**
 * Begins to open the encrypted key that a command is going to sign with, before the manifest can even be parsed: deriving
 * the key that it is encrypted with takes longer than anything else that a promotion does by itself. Which key that will
 * be is guessed, and whatever is not plain is left alone: a wrong guess costs time on another core, and nothing else.
 */
export function beginOpeningKey({ args, env, cwd }: Launch): void {
  if (args.includes("--dry-run") || args.includes("--")) return;
  try {
    const found = guessKey({ args, env, cwd });
    if (found === null) return;
    const salt = readSalt(readFileSync(found.path, "utf8"));
    if (salt !== null)
      beginDeriving({ password: found.password, salt, parameters: OWN_PARAMETERS });
  } catch {
    // Whoever opens the key says what is wrong with it.
  }
}

/** Guesses the file of the key and its password; `null`: it is not plain. */
export function guessKey({
  args,
  env,
  cwd,
}: Launch): { readonly path: string; readonly password: string } | null {
  const password = env["FLOE_KEY_PASSWORD"] ?? env["COSIGN_PASSWORD"] ?? "";
  const given = flagOf(args, "--key") ?? (env["FLOE_SIGNING_KEY"] || null);
  const manifest = readNearest(flagOf(args, "--manifest") ?? flagOf(args, "-m"), cwd);
  // It may say where the password is.
  if (manifest === null || manifest.text.includes("password_ref")) return null;
  if (given !== null) return { path: resolve(cwd, given), password };
  const refs = [...manifest.text.matchAll(KEY_REF)].map(({ groups }) => ({ ...groups }));
  const ref =
    refs.find(({ name }) => name === "key_ref") ??
    refs.find(({ name }) => name === "private_key_ref");
  const place = ref?.["place"];
  if (place === undefined || place.includes(":")) return null;
  return { path: resolve(manifest.folder, place), password };
}

/** `operator.key_ref` and `signing.private_key_ref`, in YAML of any style and in JSON. */
const KEY_REF =
  /(?:^|[\s{,])["']?(?<name>key_ref|private_key_ref)["']?[ \t]*:[ \t]*["']?(?<place>[^\s"',}#]{1,500})/g;

function flagOf(args: readonly string[], name: string): string | null {
  const at = args.indexOf(name);
  if (at >= 0) return args[at + 1] ?? null;
  const joined = args.find((word) => word.startsWith(`${name}=`));
  return joined?.slice(name.length + 1) ?? null;
}

function readNearest(
  given: string | null,
  cwd: string,
): { readonly text: string; readonly folder: string } | null {
  if (given !== null) {
    const path = resolve(cwd, given);
    return { text: readFileSync(path, "utf8"), folder: dirname(path) };
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    try {
      return { text: readFileSync(join(folder, "manifest.yaml"), "utf8"), folder };
    } catch {
      if (folder === dirname(folder)) return null;
    }
  }
}

/** The salt of a key in the form that cosign and floe write; `null`: it is another. */
function readSalt(pem: string): Uint8Array | null {
  const body =
    /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END/.exec(
      pem.slice(0, 32 * 1024),
    )?.[1];
  if (body === undefined) return null;
  const { kdf } = JSON.parse(Buffer.from(body, "base64").toString("utf8")) as {
    readonly kdf?: { readonly params?: Partial<typeof OWN_PARAMETERS>; readonly salt?: unknown };
  };
  const { N, r, p } = kdf?.params ?? {};
  const own = N === OWN_PARAMETERS.N && r === OWN_PARAMETERS.r && p === OWN_PARAMETERS.p;
  return own && typeof kdf?.salt === "string" ? Buffer.from(kdf.salt, "base64") : null;
}
