import { isFloeError } from "@floe/core/errors";
import type { Descriptor, RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { MAX_BUNDLE_BYTES } from "../bundle/parse-bundle.ts";
import { readReferrerManifest } from "./referrer-manifest.ts";

/** The most referrers of one artifact that are read. */
export const MAX_REFERRERS = 200;
const CONCURRENCY = 8;

/** A bundle that is attached to an artifact; nothing of it is verified. */
export interface AttachedBundle {
  readonly kind: "bundle";
  readonly referrer: Descriptor;
  /** The referrer manifest's annotations; self-declared. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly bundle: Uint8Array;
}

/** A referrer without a readable bundle. */
export type OtherReferrer =
  | { readonly kind: "other"; readonly referrer: Descriptor; readonly artifactType: string | null }
  | { readonly kind: "broken"; readonly referrer: Descriptor; readonly reason: string };

/** Everything that {@link readAttachedBundles} found. */
export interface AttachedBundles {
  readonly bundles: readonly AttachedBundle[];
  readonly others: readonly OtherReferrer[];
  /** How many referrers were not read, because there are more than {@link MAX_REFERRERS}. Not zero: do not conclude "none". */
  readonly omitted: number;
}

/** What to read. */
export interface ReadBundlesInput {
  readonly store: ArtifactStore;
  readonly subject: RawManifest;
  /** Referrers that claim this predicate type are read first. A matter of speed: the claim is nobody's evidence. */
  readonly preferPredicateType?: string;
}

/**
 * Reads all sigstore bundles that are attached to an artifact. A referrer that is broken, missing, too large or of
 * another kind is listed apart and never hides the others.
 * @throws {FloeError} what the store throws when the registry is in trouble: then nothing is known
 */
export async function readAttachedBundles(
  input: ReadBundlesInput,
  options: CallOptions,
): Promise<AttachedBundles> {
  const bundles: AttachedBundle[] = [];
  const others: OtherReferrer[] = [];
  let omitted = 0;
  for await (const found of walkReferrers(input, options)) {
    if (found.kind === "bundle") bundles.push(found);
    else if (found.kind === "omitted") omitted = found.count;
    else others.push(found);
  }
  return { bundles, others, omitted };
}

/** One step of {@link walkReferrers}. */
export type WalkedReferrer =
  | AttachedBundle
  | OtherReferrer
  | { readonly kind: "omitted"; readonly count: number };

/**
 * Reads referrers in the order of their promise, a few at a time, so that a caller who has found what it needs can
 * stop. Trouble with some referrers of a batch is thrown only after the others of the batch were given.
 */
export async function* walkReferrers(
  input: ReadBundlesInput,
  options: CallOptions,
): AsyncGenerator<WalkedReferrer> {
  const { store, subject, preferPredicateType } = input;
  const listed = await store.referrers(subject.descriptor.digest, options);
  const unique = [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const ranked = unique
    .map((descriptor) => ({ descriptor, rank: rankOf(descriptor, preferPredicateType) }))
    .sort((a, b) => a.rank - b.rank);
  const read = ranked.slice(0, MAX_REFERRERS);
  for (const rank of [0, 1, 2]) {
    const group = read.filter((entry) => entry.rank === rank);
    for (let start = 0; start < group.length; start += CONCURRENCY) {
      const batch = group.slice(start, start + CONCURRENCY);
      const results = await Promise.allSettled(
        batch.map(({ descriptor }) => readReferrer(store, subject, descriptor, options)),
      );
      for (const result of results) if (result.status === "fulfilled") yield result.value;
      for (const result of results) if (result.status === "rejected") throw result.reason;
    }
  }
  const count = ranked.length - read.length;
  if (count > 0) yield { kind: "omitted", count };
}

/**
 * 0: claims the wanted predicate type. 1: claims nothing, as in the fallback indexes that cosign 3.1 writes. 2: claims
 * another one.
 */
function rankOf({ annotations }: Descriptor, wanted: string | undefined): 0 | 1 | 2 {
  const claimed = annotations?.["dev.sigstore.bundle.predicateType"];
  if (claimed === undefined) return 1;
  return claimed === wanted ? 0 : 2;
}

async function readReferrer(
  store: ArtifactStore,
  subject: RawManifest,
  referrer: Descriptor,
  { signal }: CallOptions,
): Promise<AttachedBundle | OtherReferrer> {
  try {
    const manifest = await store.getManifest(referrer.digest, { signal });
    if (manifest === null)
      return { kind: "broken", referrer, reason: "it is listed, but not in the registry" };
    const read = readReferrerManifest(manifest.bytes, subject.descriptor.digest);
    if (read.kind !== "bundle") return { ...read, referrer };
    const bundle = await store.getBlob(read.layer, { signal, maxBytes: MAX_BUNDLE_BYTES });
    return { kind: "bundle", referrer, annotations: read.annotations, bundle };
  } catch (error) {
    if (!isOfThisReferrer(error)) throw error;
    return { kind: "broken", referrer, reason: error.message };
  }
}

/** Faults of one object. Everything else is trouble with the registry, after which "none" would be a guess. */
function isOfThisReferrer(error: unknown): error is Error {
  return (
    isFloeError(error, "FLOE_ARTIFACT_NOT_FOUND") ||
    isFloeError(error, "FLOE_DIGEST_MISMATCH") ||
    isFloeError(error, "FLOE_REGISTRY_LIMIT_EXCEEDED")
  );
}
