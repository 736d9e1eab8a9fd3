import type { ArtifactStore } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { type Digest, evidenceTag, isInternalTag, recordTag, summaryTag } from "@floe/core/model";

/** How many tags are looked at, or events copied, at a time. */
const AT_ONCE = 8;

const LEDGER = /^floe-(?:ledger|ev)\./;
const OPERATION = ["dev.floe.promotion.id", "dev.floe.rollback.id"];

/** What {@link copyPromotions} brought along. */
export interface CopiedPromotions {
  /** Tags of what was copied: versions, environments, latest, rollbacks, records, summaries. */
  readonly tags: readonly string[];
  /** Events of all ledgers. */
  readonly events: number;
}

/**
 * Says whether a copy there is one to look at only. A ledger in another registry could be written on, and then there were
 * two of the same.
 * @throws {FloeError} FLOE_USAGE_INVALID - the destination is a registry
 */
export function refuseLiveCopy(to: Pick<ArtifactStore, "repository">): void {
  if (/^oci-(?:layout|archive):/.test(to.repository)) return;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message:
      "--with-promotions copies to a folder or an archive, and the destination is a registry",
    hint: "Name oci-layout:DIR or oci-archive:FILE. In another registry, promote there instead.",
  });
}

/**
 * Copies what proves promotions of artifacts that are at the destination already: the tags that hold them, the tags of
 * their records, and the ledgers of all environments, byte for byte. Tags come last.
 */
export async function copyPromotions(
  from: ArtifactStore,
  to: ArtifactStore,
  digests: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<CopiedPromotions> {
  const { copyArtifact, inParallel } = await import("@floe/oci");
  const listed = await from.listTags({ signal });
  const ledger = listed.filter((tag) => LEDGER.test(tag)).sort();
  const copy = async (tag: string, stop: AbortSignal): Promise<void> => {
    const tags = [{ tag, mutable: tag.startsWith("latest-") }];
    await copyArtifact({ from, to, reference: tag, tags, referrers: false }, { signal: stop });
  };
  await inParallel(ledger, { limit: AT_ONCE, signal }, copy);
  const candidates = [
    ...listed.filter((tag) => !isInternalTag(tag)),
    ...(await operationTags(from, digests, signal)).filter((tag) => listed.includes(tag)),
  ].sort();
  const wanted: string[] = [];
  await inParallel(candidates, { limit: AT_ONCE, signal }, async (tag, stop) => {
    const found = isInternalTag(tag) ? null : await from.resolve(tag, { signal: stop });
    if (isInternalTag(tag) || (found && digests.has(found.digest))) wanted.push(tag);
  });
  wanted.sort();
  for (const tag of wanted) await copy(tag, signal);
  return { tags: wanted, events: ledger.filter((tag) => tag.startsWith("floe-ev.")).length };
}

/** Tags of records, summaries and evidence of artifacts. Annotations only say where to look: what is there is verified later. */
async function operationTags(
  from: ArtifactStore,
  digests: ReadonlySet<Digest>,
  signal: AbortSignal,
): Promise<string[]> {
  const tags: string[] = [];
  for (const digest of digests)
    for (const { digest: referrer, annotations } of await from.referrers(digest, { signal })) {
      if (annotations?.["dev.floe.gate"] !== undefined) tags.push(evidenceTag(referrer));
      for (const operation of OPERATION.map((key) => annotations?.[key]))
        if (operation !== undefined) tags.push(recordTag(operation), summaryTag(operation));
    }
  return [...new Set(tags)];
}
