import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ArtifactStore, createFloe, type Floe } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import postgres from "@floe/plugin-audit-postgres";
import s3 from "@floe/plugin-audit-s3";
import sqlite from "@floe/plugin-audit-sqlite";
import { createCommandRunner, createHost } from "@floe/runner";
import {
  createArtifactVerifier,
  createKeySigner,
  createVerifier,
  loadPrivateKey,
  publicKeyPem,
} from "@floe/signing";
import { openRepository } from "./make-project.ts";

/** What {@link openFloe} goes by besides the manifest. */
export interface OpenFloeOptions {
  readonly signal: AbortSignal;
  /** Default: the repository that the manifest names. */
  readonly store?: ArtifactStore;
  /** Answers for every secret that the manifest refers to. */
  readonly secret?: string;
}

/** floe within this process, as the command line makes it of a manifest with a key file. */
export async function openFloe(
  manifestPath: string,
  { signal, store, secret }: OpenFloeOptions,
): Promise<Floe> {
  const cwd = dirname(manifestPath);
  const manifest = await loadManifest(manifestPath, { signal, cwd, env: {} });
  const key = manifest.operatorKeyRef ?? manifest.signing.privateKeyRef;
  if (key?.from !== "file") throw new Error(`${manifestPath} names no key file`);
  const privateKey = await loadPrivateKey(await readFile(key.path, "utf8"), { password: "" });
  return createFloe({
    manifest,
    store: store ?? openRepository(manifest.registry.uri, cwd),
    signer: createKeySigner({ privateKey }),
    signerPublicKey: publicKeyPem(privateKey),
    verifier: createVerifier(),
    artifactVerifier: createArtifactVerifier({ now: () => new Date() }),
    plugins: [sqlite, postgres, s3],
    policy: { apiVersion: "floe.dev/v1", meta: { name: "bench", version: "0.0.0" } },
    runner: createCommandRunner({ env: {}, tmpDir: tmpdir() }),
    readSecret: async () => {
      if (secret === undefined) throw new Error("there is no secret");
      return secret;
    },
    host: createHost(process.pid),
    clock: {
      now: () => new Date(),
      sleep: (milliseconds, options) => sleep(milliseconds, undefined, options),
    },
    logger: { debug() {}, info() {}, warn() {}, progress() {} },
    version: "bench",
  });
}
