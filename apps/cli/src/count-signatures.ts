import type { ArtifactStore, CallOptions } from "@floe/core";
import { type Descriptor, type Digest, digestHex } from "@floe/core/model";
import { readArtifact } from "./read-artifact.ts";

const SIGNATURE_TYPES = new Set([
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  "application/vnd.cncf.notary.signature",
]);
const SIGNED = "https://sigstore.dev/cosign/sign/v1";

/**
 * Counts the signatures of a digest: what is attached as one, and what cosign 2 keeps under a tag. Whether any of them is
 * valid is another question; see `floe artifact verify`.
 */
export async function countSignatures(
  store: ArtifactStore,
  digest: Digest,
  referrers: readonly Descriptor[],
  options: CallOptions,
): Promise<number> {
  const attached = referrers.filter(
    ({ artifactType, annotations }) =>
      SIGNATURE_TYPES.has(artifactType ?? "") ||
      annotations?.["dev.sigstore.bundle.predicateType"] === SIGNED,
  );
  if (!digest.startsWith("sha256:")) return attached.length;
  const tagged = await store.getManifest(`sha256-${digestHex(digest)}.sig`, options);
  return attached.length + (tagged === null ? 0 : readArtifact(tagged).layers.length);
}
