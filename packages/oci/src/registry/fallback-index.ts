import { FloeError, isFloeError } from "@floe/core/errors";
import type { Descriptor, Digest, RawManifest } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { inParallel } from "../in-parallel.ts";
import { saysImmutable } from "./answer-error.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import {
  describeReferrer,
  fallbackTag,
  makeFallbackIndex,
  readFallbackIndex,
} from "./fallback-manifest.ts";
import { readManifestJson } from "./manifest-json.ts";
import type { Manifests } from "./manifests.ts";

const MAX_ROUNDS = 40;
/** So often in a row everything must be found before it counts. */
const STABLE_ROUNDS = 2;
/** So often where others were seen to write at the same time. */
const CONTENDED_ROUNDS = 4;
/** So often the list is written where the registry shows something else under its tag. */
const MAX_HIDDEN_WRITES = 3;
/** The most entries of one list, each of which is fetched, and how many at a time. */
const MAX_ENTRIES = 2000;
const WIDTH = 6;
/** Manifests that were fetched already; beyond that they are fetched again. */
const MAX_JUDGED = 10_000;
/** So often in a row a list that cannot be read is looked at again later, though the repetitions of one request are used up. */
const MAX_TROUBLED_ROUNDS = 1;
/** So long, and of so many bytes, they are kept for who asks next; later than that the registry is asked again. */
const RECALLED_FOR_MS = 2000;
const MAX_RECALLED_BYTES = 4 * 1024 * 1024;
const SHORTEST_ROUND_TRIP_MS = 1;
const LONGEST_ROUND_TRIP_MS = 500;

interface FoundList {
  readonly entries: Map<Digest, Descriptor>;
  /** Under the tag is the subject itself. */
  readonly isSubject: boolean;
}

interface Judged {
  readonly subject: Digest | null;
  readonly entry: Descriptor;
}

/** The index that stands in for the referrers API, under a tag made of the subject's digest. */
export interface FallbackIndex {
  /** The entries whose manifests are there and have this subject, as the manifests describe themselves. */
  read(subject: Digest, options: CallOptions): Promise<Descriptor[]>;
  /** The entries as they stand there, or as their manifests describe themselves where those were read before. */
  list(subject: Digest, options: CallOptions): Promise<Descriptor[]>;
  /** Gives a manifest that was just fetched to judge a list, once: whoever asked for the list reads it next. */
  recall(digest: Digest): RawManifest | null;
  /** Adds entries, and comes back when they are there to stay. */
  add(subject: Digest, entries: readonly Descriptor[], options: CallOptions): Promise<void>;
}

/** Makes the fallback index of a repository. */
export function createFallbackIndex(client: RegistryClient, manifests: Manifests): FallbackIndex {
  /** Writers of one process take turns; the loop below is for those of others. */
  const turns = new Map<Digest, Promise<void>>();
  const judged = new Map<Digest, Judged>();
  const fresh = new Map<Digest, { readonly raw: RawManifest; readonly fetchedMs: number }>();
  let freshBytes = 0;

  function keepFresh(raw: RawManifest): void {
    if (freshBytes + raw.bytes.byteLength > MAX_RECALLED_BYTES) {
      fresh.clear();
      freshBytes = 0;
    }
    fresh.set(raw.descriptor.digest, { raw, fetchedMs: client.monotonicMs() });
    freshBytes += raw.bytes.byteLength;
  }

  /** What is under the tag: the entries as they stand there, whatever floe knows of them. */
  async function readList(subject: Digest, options: CallOptions): Promise<FoundList> {
    const tag = fallbackTag(subject);
    const found = await manifests.get(tag, options);
    if (found === null) return { entries: new Map(), isSubject: false };
    // GitLab resolves the tag as if it were the digest and gives the subject itself.
    if (found.descriptor.digest === subject) return { entries: new Map(), isSubject: true };
    const entries = readFallbackIndex(found, `${client.location.name}:${tag}`);
    // A subject that lists itself would send every walk in a circle.
    entries.delete(subject);
    return { entries, isSubject: false };
  }

  async function readEntries(
    subject: Digest,
    options: CallOptions,
  ): Promise<ReadonlyMap<Digest, Descriptor>> {
    const { entries } = await readList(subject, options);
    if (entries.size > MAX_ENTRIES) throw tooMany(client, subject, entries.size);
    return entries;
  }

  /** Reads what a list says of a manifest out of the manifest itself; `null`: it is gone. */
  async function judge(digest: Digest, options: CallOptions): Promise<Judged | null> {
    const before = judged.get(digest);
    if (before !== undefined) return before;
    const found = await manifests.get(digest, options);
    const json = found === null ? null : readManifestJson(found.bytes);
    if (found === null || json === null) return null;
    const subject = json.subject?.digest ?? null;
    const now = { subject, entry: describeReferrer(found.descriptor, json) };
    // Content never changes under a digest.
    if (judged.size < MAX_JUDGED) judged.set(digest, now);
    keepFresh(found);
    return now;
  }

  async function write(
    subject: Digest,
    entries: ReadonlyMap<Digest, Descriptor>,
    options: CallOptions,
  ): Promise<void> {
    const manifest = makeFallbackIndex(entries.values());
    const tag = fallbackTag(subject);
    try {
      await client.retry(options.signal, () => manifests.putOnce(tag, manifest, options));
    } catch (error) {
      if (!isFloeError(error) || !saysImmutable(error)) throw error;
      throw new FloeError({
        code: "FLOE_TAG_IMMUTABLE",
        message: `the registry does not let the tag ${tag} be changed, which lists an artifact's referrers: ${error.message}`,
        hint: "Exclude sha256-* from the registry's rule for immutable tags.",
        cause: error,
      });
    }
  }

  /**
   * Merges until the index holds all that this loop ever saw, often enough in a row, with random pauses in between.
   * Nothing guards the tag, so a rival's write may undo ours: whoever sees an entry missing writes it again.
   */
  async function mergeAndVerify(
    subject: Digest,
    added: readonly Descriptor[],
    options: CallOptions,
  ): Promise<void> {
    const seen = new Map<Digest, Descriptor>(added.map((entry) => [entry.digest, entry]));
    let stable = 0;
    let needed = STABLE_ROUNDS;
    let writes = 0;
    let troubled = 0;
    const pause = async (round: number, started: number): Promise<void> => {
      const elapsed = client.monotonicMs() - started;
      const trip = Math.min(Math.max(elapsed, SHORTEST_ROUND_TRIP_MS), LONGEST_ROUND_TRIP_MS);
      await client.clock.sleep(2 * trip + client.random() * 4 * trip * (1 + round), options);
    };
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const started = client.monotonicMs();
      const found = await readList(subject, options).catch((error: unknown) => {
        // docker-registry answers so while the tag is being written, which here it is all the time.
        if (troubled === MAX_TROUBLED_ROUNDS || !isServerError(error)) throw error;
        return null;
      });
      if (found === null) {
        troubled += 1;
        stable = 0;
        await pause(round, started);
        continue;
      }
      troubled = 0;
      const { entries, isSubject } = found;
      if (isSubject && writes === MAX_HIDDEN_WRITES) throw hidden(client, subject);
      const missing = [...seen.keys()].some((digest) => !entries.has(digest));
      const grown = [...entries.keys()].some((digest) => !seen.has(digest));
      // Somebody else is writing: one of them may still hold what it read before ours was there.
      if (round > 0 && (missing || grown)) needed = CONTENDED_ROUNDS;
      for (const [digest, descriptor] of entries) seen.set(digest, descriptor);
      if (missing) {
        stable = 0;
        writes += 1;
        await write(subject, seen, options);
      } else {
        stable += 1;
        if (stable >= needed) return;
      }
      await pause(round, started);
    }
    throw new FloeError({
      code: "FLOE_REGISTRY_UNAVAILABLE",
      message: `${client.location.name}: the list of referrers of ${subject} did not come to rest in ${MAX_ROUNDS} rounds`,
      hint: "Too many writers attach to the same artifact at once; try again.",
      details: { retryable: false },
    });
  }

  return {
    recall(digest) {
      const kept = fresh.get(digest);
      if (kept === undefined) return null;
      fresh.delete(digest);
      freshBytes -= kept.raw.bytes.byteLength;
      return client.monotonicMs() - kept.fetchedMs < RECALLED_FOR_MS ? kept.raw : null;
    },

    async list(subject, options) {
      const entries = await readEntries(subject, options);
      return [...entries].flatMap(([digest, entry]) => {
        const known = judged.get(digest);
        if (known === undefined) return [entry];
        return known.subject === subject ? [known.entry] : [];
      });
    },

    async read(subject, options) {
      const entries = await readEntries(subject, options);
      const all = { limit: WIDTH, signal: options.signal };
      const found = await inParallel([...entries.keys()], all, (digest) => judge(digest, options));
      return found.flatMap((one) => (one?.subject === subject ? [one.entry] : []));
    },

    async add(subject, added, options) {
      const before = turns.get(subject) ?? Promise.resolve();
      const mine = before.then(() => mergeAndVerify(subject, added, options));
      const settled = mine.catch(() => {});
      turns.set(subject, settled);
      try {
        await mine;
      } finally {
        if (turns.get(subject) === settled) turns.delete(subject);
      }
    },
  };
}

function isServerError(error: unknown): boolean {
  return isFloeError(error) && error.details?.["status"] === 500;
}

function hidden(client: RegistryClient, subject: Digest): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${client.location.name}: the registry gives the artifact itself for the tag ${fallbackTag(subject)}, so that its referrers cannot be listed there`,
    hint: "GitLab does so. What was attached is stored, and is found by its own tag if it has one.",
    details: { retryable: false },
  });
}

function tooMany(client: RegistryClient, subject: Digest, count: number): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `${client.location.name}:${fallbackTag(subject)} lists ${count} referrers; floe reads at most ${MAX_ENTRIES}`,
    hint: "Somebody attaches too much to the artifact; each entry has to be fetched to be believed.",
  });
}
