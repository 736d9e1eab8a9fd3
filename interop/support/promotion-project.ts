import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { floeDone } from "./run-floe.ts";

/** Names of the environments of {@link writeProject}, in order. */
export const ENVIRONMENTS = ["dev", "staging", "prod"];

/** Writes a manifest for a registry and has floe make the key that signs promotions. Artifacts have to be signed. */
export async function writeProject(
  folder: string,
  options: {
    readonly uri: string;
    /** Whose signatures count, relative to the folder. */
    readonly artifactKey: string;
    readonly gates?: Readonly<Record<string, unknown>>;
    /** Identities besides `release`: the file of the public key, by name. */
    readonly people?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const gates = { policy_compliance: true, ...options.gates };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: {
      release: { key: "keys/release.pub" },
      ...Object.fromEntries(
        Object.entries(options.people ?? {}).map(([name, key]) => [name, { key }]),
      ),
    },
    artifacts: {
      registry: { uri: options.uri },
      signing: { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: { enforcement: "enforce", public_key_ref: options.artifactKey },
      promotion: { environments: ENVIRONMENTS.map((name) => ({ name, gates })) },
    },
  };
  await mkdir(join(folder, "keys"), { recursive: true });
  // JSON is YAML.
  await writeFile(join(folder, "manifest.yaml"), JSON.stringify(manifest));
  const prefix = ["--output-key-prefix", "keys/release"];
  await floeDone(["artifact", "keygen", ...prefix], { cwd: folder, signal: options.signal });
}
