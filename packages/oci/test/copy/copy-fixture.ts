import { type Descriptor, type Digest, digestHex, MEDIA_TYPES } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { type ArtifactInput, type BuiltArtifact, buildArtifact } from "@floe/testing";
import { createRegistryStore } from "../../src/index.ts";

/** For calls that are never aborted. */
export const go: CallOptions = { signal: new AbortController().signal };

/** A store on a repository of a test registry. */
export function storeOn(host: string, repository: string): ArtifactStore & AsyncDisposable {
  const store = createRegistryStore({
    uri: `oci://${host}/${repository}`,
    retry: { maxAttempts: 2, initialDelayMs: 0 },
  });
  const close = store[Symbol.asyncDispose]?.bind(store);
  return Object.assign(store, { [Symbol.asyncDispose]: async () => await close?.() });
}

/** Puts an artifact, under a tag, under its digest, or attached when it has a subject. */
export async function put(
  store: ArtifactStore,
  input: ArtifactInput,
  tag?: string,
): Promise<BuiltArtifact> {
  const built = buildArtifact(input);
  for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
  if (input.subject !== undefined) await store.attach(built, go);
  else if (tag === undefined) await store.putManifest(built, go);
  if (tag !== undefined) await store.moveTag(tag, built, go);
  return built;
}

/** An index over children, as bytes. */
export function indexOver(
  children: readonly (Descriptor & { readonly platform?: unknown })[],
  more: Readonly<Record<string, unknown>> = {},
): { readonly bytes: Uint8Array; readonly mediaType: string } {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: children, ...more };
  // Not as floe would write it, so that a copy that writes anew is noticed.
  const bytes = new TextEncoder().encode(`${JSON.stringify(index, null, 3)}\n`);
  return { bytes, mediaType: MEDIA_TYPES.ociIndex };
}

/** A release as it is in the field: an index of two images, with attachments on each level, and cosign's tags. */
export interface Release {
  readonly root: Descriptor;
  readonly children: readonly BuiltArtifact[];
  /** All manifests: index, images, attachments, what is under cosign's tag. */
  readonly manifests: readonly Digest[];
  readonly cosignTag: string;
}

export async function putRelease(store: ArtifactStore, tag: string): Promise<Release> {
  const children: BuiltArtifact[] = [];
  for (const architecture of ["amd64", "arm64"])
    children.push(await put(store, { layers: [{ content: `layer of ${architecture} ${tag}` }] }));
  const index = indexOver(
    children.map(({ descriptor }, n) => ({
      ...descriptor,
      platform: { os: "linux", architecture: n === 0 ? "amd64" : "arm64" },
    })),
  );
  await store.moveTag(tag, index, go);
  const root = await store.resolve(tag, go);
  const [first] = children;
  if (root === null || first === undefined) throw new Error("the index is not there");
  const attach = async (kind: string, subject: Descriptor) =>
    await put(store, {
      artifactType: `application/vnd.acme.${kind}`,
      subject,
      annotations: { tag },
    });
  const signature = await attach("signature", root);
  const sbom = await attach("sbom", first.descriptor);
  const countersignature = await attach("signature", sbom.descriptor);
  const cosignTag = `sha256-${digestHex(root.digest)}.sig`;
  const legacy = await put(store, { layers: [{ content: `simple signing of ${tag}` }] }, cosignTag);
  const all = [...children, signature, sbom, countersignature, legacy];
  return {
    root,
    children,
    manifests: [root.digest, ...all.map(({ descriptor }) => descriptor.digest)],
    cosignTag,
  };
}
