import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactStore } from "@floe/core/ports";
import { createLayoutStore } from "@floe/oci";
import { createKeySigner, publicKeyPem, signArtifact } from "@floe/signing";
import { buildArtifact, type RunResult, startDockerRegistry } from "@floe/testing";
import { openRegistryStore } from "./open-registry-store.ts";
import { runFloe } from "./run-floe.ts";
import { tempFolder } from "./temp-folder.ts";

/** A row of what a command prints with `-o json`. */
export type Row = Readonly<Record<string, unknown>>;

/** A project with signed versions whose ledgers are in a store of their own. */
export interface LedgerProject extends AsyncDisposable {
  readonly folder: string;
  /** Runs floe as a process in the folder. */
  readonly floe: (...args: string[]) => Promise<RunResult>;
  /** The same, and reads what it prints with `-o json`. */
  readonly json: (
    ...args: string[]
  ) => Promise<{ readonly code: number | null; readonly said: unknown }>;
  /** Runs it and expects success. @throws {Error} another exit code than 0 */
  readonly done: (...args: string[]) => Promise<unknown>;
  /** Every tag with the digest that it holds. */
  readonly tags: () => Promise<Record<string, string>>;
}

/** How {@link ledgerProject} makes it. */
export interface LedgerProjectOptions {
  /** `artifacts.promotion.audit`. */
  readonly audit: Readonly<Record<string, unknown>>;
  readonly versions: readonly string[];
  /** A docker-registry, which serialises nothing, or a folder. */
  readonly registry: "docker-registry" | "folder";
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Makes it, in a folder of its own. */
export async function ledgerProject(options: LedgerProjectOptions): Promise<LedgerProject> {
  const { audit, versions, signal, env } = options;
  await using resources = new AsyncDisposableStack();
  const { path: folder } = resources.use(await tempFolder());
  const keys = { release: newKey(), artifact: newKey() };
  mkdirSync(join(folder, "keys"));
  for (const [name, key] of Object.entries(keys)) {
    writeFileSync(join(folder, `keys/${name}.pub`), publicKeyPem(key));
    writeFileSync(join(folder, `keys/${name}.key`), key.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
  }
  let uri = "oci-layout:./registry";
  let open = (): ArtifactStore =>
    createLayoutStore({ path: join(folder, "registry"), create: true });
  if (options.registry === "docker-registry") {
    const registry = resources.use(await startDockerRegistry({ signal }));
    uri = `oci://${registry.host}/acme/app`;
    open = () => openRegistryStore({ uri });
  }
  const gates = { policy_compliance: true };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "acme" },
    identities: { release: { key: "keys/release.pub" } },
    artifacts: {
      registry: { uri },
      signing: { mode: "key-based", private_key_ref: "keys/release.key" },
      verification: { enforcement: "enforce", public_key_ref: "keys/artifact.pub" },
      promotion: {
        environments: [
          { name: "dev", gates },
          { name: "staging", gates },
        ],
        audit,
      },
    },
  };
  // JSON is YAML.
  writeFileSync(join(folder, "manifest.yaml"), JSON.stringify(manifest));
  await publish(open(), keys.artifact, versions, signal);

  const floe = async (...args: string[]): Promise<RunResult> =>
    await runFloe(args, { cwd: folder, signal, ...(env ? { env } : {}) });
  const json: LedgerProject["json"] = async (...args) => {
    const { exitCode, stdout, stderr } = await floe(...args, "-o", "json");
    try {
      return { code: exitCode, said: JSON.parse(stdout) };
    } catch (cause) {
      throw new Error(`floe ${args.join(" ")} ended with ${exitCode}: ${stdout}${stderr}`, {
        cause,
      });
    }
  };
  const owned = resources.move();
  return {
    folder,
    floe,
    json,
    async done(...args) {
      const { code, said } = await json(...args);
      if (code !== 0)
        throw new Error(`floe ${args.join(" ")} ended with ${code}: ${JSON.stringify(said)}`);
      return said;
    },
    async tags() {
      const store = open();
      const names = (await store.listTags({ signal })).sort();
      const found = await Promise.all(names.map((tag) => store.resolve(tag, { signal })));
      await store[Symbol.asyncDispose]?.();
      return Object.fromEntries(
        names.map((tag, index) => [tag, found[index]?.digest ?? "nothing"]),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function newKey(): KeyObject {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

async function publish(
  store: ArtifactStore,
  privateKey: KeyObject,
  versions: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const signer = createKeySigner({ privateKey });
  for (const version of versions) {
    const built = buildArtifact({ layers: [{ content: `content of ${version}` }] });
    for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
    await store.createTag(version, built, { signal });
    const artifact = { descriptor: built.descriptor, bytes: built.bytes };
    await signArtifact({ store, artifact, signer }, { signal });
  }
  await store[Symbol.asyncDispose]?.();
}
