import { type Descriptor, type Digest, isDigest, MEDIA_TYPES } from "@floe/core/model";
import { asObject, readDescriptor } from "./manifest-facts.ts";
import { invalidStore } from "./store-error.ts";

/** The annotation that makes an entry of `index.json` a tag (image-spec, "index.json file"). */
const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * The annotation with which floe notes in an entry which manifest the entry's manifest is attached to, or
 * {@link NO_SUBJECT}. It spares `referrers` from opening ten thousand manifests; entries without it are opened.
 */
const SUBJECT_HINT = "dev.floe.subject";

/** The value of {@link SUBJECT_HINT} for a manifest that is attached to nothing. */
export const NO_SUBJECT = "none";

type Json = Readonly<Record<string, unknown>>;

/** One entry of `index.json`. */
export interface LayoutEntry {
  /** As it was read, so that what floe does not know survives a write. */
  readonly raw: Json;
  readonly tag: string | null;
  /** `null`: the entry has no digest, size or media type that floe can use. It is kept all the same. */
  readonly descriptor: Descriptor | null;
  /** The value of {@link SUBJECT_HINT}. */
  readonly subject: Digest | typeof NO_SUBJECT | null;
}

/** A parsed `index.json`; a value, every change makes another one. */
export interface LayoutIndex {
  readonly raw: Json;
  readonly entries: readonly LayoutEntry[];
  readonly byTag: ReadonlyMap<string, LayoutEntry>;
  /** The first entry of every digest. */
  readonly byDigest: ReadonlyMap<Digest, LayoutEntry>;
  /** Tags that are written more than once and do not agree on the digest. */
  readonly ambiguous: ReadonlySet<string>;
}

/** A manifest to be listed. */
export interface IndexedManifest {
  readonly descriptor: Descriptor;
  readonly subject: Digest | null;
}

/** The index of a layout without content. */
export function emptyIndex(): LayoutIndex {
  return indexOf({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }, []);
}

/**
 * Parses `index.json`.
 * @throws {SyntaxError} not JSON: perhaps only because another tool is just writing it in place
 * @throws {FloeError} FLOE_STORE_INVALID - JSON, but no image index
 */
export function parseIndex(bytes: Uint8Array, path: string): LayoutIndex {
  const parsed: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const raw = asObject(parsed);
  const manifests = raw?.["manifests"];
  if (raw?.["schemaVersion"] !== 2 || !(Array.isArray(manifests) || manifests === null)) {
    throw corrupted(path, "it is no image index with schemaVersion 2 and manifests");
  }
  const entries = (manifests ?? []).map((entry: unknown, position: number) => {
    const object = asObject(entry);
    if (object === null) throw corrupted(path, `manifests[${position}] is not an object`);
    return readEntry(object);
  });
  return indexOf(raw, entries);
}

/** A FLOE_STORE_INVALID error for an `index.json` that cannot be used. */
export function corrupted(path: string, reason: string, cause?: unknown): Error {
  return invalidStore(
    `${path} is corrupted: ${reason}`,
    "Restore it from a copy. It is the only list of the layout's tags, so floe does not guess.",
    cause,
  );
}

/** The bytes of `index.json`. */
export function serialiseIndex(index: LayoutIndex): Uint8Array {
  const manifests = index.entries.map((entry) => entry.raw);
  return new TextEncoder().encode(JSON.stringify({ ...index.raw, manifests }));
}

/**
 * Looks up a tag.
 * @throws {FloeError} FLOE_STORE_INVALID - the tag is written twice with different digests, or its entry is unusable
 */
export function findTag(index: LayoutIndex, tag: string): Descriptor | null {
  const entry = index.byTag.get(tag);
  if (entry === undefined) return null;
  if (index.ambiguous.has(tag)) {
    throw invalidStore(
      `tag ${tag} stands more than once in index.json, with different digests`,
      "Another tool wrote it so. Delete the tag, then put it on the digest that is right.",
    );
  }
  if (entry.descriptor === null) {
    throw invalidStore(
      `tag ${tag} has an entry in index.json without a digest, size and media type that floe can use`,
      "Delete the tag, then put it on the digest that is right.",
    );
  }
  return entry.descriptor;
}

/** Lists a manifest without a tag, so that tools which read and collect by `index.json` know of it. */
export function withManifest(index: LayoutIndex, manifest: IndexedManifest): LayoutIndex {
  if (index.byDigest.has(manifest.descriptor.digest)) return index;
  return indexOf(index.raw, [...index.entries, newEntry(manifest, null)]);
}

/** Puts a tag on a manifest, wherever the tag was before. */
export function withTag(index: LayoutIndex, tag: string, manifest: IndexedManifest): LayoutIndex {
  const { digest } = manifest.descriptor;
  if (index.byTag.has(tag) && !index.ambiguous.has(tag)) {
    if (index.byTag.get(tag)?.descriptor?.digest === digest) return index;
  }
  const entries = [...withoutTag(index, tag).entries];
  // A manifest has an entry without a tag only as long as it has no tag: this is how other tools write it.
  const untagged = entries.findIndex(
    (entry) => entry.descriptor?.digest === digest && entry.tag === null,
  );
  const held = entries[untagged];
  if (held === undefined) entries.push(newEntry(manifest, tag));
  else entries[untagged] = retagged(held, tag);
  return indexOf(index.raw, entries);
}

/** Takes a tag away. Its manifest stays listed, without a tag if it has no other. */
export function withoutTag(index: LayoutIndex, tag: string): LayoutIndex {
  if (!index.byTag.has(tag)) return index;
  const elsewhere = new Set<Digest>();
  for (const { descriptor, tag: other } of index.entries)
    if (descriptor !== null && other !== tag) elsewhere.add(descriptor.digest);
  const entries: LayoutEntry[] = [];
  for (const entry of index.entries) {
    if (entry.tag !== tag) {
      entries.push(entry);
      continue;
    }
    if (entry.descriptor === null || elsewhere.has(entry.descriptor.digest)) continue;
    elsewhere.add(entry.descriptor.digest);
    entries.push(retagged(entry, null));
  }
  return indexOf(index.raw, entries);
}

/** Takes a manifest out, with every tag that holds it. Its blob stays for others that may name it. */
export function withoutManifest(index: LayoutIndex, digest: Digest): LayoutIndex {
  if (!index.byDigest.has(digest)) return index;
  return indexOf(
    index.raw,
    index.entries.filter(({ descriptor }) => descriptor?.digest !== digest),
  );
}

// Most commands look up a few of ten thousand entries by their tags: the rest is not even checked.
function indexOf(raw: Json, entries: readonly LayoutEntry[]): LayoutIndex {
  const byTag = new Map<string, LayoutEntry>();
  const ambiguous = new Set<string>();
  for (const entry of entries) {
    const { tag } = entry;
    if (tag === null) continue;
    const other = byTag.get(tag);
    if (other === undefined) byTag.set(tag, entry);
    else if (entry.descriptor === null || other.descriptor?.digest !== entry.descriptor.digest)
      ambiguous.add(tag);
  }
  let byDigest: ReadonlyMap<Digest, LayoutEntry> | null = null;
  return {
    raw,
    entries,
    byTag,
    get byDigest() {
      byDigest ??= firstByDigest(entries);
      return byDigest;
    },
    ambiguous,
  };
}

function firstByDigest(entries: readonly LayoutEntry[]): ReadonlyMap<Digest, LayoutEntry> {
  const first = new Map<Digest, LayoutEntry>();
  for (const entry of entries) {
    const { descriptor } = entry;
    if (descriptor !== null && !first.has(descriptor.digest)) first.set(descriptor.digest, entry);
  }
  return first;
}

/** An entry that is read when it is asked for; a class, since ten thousand closures take longer than all the rest. */
class ReadEntry implements LayoutEntry {
  readonly raw: Json;
  readonly tag: string | null;
  #descriptor: Descriptor | null | undefined;

  constructor(raw: Json) {
    this.raw = raw;
    const refName = asObject(raw["annotations"])?.[REF_NAME];
    this.tag = typeof refName === "string" && refName !== "" ? refName : null;
  }

  get descriptor(): Descriptor | null {
    if (this.#descriptor === undefined) this.#descriptor = readDescriptor(this.raw);
    return this.#descriptor;
  }

  get subject(): Digest | typeof NO_SUBJECT | null {
    const hint = asObject(this.raw["annotations"])?.[SUBJECT_HINT];
    return hint === NO_SUBJECT || isDigest(hint) ? hint : null;
  }
}

function readEntry(raw: Json): LayoutEntry {
  return new ReadEntry(raw);
}

function newEntry({ descriptor, subject }: IndexedManifest, tag: string | null): LayoutEntry {
  const { mediaType, digest, size } = descriptor;
  return readEntry({
    mediaType,
    digest,
    size,
    annotations: {
      ...(tag === null ? {} : { [REF_NAME]: tag }),
      [SUBJECT_HINT]: subject ?? NO_SUBJECT,
    },
  });
}

function retagged(entry: LayoutEntry, tag: string | null): LayoutEntry {
  const { [REF_NAME]: _, ...others } = asObject(entry.raw["annotations"]) ?? {};
  const annotations = tag === null ? others : { ...others, [REF_NAME]: tag };
  const { annotations: __, ...raw } = entry.raw;
  return readEntry(Object.keys(annotations).length === 0 ? raw : { ...raw, annotations });
}
