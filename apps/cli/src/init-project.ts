import { lstat, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { FloeError } from "@floe/core/errors";
import { digestOf, isEnvironmentName } from "@floe/core/model";
import { createLayoutStore } from "@floe/oci";
import {
  EXAMPLE_CHECK,
  EXAMPLE_CONFIG,
  type FoundRegistry,
  GITIGNORE,
  manifestTemplate,
  specTemplate,
} from "./init-templates.ts";
import { openKey } from "./open-signer.ts";
import { preparePush } from "./push-files.ts";
import { sendLayers } from "./send-layers.ts";
import { passwordFrom, writeKeyPair } from "./write-key-pair.ts";

/** Version of the example artifact. */
const EXAMPLE_VERSION = "v0.1.0";

/** What `floe init` made. */
export interface InitResult {
  readonly files: readonly { readonly path: string; readonly purpose: string }[];
  /** The example artifact; `null` with a registry of the user's own, into which nothing is pushed. */
  readonly example: { readonly version: string; readonly digest: string } | null;
}

/**
 * Sets up a folder for floe, with an embedded registry unless another one was found. Looks first and writes then: when anything is in the way,
 * nothing is written.
 * @throws {FloeError} FLOE_INIT_EXISTS - a file that would be written is there
 */
export async function initProject(input: {
  readonly folder: string;
  readonly name: string | undefined;
  /** `null`: an embedded one is made. */
  readonly registry: FoundRegistry | null;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}): Promise<InitResult> {
  const { folder, signal } = input;
  const name = input.name ?? nameFrom(basename(folder));
  const { registry } = input;
  const texts = [
    {
      path: "manifest.yaml",
      purpose: "environments, gates, who may do what",
      text: manifestTemplate(name, registry),
    },
    {
      path: "floe.yaml",
      purpose: "the spec: what floe platform publish compiles",
      text: specTemplate(name),
    },
    ...(registry === null ? EXAMPLE : []),
  ];
  const keys = [
    {
      prefix: "keys/release",
      purpose: "signs promotions: proves who runs floe (keep the .key secret)",
    },
    { prefix: "keys/artifact", purpose: "signs artifacts (keep the .key secret)" },
  ];
  const wanted = [
    ...texts.map((file) => file.path),
    ...keys.flatMap(({ prefix }) => [`${prefix}.key`, `${prefix}.pub`]),
    ...(registry === null ? [".floe/registry"] : []),
  ];
  await refuseExisting(folder, wanted);
  await mkdir(folder, { recursive: true });
  for (const { path, text } of texts) await writeNew(join(folder, path), text);
  const password = (): string => passwordFrom(input.env) ?? "";
  for (const { prefix } of keys) await writeKeyPair(join(folder, prefix), password);
  await ignoreSecrets(folder);
  const files = [
    ...texts.map(({ path, purpose }) => ({ path, purpose })),
    ...keys.map(({ prefix, purpose }) => ({ path: `${prefix}.key, .pub`, purpose })),
  ];
  if (registry !== null) return { files, example: null };
  const digest = await pushExample(folder, input.env, signal);
  const embedded = {
    path: ".floe/registry",
    purpose: "the embedded registry, an OCI image layout",
  };
  return { files: [...files, embedded], example: { version: EXAMPLE_VERSION, digest } };
}

const EXAMPLE = [
  {
    path: "app.json",
    purpose: "an example artifact: change it and push it as a new version",
    text: EXAMPLE_CONFIG,
  },
  {
    path: "checks/app.test.mjs",
    purpose: "the tests gate: node:test over the artifact",
    text: EXAMPLE_CHECK,
  },
];

async function refuseExisting(folder: string, paths: readonly string[]): Promise<void> {
  const there: string[] = [];
  for (const path of paths)
    if ((await lstat(join(folder, path)).catch(() => null)) !== null) there.push(path);
  if (there.length === 0) return;
  throw new FloeError({
    code: "FLOE_INIT_EXISTS",
    message: `${there.join(", ")} ${there.length === 1 ? "is" : "are"} there already; nothing was written`,
    hint: "floe init never overwrites: choose another folder, or move them away.",
    details: { files: there },
  });
}

async function writeNew(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: "wx" });
}

// A .gitignore that is there keeps its lines; only what is missing is added.
async function ignoreSecrets(folder: string): Promise<void> {
  const path = join(folder, ".gitignore");
  const before = await readFile(path, "utf8").catch(() => "");
  const missing = GITIGNORE.filter((line) => !before.split("\n").includes(line));
  if (missing.length === 0) return;
  const separator = before === "" || before.endsWith("\n") ? "" : "\n";
  await writeFile(path, `${before}${separator}${missing.join("\n")}\n`);
}

async function pushExample(
  folder: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const { signArtifact } = await import("@floe/signing");
  const path = join(folder, ".floe/registry");
  const store = createLayoutStore({ path, create: true, uriAsWritten: "./.floe/registry" });
  const file = { path: join(folder, "app.json"), mediaType: "application/json" };
  await using push = await preparePush([file], {
    artifactType: "application/vnd.floe.config.v1",
    annotations: {},
    signal,
  });
  await sendLayers(store, push, { signal });
  await store.createTag(EXAMPLE_VERSION, push.manifest, { signal });
  const artifact = await store.getManifest(EXAMPLE_VERSION, { signal });
  if (!artifact) throw new Error("the example artifact that was just pushed is gone");
  const { signer } = await openKey(
    { from: "file", path: join(folder, "keys/artifact.key") },
    { manifest: null, env, signal },
  );
  await signArtifact({ store, artifact, signer }, { signal });
  await store[Symbol.asyncDispose]?.();
  return digestOf(push.manifest.bytes);
}

function nameFrom(folder: string): string {
  const name = folder
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return isEnvironmentName(name) ? name : "my-platform";
}
