import type { ArtifactStore, CallOptions, RawManifest } from "@floe/core";
import {
  canonicalJson,
  type Digest,
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
} from "@floe/core/model";
import type { TrustedSigner } from "@floe/core/ports";
import { COMPILED_MEDIA_TYPE, compiledSbom } from "@floe/core/spec";
import type { CompiledPlatform } from "./compile-platform.ts";
import { type ArtifactTarget, checkArtifactTag, heldBy, taken, writeTag } from "./open-artifact.ts";
import type { OpenedSigner } from "./open-signer.ts";

/** What publishing came to. */
export interface Published {
  readonly digest: Digest;
  /** The layer that holds the compiled artifact. */
  readonly compiled: { readonly digest: Digest; readonly size: number };
  readonly sbom: Step;
  readonly signature: Step;
  /** `false`: the version was published before, with this very content, and nothing was missing. */
  readonly changed: boolean;
}

/** Something that is attached: new, or left by a run before. */
export interface Step {
  readonly digest: Digest;
  readonly status: "created" | "unchanged";
}

/** File name of the layer, for whoever pulls it. */
const TITLE = "compiled_artifacts.json";

/**
 * Publishes a compiled platform: content, SBOM, signature, and the version tag last, so that a version that can be seen is
 * complete. Every step is looked for before it is made: a run that was interrupted is finished by the same command.
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - the version is published with other content; nothing was sent
 */
export async function publishPlatform(
  { artifact: compiled, bytes }: Pick<CompiledPlatform, "artifact" | "bytes">,
  version: string,
  target: ArtifactTarget,
  opened: OpenedSigner,
  options: CallOptions,
): Promise<Published> {
  const { store } = target;
  const layer = {
    mediaType: COMPILED_MEDIA_TYPE,
    digest: digestOf(bytes),
    size: bytes.byteLength,
    annotations: { "org.opencontainers.image.title": TITLE },
  };
  const input = {
    mediaType: MEDIA_TYPES.ociManifest,
    bytes: new TextEncoder().encode(
      canonicalJson({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: COMPILED_MEDIA_TYPE,
        config: EMPTY_DESCRIPTOR,
        layers: [layer],
      }),
    ),
  };
  const digest = digestOf(input.bytes);
  checkArtifactTag(version, target.rules);
  const before = await heldBy(target, version, options.signal);
  if (before !== null && before !== digest) throw taken(version, before);
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  await store.putBlob(layer, bytes, options);
  const descriptor = await store.putManifest(input, options);
  const artifact = { descriptor, bytes: input.bytes };
  const signing = await import("@floe/signing");
  const found = await attachedBy(opened, artifact, store, options);
  const { signer } = opened;
  const sbomType = signing.CYCLONEDX_PREDICATE_TYPE;
  const sbom = await once(found.get(sbomType), async () => {
    const json = new TextEncoder().encode(canonicalJson(compiledSbom(compiled)));
    const predicate = { predicateType: sbomType, json, sbom: null };
    return await signing.attestArtifact({ store, artifact, predicate, signer }, options);
  });
  const signature = await once(found.get(signing.COSIGN_SIGN_PREDICATE_TYPE), async () =>
    signing.signArtifact({ store, artifact, signer }, options),
  );
  await writeTag(target, version, input, options.signal);
  const steps = [sbom, signature];
  const changed = before === null || steps.some(({ status }) => status === "created");
  const { digest: layerDigest, size } = layer;
  return { digest, compiled: { digest: layerDigest, size }, sbom, signature, changed };
}

async function once(
  left: Digest | undefined,
  make: () => Promise<{ readonly referrer: { readonly digest: Digest } }>,
): Promise<Step> {
  if (left !== undefined) return { digest: left, status: "unchanged" };
  return { digest: (await make()).referrer.digest, status: "created" };
}

/** What the same signer has attached to the artifact before: manifests by predicate type. */
async function attachedBy(
  { publicKey }: OpenedSigner,
  artifact: RawManifest,
  store: ArtifactStore,
  options: CallOptions,
): Promise<ReadonlyMap<string, Digest>> {
  const found = new Map<string, Digest>();
  // A certificate is made for one signature, so those of a run before cannot be told from somebody else's.
  if (publicKey === null) return found;
  const { createVerifier, hasSubject, parseStatement, readAttachedBundles } = await import(
    "@floe/signing"
  );
  const trusted: TrustedSigner[] = [{ method: "key", name: "signer", publicKey }];
  const verifier = createVerifier();
  const { bundles } = await readAttachedBundles({ store, subject: artifact }, options);
  for (const { bundle, referrer } of bundles) {
    const verdict = verifier.verifyBundle(bundle, trusted);
    const read = verdict.ok ? parseStatement(verdict.statement) : null;
    if (read?.ok && hasSubject(read.statement, artifact.descriptor.digest))
      found.set(read.statement.predicateType, referrer.digest);
  }
  return found;
}
