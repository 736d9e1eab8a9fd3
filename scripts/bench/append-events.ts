import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createFloe } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import { createLayoutStore } from "@floe/oci";
import sqlite from "@floe/plugin-audit-sqlite";
import { createCommandRunner, createHost } from "@floe/runner";
import {
  createArtifactVerifier,
  createKeySigner,
  createVerifier,
  loadPrivateKey,
  publicKeyPem,
} from "@floe/signing";

/**
 * Locks and unlocks an environment of a project with an embedded registry until that many events are appended. Within this process:
 * as commands, a thousand of them take minutes.
 */
export async function appendEvents(
  manifestPath: string,
  environment: string,
  events: number,
  signal: AbortSignal,
): Promise<void> {
  const cwd = dirname(manifestPath);
  const manifest = await loadManifest(manifestPath, { signal, cwd, env: {} });
  const key = manifest.operatorKeyRef ?? manifest.signing.privateKeyRef;
  if (key?.from !== "file") throw new Error(`${manifestPath} names no key file`);
  const privateKey = await loadPrivateKey(await readFile(key.path, "utf8"), { password: "" });
  await using floe = createFloe({
    manifest,
    store: createLayoutStore({ path: manifest.registry.uri.slice("oci-layout:".length) }),
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
    const request = { environment, reason: `bench ${index}` };
    const outcome = await (index % 2 === 0
      ? floe.lock(request, { signal })
      : floe.unlock(request, { signal }));
    if (outcome.kind !== "done") throw new Error(`event ${index} was refused`);
  }
}
