import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ArtifactStore } from "@floe/core";
import { createLayoutStore, createRegistryStore } from "@floe/oci";
import { createKeySigner, publicKeyPem, signArtifact } from "@floe/signing";
import { buildArtifact } from "@floe/testing";

/** A folder with a manifest and a key, whose artifacts are signed. */
export interface Project {
  readonly cwd: string;
  readonly manifest: string;
  /** Puts a signed artifact into the repository. */
  publish(version: string, signal: AbortSignal): Promise<void>;
}

/**
 * Makes a project.
 * @param uri - `oci://HOST/PATH`, or `oci-layout:FOLDER` beside the manifest
 * @param audit - `artifacts.promotion.audit`; `undefined`: the ledger is in the repository
 */
export function makeProject(
  cwd: string,
  uri: string,
  audit: unknown,
  environments: readonly string[] = ["dev"],
): Project {
  mkdirSync(cwd, { recursive: true });
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(cwd, "release.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
  writeFileSync(join(cwd, "release.pub"), publicKeyPem(privateKey));
  const gates = { policy_compliance: true };
  const manifest = {
    apiVersion: "floe.dev/v1",
    kind: "Manifest",
    metadata: { name: "bench" },
    identities: { release: { key: "release.pub" } },
    artifacts: {
      registry: { uri },
      signing: { mode: "key-based", private_key_ref: "release.key" },
      verification: { enforcement: "enforce", public_key_ref: "release.pub" },
      promotion: { environments: environments.map((name) => ({ name, gates })), audit },
    },
  };
  const path = join(cwd, "manifest.yaml");
  writeFileSync(path, JSON.stringify(manifest));
  const signer = createKeySigner({ privateKey });
  return {
    cwd,
    manifest: path,
    async publish(version, signal) {
      const store = openRepository(uri, cwd);
      const built = buildArtifact({ layers: [{ content: `${uri} ${version}` }] });
      for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, { signal });
      await store.createTag(version, built, { signal });
      const artifact = { descriptor: built.descriptor, bytes: built.bytes };
      await signArtifact({ store, artifact, signer }, { signal });
      await store[Symbol.asyncDispose]?.();
    },
  };
}

/** Opens the repository that a manifest in `cwd` names. */
export function openRepository(uri: string, cwd: string): ArtifactStore {
  const [, folder] = /^oci-layout:(.*)$/.exec(uri) ?? [];
  if (folder === undefined) return createRegistryStore({ uri });
  return createLayoutStore({ path: resolve(cwd, folder), create: true });
}
