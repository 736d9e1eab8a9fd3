import { isFloeError } from "../../errors/index.ts";
import type { AttestationRule } from "../../manifest/manifest.ts";
import type { Descriptor } from "../../model/descriptor.ts";
import type { Digest } from "../../model/digest.ts";
import type { ArtifactStore, CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { readRecord, type VerifiedRecord } from "../../promotion/read-record.ts";

/** So many are looked at, the newest as they say; anybody who can push can attach more. */
const MAX_CANDIDATES = 32;

/** Where attestations are looked for, and whose count. */
export interface AttestationPlace {
  readonly artifact: Digest;
  readonly signers: readonly TrustedSigner[];
  readonly stores: readonly ArtifactStore[];
}

/** A verified attestation, and the time by the clock of the registry that it comes from. */
export interface ReadAttestation {
  readonly read: VerifiedRecord;
  readonly now: Date;
}

/**
 * Reads the attestations of a rule's type about an artifact that its signers have signed. Annotations say only where to look: a
 * statement may still be of another type. What cannot be believed is told in `why`, one sentence each.
 */
export async function readAttestations(
  rule: AttestationRule,
  { artifact, signers, stores }: AttestationPlace,
  context: Pick<FloeContext, "verifier">,
  options: CallOptions,
): Promise<{ readonly found: readonly ReadAttestation[]; readonly why: string[] }> {
  const why: string[] = [];
  const found = new Map<Digest, ReadAttestation>();
  for (const store of new Set(stores)) {
    const listed = (await store.referrers(artifact, options))
      .filter(
        ({ annotations }) =>
          annotations?.["dev.sigstore.bundle.predicateType"] === rule.predicateType,
      )
      .toSorted((a, b) => createdOf(b).localeCompare(createdOf(a)))
      .slice(0, MAX_CANDIDATES);
    for (const { digest } of listed) {
      if (found.has(digest)) continue;
      try {
        const embedded = { ...options, embedded: true };
        const read = await readRecord(digest, artifact, signers, { ...context, store }, embedded);
        if (!read) continue;
        if (read.predicateType === rule.predicateType)
          found.set(digest, { read, now: store.now() });
        else why.push(`${digest}: it is a ${read.predicateType}`);
      } catch (cause) {
        if (!isFloeError(cause, "FLOE_RECORD_INVALID")) throw cause;
        why.push(cause.message);
      }
    }
  }
  return { found: [...found.values()], why };
}

function createdOf({ annotations }: Descriptor): string {
  return annotations?.["org.opencontainers.image.created"] ?? "";
}
