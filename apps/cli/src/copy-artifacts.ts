import type { ArtifactStore } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { classifyTag, isInternalTag, isMutableTag } from "@floe/core/model";
import type { CopyProgress, CopyReport } from "@floe/oci";
import { type CopiedPromotions, copyPromotions, refuseLiveCopy } from "./copy-promotions.ts";
import { globMatcher } from "./glob-matcher.ts";
import { type ArtifactTarget, checkArtifactTag, isReserved } from "./open-artifact.ts";

/** What `artifact copy` was asked for. */
export interface CopyInput {
  readonly source: ArtifactTarget;
  readonly destination: ArtifactTarget;
  /** `--tag`, as often as given. */
  readonly tags: readonly string[];
  /** `--all-tags`. */
  readonly allTags: string | undefined;
  /** `--platform`. */
  readonly platform: string | undefined;
  readonly referrers: boolean;
  /** `--with-promotions`. */
  readonly promotions: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: CopyProgress) => void;
}

/** One artifact that was copied. */
export interface Copied {
  /** What it was called at the source. */
  readonly reference: string;
  readonly report: CopyReport;
}

/** What was copied, and tags that were left out because only promotions write them. */
export interface CopyResult {
  readonly copies: readonly Copied[];
  readonly reserved: readonly string[];
  /** With `--with-promotions`. */
  readonly promotions: CopiedPromotions | null;
}

/**
 * Copies one artifact, or every tag that matches. Tags are looked at before anything is copied.
 * @throws {FloeError} FLOE_USAGE_INVALID - nothing is named, or a flag does not go with another
 * @throws {FloeError} FLOE_TAG_RESERVED - a tag to give belongs to promotions or to floe's own data
 */
export async function copyArtifacts(input: CopyInput): Promise<CopyResult> {
  const { copyArtifact, parsePlatform } = await import("@floe/oci/copy");
  const { source, destination, signal, onProgress } = input;
  const platform = input.platform === undefined ? {} : { platform: parsePlatform(input.platform) };
  if (input.promotions) refuseLiveCopy(destination.store);
  const { wanted, reserved } = await whatToCopy(input);
  if (!input.promotions)
    for (const { tags } of wanted) for (const tag of tags) checkArtifactTag(tag, destination.rules);
  const copies: Copied[] = [];
  for (const { reference, tags } of wanted) {
    const report = await copyArtifact(
      {
        from: source.store,
        to: destination.store,
        reference,
        tags: tags.map((tag) => ({ tag, mutable: isMutableTag(tag, destination.rules) })),
        referrers: input.referrers,
        ...platform,
      },
      { signal, onProgress },
    );
    copies.push({ reference, report });
  }
  const digests = new Set(copies.map(({ report }) => report.digest));
  const promotions = input.promotions
    ? await copyPromotions(source.store, destination.store, digests, signal)
    : null;
  await destination.save();
  return { copies, reserved: promotions ? [] : reserved, promotions };
}

interface Wanted {
  readonly reference: string;
  readonly tags: readonly string[];
}

async function whatToCopy(
  input: CopyInput,
): Promise<{ readonly wanted: readonly Wanted[]; readonly reserved: readonly string[] }> {
  const { source, destination, tags, allTags, signal } = input;
  if (input.promotions && (tags.length > 0 || !input.referrers || input.platform !== undefined))
    throw usage(
      "--with-promotions takes everything as it is, and --tag, --platform or --no-referrers is given",
      "Leave the other flag out.",
    );
  if (allTags === undefined) {
    const { reference } = source;
    if (reference === null)
      throw usage(
        "the source has neither a tag nor a digest",
        "Add :TAG to it, or give --all-tags '*'.",
      );
    if (input.promotions) return { wanted: [{ reference, tags: [] }], reserved: [] };
    const given = [...new Set([...(destination.tag === null ? [] : [destination.tag]), ...tags])];
    const kept = source.tag === null || source.tag !== reference ? [] : [source.tag];
    return { wanted: [{ reference, tags: given.length > 0 ? given : kept }], reserved: [] };
  }
  if (source.reference !== null || destination.reference !== null || tags.length > 0)
    throw usage(
      "--all-tags keeps the tags as they are, and another tag is given",
      "Name both sides without a tag, and leave --tag out.",
    );
  const matches = globMatcher(allTags);
  const found = (await listTags(source.store, signal)).filter(matches);
  if (found.length === 0)
    throw new FloeError({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: `${source.store.repository} has no tag that matches ${JSON.stringify(allTags)}`,
      hint: "See what is there: floe artifact list -r URI",
    });
  const isTheirs = (tag: string): boolean => isReserved(classifyTag(tag, destination.rules).kind);
  return {
    wanted: found.filter((tag) => !isTheirs(tag)).map((tag) => ({ reference: tag, tags: [tag] })),
    reserved: found.filter(isTheirs),
  };
}

async function listTags(store: ArtifactStore, signal: AbortSignal): Promise<string[]> {
  const tags = await store.listTags({ signal });
  return tags.filter((tag) => !isInternalTag(tag)).sort();
}

function usage(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_USAGE_INVALID", message, hint });
}
