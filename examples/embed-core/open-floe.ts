import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { createFloe, type Floe, type Logger, type SecretRef } from "@floe/core";
import { loadManifest } from "@floe/core/manifest";
import { createLayoutStore, createRegistryStore } from "@floe/oci";
import gateTests from "@floe/plugin-gate-tests";
import { createPolicyGate, policiesSchema } from "@floe/policy";
import { createCommandRunner, createHost } from "@floe/runner";
import {
  createArtifactVerifier,
  createKeySigner,
  createVerifier,
  loadPrivateKey,
  publicKeyPem,
} from "@floe/signing";

const VERSION = "1.0.0";

const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (message) => console.error(`warning: ${message}`),
  progress: ({ scope, phase, message }) => console.error(`${scope}: ${phase}: ${message}`),
};

/**
 * Makes a floe for the manifest in a folder. Nothing here is hidden: what touches the world is handed to the core, so
 * that an app decides where keys, credentials and logs come from.
 */
export async function openFloe(manifestPath: string, signal: AbortSignal): Promise<Floe> {
  const { env } = process;
  const manifest = await loadManifest(manifestPath, { env, signal, policiesSchema });

  const ref = manifest.signing.privateKeyRef;
  // Whoever keeps keys in a KMS opens them with openKmsKey.
  const privateKey =
    ref && ref.from !== "kms"
      ? await loadPrivateKey(await readSecret(ref), { password: env["FLOE_KEY_PASSWORD"] ?? "" })
      : null;

  const { uri, uriAsWritten, ...registry } = manifest.registry;
  const store = uri.startsWith("oci-layout:")
    ? createLayoutStore({ path: uri.slice("oci-layout:".length), create: true, uriAsWritten })
    : createRegistryStore({ uri, ...registry, credentials: async () => null });

  const policyGate = createPolicyGate({
    policies: manifest.policies,
    environments: manifest.environments.map((environment) => environment.name),
    repository: uri.replace(/^oci:\/\//, ""),
    versionPattern: manifest.tags.versionPattern,
    now: () => new Date(),
  });

  return createFloe({
    manifest,
    store,
    signer: privateKey && createKeySigner({ privateKey }),
    signerPublicKey: privateKey && publicKeyPem(privateKey),
    verifier: createVerifier(),
    artifactVerifier: createArtifactVerifier(),
    policy: {
      apiVersion: "floe.dev/v1",
      meta: { name: "@floe/policy", version: VERSION },
      gates: [policyGate],
    },
    // Plugins are handed in as objects: those of packages, and gates of the app's own.
    plugins: [gateTests],
    runner: createCommandRunner({ env, tmpDir: tmpdir() }),
    readSecret,
    host: createHost(process.pid),
    clock: {
      now: () => new Date(),
      sleep: async (milliseconds, options) => {
        await sleep(milliseconds, undefined, options);
      },
    },
    logger,
    version: VERSION,
  });
}

async function readSecret(ref: SecretRef): Promise<string> {
  if (ref.from === "file") return (await readFile(ref.path, "utf8")).trimEnd();
  const value = process.env[ref.name];
  if (value === undefined) throw new Error(`the variable ${ref.name} is not set`);
  return value;
}
