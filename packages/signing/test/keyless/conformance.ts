import { verify } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TrustRootConfig } from "@floe/core/manifest";
import { digestOf } from "@floe/core/model";
import type { BundleRefusal, TrustedSigner } from "@floe/core/ports";
import { parseAnyBundle } from "../../src/bundle/parse-bundle.ts";
import {
  createVerifier,
  hasSubject,
  type KeylessEngine,
  loadKeylessEngine,
  parseStatement,
} from "../../src/index.ts";
import { matchIdentity } from "../../src/keyless/match-identity.ts";
import { createKeyReader } from "../../src/verify/trusted-keys.ts";
import { pinned } from "./pinned.ts";

/** Where the cases are, a folder for each. */
export const CASES_FOLDER = fileURLToPath(
  new URL("../../../../../shared/data/sigstore-conformance/bundle-verify", import.meta.url),
);

/** Whether the cases are beside the checkout. */
export const hasConformanceCases = existsSync(CASES_FOLDER);

/** Who signed the cases. */
export const ISSUER = "https://token.actions.githubusercontent.com";
/** Who signed the cases, at {@link ISSUER}. */
export const SUBJECT =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";

/** The names of the cases; those that end in `_fail` must be refused. */
export function conformanceCases(): string[] {
  if (!hasConformanceCases) return [];
  const entries = readdirSync(CASES_FOLDER, { withFileTypes: true });
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : [])).toSorted();
}

/** `accepted`, or the code of the refusal. */
export async function judgeCase(name: string): Promise<"accepted" | BundleRefusal> {
  const read = (file: string): Buffer | null => {
    const path = join(CASES_FOLDER, name, file);
    return existsSync(path) ? readFileSync(path) : null;
  };
  const bundle = read("bundle.sigstore.json") ?? Buffer.alloc(0);
  const artifact = read("artifact") ?? readFileSync(join(CASES_FOLDER, "a.txt"));
  const root = read("trusted_root.json");
  const trustRoot: TrustRootConfig =
    root === null ? { from: "embedded" } : { from: "file", file: pinned(root) };
  const engine = await loadKeylessEngine({
    trustRoot,
    cacheDir: "/nonexistent",
    signal: AbortSignal.timeout(5000),
  });
  const key = read("key.pub");
  const text = (file: string): string | null => read(file)?.toString().trim() ?? null;
  const trusted: TrustedSigner = key
    ? { method: "key", name: "key", publicKey: key.toString() }
    : {
        method: "keyless",
        name: "beacon",
        issuer: text("issuer") ?? ISSUER,
        subject: text("identity") ?? SUBJECT,
      };
  const parsed = parseAnyBundle(bundle);
  if (!parsed.ok) return parsed.code;
  const isCurrent = parsed.bundle.content.kind === "dsse" && bundle.includes("0.3");
  if (!isCurrent) return judgeOther(parsed.bundle, engine, trusted, artifact);
  const verdict = createVerifier({ keyless: engine }).verifyBundle(bundle, [trusted]);
  if (!verdict.ok) return verdict.code;
  const statement = parseStatement(verdict.statement);
  if (!statement.ok) return "MALFORMED_BUNDLE";
  return hasSubject(statement.statement, digestOf(artifact)) ? "accepted" : "SUBJECT_MISMATCH";
}

type AnyBundle = Extract<ReturnType<typeof parseAnyBundle>, { ok: true }>["bundle"];

const readKey = createKeyReader();

/** What floe never takes for a signature (messages, versions before 0.3), verified by the same engine. */
function judgeOther(
  bundle: AnyBundle,
  engine: KeylessEngine,
  trusted: TrustedSigner,
  message: Buffer,
): "accepted" | BundleRefusal {
  if (trusted.method === "key") {
    if (bundle.material.kind !== "key") return "WRONG_MATERIAL";
    const { signature } = bundle.content;
    const key = readKey(trusted.publicKey);
    if (!key.ok) return "UNSUPPORTED_ALGORITHM";
    return verify("sha256", message, key.key, signature) ? "accepted" : "WRONG_KEY";
  }
  const proof = engine.prove(bundle, { requireRekor: true, message });
  if (!proof.ok) return proof.code;
  const match = matchIdentity(proof, [trusted], null);
  return match.ok ? "accepted" : match.code;
}
