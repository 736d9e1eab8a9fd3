import { type FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor, RawManifest } from "@floe/core/model";
import type { ArtifactStore, BundleRefusal, CallOptions } from "@floe/core/ports";
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
  | {
      readonly kind: "broken";
      readonly referrer: Descriptor;
      readonly code: BundleRefusal;
      readonly reason: string;
    };

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
  /** Referrers that claim one of these predicate types are read first. A matter of speed: the claim is nobody's evidence. */
  readonly prefer?: ReadonlySet<string>;
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
    if (found.kind === "unread") throw found.error;
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
  /** The registry would not give it. */
  | { readonly kind: "unread"; readonly referrer: Descriptor; readonly error: FloeError }
  | { readonly kind: "omitted"; readonly count: number };

/** After so many that the registry would not give, it is in trouble, and asking on only adds to it. */
const MAX_UNREAD = 8;

/**
 * Reads referrers in the order of their promise, a few at a time, so that a caller who has found what it needs can
 * stop. One that cannot be read does not keep the others from being read.
 * @throws {FloeError} what the store throws when the list cannot be had, or nothing of it
 */
export async function* walkReferrers(
  input: ReadBundlesInput,
  options: CallOptions,
): AsyncGenerator<WalkedReferrer> {
  const { store, subject, prefer } = input;
  const listed = await store.referrers(subject.descriptor.digest, {
    ...options,
    unread: true,
  });
  const unique = [...new Map(listed.map((descriptor) => [descriptor.digest, descriptor])).values()];
  const ranked = unique
    .map((descriptor) => ({ descriptor, rank: rankOf(descriptor, prefer) }))
    .sort((a, b) => a.rank - b.rank);
  const read = ranked.slice(0, MAX_REFERRERS);
  let unread = 0;
  for (const rank of [0, 1, 2]) {
    const group = read.filter((entry) => entry.rank === rank);
    for (let start = 0; start < group.length; start += CONCURRENCY) {
      const batch = group.slice(start, start + CONCURRENCY);
      const results = await Promise.all(
        batch.map(({ descriptor }) => readReferrer(store, subject, descriptor, options)),
      );
      yield* results.filter((result) => result.kind !== "unread");
      for (const result of results) {
        if (result.kind !== "unread") continue;
        unread += 1;
        if (unread >= MAX_UNREAD) throw result.error;
        yield result;
      }
    }
  }
  const count = ranked.length - read.length;
  if (count > 0) yield { kind: "omitted", count };
}

/**
 * 0: claims the wanted predicate type. 1: claims nothing, as in the fallback indexes that cosign 3.1 writes. 2: claims
 * another one.
 */
function rankOf({ annotations }: Descriptor, wanted: ReadonlySet<string> | undefined): 0 | 1 | 2 {
  const claimed = annotations?.["dev.sigstore.bundle.predicateType"];
  if (claimed === undefined) return 1;
  return wanted?.has(claimed) === true ? 0 : 2;
}

async function readReferrer(
  store: ArtifactStore,
  subject: RawManifest,
  referrer: Descriptor,
  { signal }: CallOptions,
): Promise<Exclude<WalkedReferrer, { kind: "omitted" }>> {
  try {
    const manifest = await store.getManifest(referrer.digest, { signal });
    if (manifest === null) return broken("it is listed, but not in the registry");
    const read = readReferrerManifest(manifest.bytes, subject.descriptor.digest);
    if (read.kind !== "bundle") return { ...read, referrer };
    const bundle = await store.getBlob(read.layer, { signal, maxBytes: MAX_BUNDLE_BYTES });
    return { kind: "bundle", referrer, annotations: read.annotations, bundle };
  } catch (error) {
    signal.throwIfAborted();
    if (!isFloeError(error)) throw error;
    if (isFloeError(error, "FLOE_REGISTRY_LIMIT_EXCEEDED"))
      return broken(error.message, "LIMIT_EXCEEDED");
    return isOfThisReferrer(error) ? broken(error.message) : { kind: "unread", referrer, error };
  }

  function broken(reason: string, code: BundleRefusal = "MALFORMED_BUNDLE"): OtherReferrer {
    return { kind: "broken", referrer, code, reason };
  }
}

/** Faults of one object. Everything else is trouble with the registry, after which "none" would be a guess. */
function isOfThisReferrer(error: FloeError): boolean {
  return (
    isFloeError(error, "FLOE_ARTIFACT_NOT_FOUND") || isFloeError(error, "FLOE_DIGEST_MISMATCH")
  );
}
