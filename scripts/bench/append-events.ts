import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFloe } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import sqlite from "@floe/plugin-audit-sqlite";
import { createCommandRunner, createHost } from "@floe/runner";
import {
  createArtifactVerifier,
  createKeySigner,
  createVerifier,
  loadPrivateKey,
  publicKeyPem,
} from "@floe/signing";
import { createBufferedLayout } from "./buffered-layout.ts";

/**
 * Locks and unlocks environments of an embedded registry in turn until that many events are appended, each signed and
 * linked as the command line does it. Within this process, and written at the end: as commands they take hours.
 */
export async function appendEvents(
  manifestPath: string,
  environments: readonly string[],
  events: number,
  signal: AbortSignal,
): Promise<void> {
  const cwd = dirname(manifestPath);
  const manifest = await loadManifest(manifestPath, { signal, cwd, env: {} });
  const key = manifest.operatorKeyRef ?? manifest.signing.privateKeyRef;
  if (key?.from !== "file") throw new Error(`${manifestPath} names no key file`);
  const privateKey = await loadPrivateKey(await readFile(key.path, "utf8"), { password: "" });
  const layout = createBufferedLayout(manifest.registry.uri.slice("oci-layout:".length));
  await using floe = createFloe({
    manifest,
    store: layout.store,
    signer: createKeySigner({ privateKey }),
    signerPublicKey: publicKeyPem(privateKey),
    verifier: createVerifier(),
    artifactVerifier: createArtifactVerifier({ now: () => new Date() }),
    plugins: [sqlite],
    policy: { apiVersion: "floe.dev/v1", meta: { name: "bench", version: "0.0.0" } },
    runner: createCommandRunner({ env: {}, tmpDir: tmpdir() }),
    readSecret: () => Promise.reject(new Error("a lock reads no secret")),
    host: createHost(process.pid),
    clock: {
      now: () => new Date(),
      sleep: (milliseconds, options) => sleep(milliseconds, undefined, options),
    },
    logger: { debug() {}, info() {}, warn() {}, progress() {} },
    version: "bench",
  });
  for (let index = 0; index < events; index += 1) {
    const environment = environments[index % environments.length];
    if (environment === undefined) throw new Error("there is no environment");
    const request = { environment, reason: `bench ${index}` };
    const locks = Math.floor(index / environments.length) % 2 === 0;
    const outcome = await (locks
      ? floe.lock(request, { signal })
      : floe.unlock(request, { signal }));
    if (outcome.kind !== "done") throw new Error(`event ${index} was refused`);
  }
  await layout.flush();
}
