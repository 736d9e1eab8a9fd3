import { FloeError, isFloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, digestHex, MEDIA_TYPES } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { saysImmutable } from "./answer-error.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import { readDescriptor, readManifestJson } from "./manifest-json.ts";
import type { Manifests } from "./manifests.ts";

const MAX_ROUNDS = 40;
/** So often in a row everything must be found before it counts. */
const STABLE_ROUNDS = 2;
const SHORTEST_ROUND_TRIP_MS = 1;
const LONGEST_ROUND_TRIP_MS = 500;

/** The index that stands in for the referrers API, under a tag made of the subject's digest. */
export interface FallbackIndex {
  read(subject: Digest, options: CallOptions): Promise<Descriptor[]>;
  /** Adds an entry, and comes back when it is there to stay. */
  add(subject: Digest, entry: Descriptor, options: CallOptions): Promise<void>;
}

/** The tag of a subject's index (distribution-spec, "Referrers Tag Schema"). */
function fallbackTag(subject: Digest): string {
  const algorithm = subject.slice(0, subject.indexOf(":"));
  return `${algorithm}-${digestHex(subject).slice(0, 64)}`;
}

/** Makes the fallback index of a repository. */
export function createFallbackIndex(client: RegistryClient, manifests: Manifests): FallbackIndex {
  /** Writers of one process take turns; the loop below is for those of others. */
  const turns = new Map<Digest, Promise<void>>();

  /** Entries by digest, as they stand there: what others wrote is kept, whatever floe knows of it. */
  async function readEntries(
    subject: Digest,
    options: CallOptions,
  ): Promise<Map<Digest, Descriptor>> {
    const tag = fallbackTag(subject);
    const found = await manifests.get(tag, options);
    // GitLab resolves the tag as if it were the digest and gives the subject itself.
    if (found === null || found.descriptor.digest === subject) return new Map();
    const json = readManifestJson(found.bytes);
    const { mediaType } = found.descriptor;
    if (mediaType !== MEDIA_TYPES.ociIndex || json?.schemaVersion !== 2 || json.subject !== null) {
      throw invalid(client, tag, `is not an index of referrers but ${mediaType}`);
    }
    const entries = new Map<Digest, Descriptor>();
    for (const value of json.manifests ?? []) {
      const descriptor = readDescriptor(value);
      if (descriptor === null) throw invalid(client, tag, "has an entry that is no descriptor");
      // A subject that lists itself would send every walk in a circle.
      if (descriptor.digest === subject) continue;
      entries.set(descriptor.digest, { ...(value as Descriptor), ...descriptor });
    }
    return entries;
  }

  async function write(
    subject: Digest,
    entries: ReadonlyMap<Digest, Descriptor>,
    options: CallOptions,
  ): Promise<void> {
    const sorted = [...entries.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: sorted };
    const bytes = new TextEncoder().encode(JSON.stringify(index));
    const tag = fallbackTag(subject);
    try {
      const manifest = { bytes, mediaType: MEDIA_TYPES.ociIndex };
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
   * Merges until the index holds all that this loop ever saw, twice in a row, with random pauses in between.
   * Nothing guards the tag, so a rival's write may undo ours: whoever sees an entry missing writes it again.
   */
  async function mergeAndVerify(
    subject: Digest,
    entry: Descriptor,
    options: CallOptions,
  ): Promise<void> {
    const seen = new Map<Digest, Descriptor>([[entry.digest, entry]]);
    let stable = 0;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const started = client.monotonicMs();
      const found = await readEntries(subject, options);
      const missing = [...seen.keys()].some((digest) => !found.has(digest));
      for (const [digest, descriptor] of found) seen.set(digest, descriptor);
      if (missing) {
        stable = 0;
        await write(subject, seen, options);
      } else {
        stable += 1;
        if (stable === STABLE_ROUNDS) return;
      }
      const elapsed = client.monotonicMs() - started;
      const trip = Math.min(Math.max(elapsed, SHORTEST_ROUND_TRIP_MS), LONGEST_ROUND_TRIP_MS);
      await client.clock.sleep(2 * trip + client.random() * 4 * trip * (1 + round), options);
    }
    throw new FloeError({
      code: "FLOE_REGISTRY_UNAVAILABLE",
      message: `${client.location.name}: the list of referrers of ${subject} did not come to rest in ${MAX_ROUNDS} rounds`,
      hint: "Too many writers attach to the same artifact at once; try again.",
      details: { retryable: false },
    });
  }

  return {
    async read(subject, options) {
      const entries = await readEntries(subject, options);
      return [...entries.values()].flatMap((value) => readDescriptor(value) ?? []);
    },

    async add(subject, entry, options) {
      const before = turns.get(subject) ?? Promise.resolve();
      const mine = before.then(() => mergeAndVerify(subject, entry, options));
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

function invalid(client: RegistryClient, tag: string, reason: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${client.location.name}:${tag} ${reason}`,
    hint: "The tag belongs to the list of an artifact's referrers; something else was put there.",
  });
}
