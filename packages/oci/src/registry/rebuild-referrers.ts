import { FloeError, type FloeErrorCode, isFloeError } from "@floe/core/errors";
import { type Digest, isDigest, MEDIA_TYPES, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { inParallel } from "../in-parallel.ts";
import {
  fallbackTag,
  isFallbackTag,
  makeFallbackIndex,
  readFallbackIndex,
} from "./fallback-manifest.ts";
import { readDescriptor, readManifestJson } from "./manifest-json.ts";

const WIDTH = 6;
const MAX_MANIFESTS = 100_000;
/** So often a list is read again because somebody wrote it meanwhile. */
const MAX_ROUNDS = 10;

/** One entry of a list of referrers. */
export interface ReferrerLink {
  readonly subject: Digest;
  readonly digest: Digest;
}

/** What {@link rebuildReferrers} did. */
export interface RebuildReport {
  /** How many artifacts have referrers, or a list of them. */
  readonly subjects: number;
  /** Attached manifests that were not listed and now are. */
  readonly added: readonly ReferrerLink[];
  /** Entries that were taken out because their manifests are gone. */
  readonly dropped: readonly ReferrerLink[];
  /** How many entries were there and stay. */
  readonly kept: number;
  /** Manifests that could not be read, and what they may be attached to is therefore not known. */
  readonly unreadable: readonly { readonly reference: string; readonly code: FloeErrorCode }[];
}

/**
 * Makes the lists of referrers right again on a registry without the referrers API, where a list is a tag that any
 * writer may overwrite: manifests with a `subject` that a tag leads to, such as records, are listed again, and entries
 * whose manifests are gone are taken out. Others stay. Where the store finds referrers by itself nothing is written.
 * It may run while others attach.
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - the registry does not let a list be changed
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than 100 000 manifests
 */
export async function rebuildReferrers(
  store: ArtifactStore,
  { signal }: CallOptions,
): Promise<RebuildReport> {
  const tags = await store.listTags({ signal });
  const lists = tags.filter(isFallbackTag);
  const references = tags.filter((tag) => !isFallbackTag(tag));
  const { attached, unreadable } = await findAttached(store, references, { signal });
  const subjects = new Set([...attached.keys(), ...lists.flatMap((tag) => subjectOf(tag) ?? [])]);
  const added: ReferrerLink[] = [];
  const dropped: ReferrerLink[] = [];
  let kept = 0;
  for (const subject of subjects) {
    const has = lists.includes(fallbackTag(subject));
    const list = has ? await dropGone(store, subject, { signal }) : { kept: [], gone: [] };
    const listed = (await store.referrers(subject, { signal })).map(({ digest }) => digest);
    const there = new Set([...list.kept, ...listed]);
    kept += there.size;
    for (const digest of list.gone) dropped.push({ subject, digest });
    const findable = new Set(listed);
    for (const digest of attached.get(subject) ?? []) {
      if (findable.has(digest)) continue;
      // Attaching again is the same as the first time: a registry with the API takes note of the subject, too.
      const manifest = await store.getManifest(digest, { signal });
      if (manifest === null) continue;
      const { mediaType } = manifest.descriptor;
      await store.attach({ bytes: manifest.bytes, mediaType }, { signal });
      added.push({ subject, digest });
    }
  }
  return { subjects: subjects.size, added, dropped, kept, unreadable };
}

interface Attached {
  /** Manifests by the subject that they are attached to. */
  readonly attached: ReadonlyMap<Digest, ReadonlySet<Digest>>;
  readonly unreadable: RebuildReport["unreadable"];
}

/** Reads every manifest that a tag leads to, the children of indexes among them. */
async function findAttached(
  store: ArtifactStore,
  tags: readonly string[],
  { signal }: CallOptions,
): Promise<Attached> {
  const attached = new Map<Digest, Set<Digest>>();
  const unreadable: { reference: string; code: FloeErrorCode }[] = [];
  const seen = new Set<Digest>();
  const queued = new Set<string>(tags);
  let wave = tags;
  while (wave.length > 0) {
    const found = await inParallel(wave, { limit: WIDTH, signal }, async (reference) => {
      try {
        return await store.getManifest(reference, { signal });
      } catch (error) {
        if (!isFloeError(error) || !IS_ABOUT_CONTENT.has(error.code)) throw error;
        unreadable.push({ reference, code: error.code });
        return null;
      }
    });
    const next: Digest[] = [];
    for (const manifest of found) {
      if (manifest === null || seen.has(manifest.descriptor.digest)) continue;
      seen.add(manifest.descriptor.digest);
      const { subject, children } = readLinks(manifest);
      if (subject !== null) {
        const others = attached.get(subject) ?? new Set();
        attached.set(subject, others.add(manifest.descriptor.digest));
      }
      for (const child of children) {
        if (queued.has(child) || seen.has(child)) continue;
        queued.add(child);
        next.push(child);
      }
      if (queued.size > MAX_MANIFESTS) throw tooMany(store);
    }
    wave = next;
  }
  return { attached, unreadable };
}

/** Trouble with a manifest itself, and not with the way to it. */
const IS_ABOUT_CONTENT: ReadonlySet<FloeErrorCode> = new Set([
  "FLOE_REGISTRY_RESPONSE_INVALID",
  "FLOE_REGISTRY_LIMIT_EXCEEDED",
  "FLOE_DIGEST_MISMATCH",
]);

function readLinks({ bytes, descriptor }: RawManifest) {
  const json = readManifestJson(bytes);
  const isIndex = ([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerIndex] as string[]).includes(
    descriptor.mediaType,
  );
  const children = isIndex ? (json?.manifests ?? []) : [];
  return {
    subject: json?.subject?.digest ?? null,
    children: children.flatMap((child) => readDescriptor(child)?.digest ?? []),
  };
}

/** Takes the entries out of a list whose manifests are not there any more. */
async function dropGone(
  store: ArtifactStore,
  subject: Digest,
  { signal }: CallOptions,
): Promise<{ readonly kept: readonly Digest[]; readonly gone: readonly Digest[] }> {
  const tag = fallbackTag(subject);
  const dropped = new Set<Digest>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const list = await store.getManifest(tag, { signal });
    if (list === null || list.descriptor.digest === subject) return { kept: [], gone: [] };
    const entries = [...readFallbackIndex(list, `${store.repository}:${tag}`).values()];
    const there = await inParallel(
      entries,
      { limit: WIDTH, signal },
      async ({ digest }) => (await store.resolve(digest, { signal })) !== null,
    );
    const kept = entries.filter((_, at) => there[at] === true);
    const gone = entries.filter((_, at) => there[at] !== true).map(({ digest }) => digest);
    for (const digest of gone) dropped.add(digest);
    try {
      const expect = list.descriptor.digest;
      if (gone.length > 0) await store.moveTag(tag, makeFallbackIndex(kept), { signal, expect });
      return { kept: kept.map(({ digest }) => digest), gone: [...dropped] };
    } catch (error) {
      // Somebody attaches at this moment; what they wrote is read and kept.
      if (!isFloeError(error, "FLOE_TAG_MOVED") || round === MAX_ROUNDS - 1) throw error;
    }
  }
  return { kept: [], gone: [...dropped] };
}

/** The subject that a list belongs to; the tag of a sha512 digest is too short to tell. */
function subjectOf(tag: string): Digest | null {
  const digest = tag.replace("-", ":");
  return isDigest(digest) ? digest : null;
}

function tooMany({ repository }: ArtifactStore): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `${repository} has more than ${MAX_MANIFESTS} manifests; their referrers cannot be rebuilt at once`,
  });
}
