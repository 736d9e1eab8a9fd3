import { type ArtifactStore, FloeError } from "@floe/core";
import type { Descriptor, Digest } from "@floe/core/model";

const MAX_REFERRERS = 10_000;

/** An attached manifest with what is attached to it. */
export interface ReferrerNode {
  readonly subject: Digest;
  readonly descriptor: Descriptor;
  /** Empty where it was not asked for. */
  readonly referrers: readonly ReferrerNode[];
}

/** What {@link listReferrers} looks for. */
export interface ReferrerQuery {
  readonly artifactType: string | undefined;
  /** Also what is attached to what is attached, and so on. */
  readonly recursive: boolean;
  readonly signal: AbortSignal;
}

/**
 * Lists what is attached to a digest.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than 10 000
 */
export async function listReferrers(
  store: ArtifactStore,
  digest: Digest,
  { artifactType, recursive, signal }: ReferrerQuery,
): Promise<ReferrerNode[]> {
  const seen = new Set<Digest>([digest]);
  async function below(subject: Digest): Promise<ReferrerNode[]> {
    const nodes: ReferrerNode[] = [];
    for (const descriptor of await store.referrers(subject, { signal })) {
      if (artifactType !== undefined && descriptor.artifactType !== artifactType) continue;
      // A registry that lists an artifact below itself would make this go on for ever.
      if (seen.has(descriptor.digest)) continue;
      seen.add(descriptor.digest);
      if (seen.size > MAX_REFERRERS) throw tooMany(digest);
      nodes.push({
        subject,
        descriptor,
        referrers: recursive ? await below(descriptor.digest) : [],
      });
    }
    return nodes;
  }
  return await below(digest);
}

function tooMany(digest: Digest): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `${digest} has more than ${MAX_REFERRERS} manifests attached to it`,
    hint: "Ask for one kind with --artifact-type.",
  });
}
