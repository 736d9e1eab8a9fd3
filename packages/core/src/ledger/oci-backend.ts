import type {
  AuditBackend,
  AuditBackendError,
  AuditCapabilities,
  AuditClaim,
  AuditEntry,
  AuditHead,
  AuditHeadOptions,
} from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import {
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
  type RawManifest,
} from "../model/descriptor.ts";
import { type Digest, digestOf, isDigest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions, Clock, ManifestInput } from "../ports/index.ts";
import { leafHash } from "./event.ts";
import type { Moment, TagLists } from "./tag-lists.ts";

/** Signed bytes up to this size stand in the event's manifest; larger ones are a blob. */
const INLINE_EVENT_BYTES = 4096;

/** How often, and with which pauses, a tag is looked up that is listed and cannot be read yet: 1.4 s in all. */
const LOOKS = 7;
const LOOK_PAUSE_MS = 50;

/** How many events are fetched at a time; a registry's own limit of connections is about that. */
const READ_AT_ONCE = 8;

const EVENT_ANNOTATION = "dev.floe.event";
const SEQ_DIGITS = 12;
/** Behind `sha256:`. */
const HASH_START = 7;
const OWN_TAG = /^(\d{12})-([0-9a-f]{12})$/;
const SLOT_TAG = /^\d{12}$/;
const PRUNED_TAG = /^pruned-(\d{12})-(\d{1,15})$/;

/** How many manifests are deleted at a time. */
const DELETE_AT_ONCE = 8;

/** How events are named: `slot` where creating a tag has exactly one winner, `own-tag` on plain registries. */
export type LedgerMode = "slot" | "own-tag";

/** The mode that a store's own promise allows. */
export function modeFor(store: ArtifactStore): LedgerMode {
  return store.tagCreation === "atomic" ? "slot" : "own-tag";
}

type SharedCall = AuditHeadOptions & { readonly since?: Moment | undefined };

/** The end of a chain. */
export interface SharedHead extends AuditHead {
  /** Slot before which a registry says that events were removed; whether somebody signed that is the ledger's to know. */
  readonly keptFrom?: number;
}

/** An audit backend whose `head` may be worked out from a list that was begun after a moment. */
export interface SharingBackend extends AuditBackend {
  head(chain: string, options: SharedCall): Promise<SharedHead | null>;
}

/**
 * The default ledger store: every event is one small tagged manifest in the environment's repository. The manifest
 * carries no `subject`: hundreds of events would otherwise crowd the referrers of an artifact, and cost two index
 * writes each on registries without the referrers API. Events are found by tag; records are the referrers.
 */
export function createOciBackend(
  store: ArtifactStore,
  mode: LedgerMode,
  clock: Pick<Clock, "sleep">,
  lists: TagLists,
  first: () => number = () => 0,
): SharingBackend {
  const capabilities: AuditCapabilities = {
    serialises: mode === "slot" ? "strong" : "advisory",
    durable: mode === "slot" ? "fsync" : "remote-ack",
    worm: "none",
    scope: "shared",
    maxEventBytes: 1024 * 1024,
  };
  let emptyBlobPresent = false;
  // Event tags never move, so what was read (or written) under one stays what it is for the life of this process.
  const known = new Map<string, Uint8Array>();
  let listed: readonly Slot[] = [];
  // What a tag says that stands for the removed events; by it they go on being counted.
  let pruned: Removed = NOTHING_REMOVED;

  async function storeBlobs(bytes: Uint8Array, options: CallOptions): Promise<void> {
    await storeEventBlobs(store, bytes, emptyBlobPresent, options);
    emptyBlobPresent = true;
  }

  async function slots(chain: string, options: SharedCall): Promise<readonly Slot[]> {
    const prefix = `floe-ev.${chain}.`;
    const tags = await lists.list({ ...options, prefix });
    const found: Slot[] = [];
    pruned = NOTHING_REMOVED;
    for (const tag of tags) {
      const name = tag.slice(prefix.length);
      const [, from, count] = (name.startsWith("p") && PRUNED_TAG.exec(name)) || [];
      if (Number(from) > Math.max(pruned.keptFrom, first()))
        pruned = { keptFrom: Number(from), count: Number(count) };
      const own = OWN_TAG.exec(name);
      const seq = Number(own?.[1] ?? name);
      if ((mode === "slot" ? SLOT_TAG.test(name) : own !== null) && seq >= first())
        found.push({ seq, tag });
    }
    listed = found.sort((a, b) => a.seq - b.seq || (a.tag < b.tag ? -1 : 1));
    return listed;
  }

  // A slot below the end of the last listing cannot get another event on a store that serialises; on any other it can,
  // and whoever needs to know asks for the head, which lists again.
  async function slotsBetween(
    chain: string,
    from: number,
    to: number | undefined,
    options: CallOptions,
  ): Promise<readonly Slot[]> {
    const seen = to !== undefined && (listed.at(-1)?.seq ?? -1) >= to;
    const all = seen ? listed : await slots(chain, options);
    return all.filter((slot) => slot.seq >= from && (to === undefined || slot.seq <= to));
  }

  async function entryOf(slot: Slot, options: CallOptions): Promise<AuditEntry> {
    const before = known.get(slot.tag);
    if (before) return { seq: slot.seq, bytes: before };
    let manifest = await store.getManifest(slot.tag, options);
    // Registries list a tag an instant before it can be read. Somebody who is just writing is no reason for an alarm.
    for (let look = 1; !manifest && look <= LOOKS; look += 1) {
      await clock.sleep(LOOK_PAUSE_MS * look, options);
      manifest = await store.getManifest(slot.tag, options);
    }
    if (!manifest) throw unreadable(slot.tag, "the tag is listed and its manifest is gone");
    const bytes = await eventBytes(store, manifest, slot.tag, options);
    const named = OWN_TAG.exec(slot.tag.slice(slot.tag.lastIndexOf(".") + 1))?.[2];
    if (named !== undefined && !leafHash(bytes).startsWith(named, HASH_START))
      throw unreadable(slot.tag, "it holds another event than the one that it is named after");
    known.set(slot.tag, bytes);
    // Every manifest that was written here before names the empty blob, so it is there.
    emptyBlobPresent = true;
    return { seq: slot.seq, bytes };
  }

  async function remove(tag: string, options: CallOptions): Promise<void> {
    known.delete(tag);
    const found = store.deleteManifest && (await store.resolve(tag, options));
    if (found) await store.deleteManifest?.(found.digest, options);
    else if (!store.deleteManifest) await store.deleteTag(tag, options);
  }

  return {
    capabilities: () => capabilities,

    async claim(chain, seq, bytes, options): Promise<AuditClaim> {
      const tag = eventTag(chain, seq, mode, bytes);
      await storeBlobs(bytes, options);
      const result = await store.createTag(tag, eventManifest(bytes, seq), {
        ...options,
        contentNamed: mode === "own-tag",
      });
      if (result.status !== "taken") {
        known.set(tag, bytes);
        return { status: "claimed", alreadyMine: result.status === "unchanged" };
      }
      const taken = await entryOf({ seq, tag }, options);
      return { status: "taken", bytes: taken.bytes };
    },

    async head(chain, options: SharedCall): Promise<AuditHead | null> {
      const all = await slots(chain, options);
      const last = all.at(-1);
      if (!last) return null;
      const top = all.filter((slot) => slot.seq === last.seq);
      const { keptFrom, count } = pruned;
      return {
        seq: last.seq,
        entries: await Promise.all(top.map((slot) => entryOf(slot, options))),
        count: count + all.filter(({ seq }) => seq >= keptFrom).length,
        ...(keptFrom > 0 ? { keptFrom } : {}),
      };
    },

    // The first event stays under its tag: the environment's pin may be the same manifest.
    async prune(chain, upTo, options): Promise<void> {
      const all = await slots(chain, options);
      const last = all.at(-1);
      if (!last || upTo >= last.seq)
        throw refused(`the last event of ${chain} stays, so slot ${upTo} is too far`);
      const keptFrom = upTo + 1;
      if (keptFrom > pruned.keptFrom) {
        const kept = all.find(({ seq }) => seq === keptFrom);
        const manifest = kept && (await store.getManifest(kept.tag, options));
        if (!manifest) throw refused(`there is no event in slot ${keptFrom} of ${chain}`);
        const between = all.filter(({ seq }) => seq >= pruned.keptFrom && seq < keptFrom);
        const slot = String(keptFrom).padStart(SEQ_DIGITS, "0");
        const tag = `floe-ev.${chain}.pruned-${slot}-${pruned.count + between.length}`;
        const { mediaType } = manifest.descriptor;
        await store.createTag(tag, { bytes: manifest.bytes, mediaType }, options);
      }
      const old = all.filter(({ seq }) => seq > first() && seq <= upTo);
      for (let start = 0; start < old.length; start += DELETE_AT_ONCE)
        await Promise.all(
          old.slice(start, start + DELETE_AT_ONCE).map(({ tag }) => remove(tag, options)),
        );
      listed = [];
    },

    async *read(chain, from, to, options): AsyncGenerator<AuditEntry> {
      const wanted = await slotsBetween(chain, from, to, options);
      for (let start = 0; start < wanted.length; start += READ_AT_ONCE) {
        const part = wanted.slice(start, start + READ_AT_ONCE);
        yield* await Promise.all(part.map((slot) => entryOf(slot, options)));
      }
    },

    async *chains(options): AsyncGenerator<string> {
      const seen = new Set<string>();
      for (const tag of await store.listTags({ ...options, prefix: "floe-ev." })) {
        const chain = tag.slice("floe-ev.".length, tag.lastIndexOf("."));
        if (!seen.has(chain)) yield chain;
        seen.add(chain);
      }
    },
  };
}

/** Stores what an event's manifest names. */
export async function storeEventBlobs(
  store: ArtifactStore,
  bytes: Uint8Array,
  emptyBlobPresent: boolean,
  options: CallOptions,
): Promise<void> {
  if (!emptyBlobPresent) await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, options);
  // An event has an identifier of its own, so nobody has stored its bytes before.
  if (bytes.byteLength > INLINE_EVENT_BYTES)
    await store.putBlob(bundleDescriptor(bytes), bytes, { ...options, absent: true });
}

interface Slot {
  readonly seq: number;
  readonly tag: string;
}

/** How many events were removed, and before which slot. */
interface Removed {
  readonly keptFrom: number;
  readonly count: number;
}

const NOTHING_REMOVED: Removed = { keptFrom: 0, count: 0 };

/** The tag of an event. */
function eventTag(chain: string, seq: number, mode: LedgerMode, bytes: Uint8Array): string {
  const slot = `floe-ev.${chain}.${String(seq).padStart(SEQ_DIGITS, "0")}`;
  return mode === "slot" ? slot : `${slot}-${leafHash(bytes).slice(HASH_START, HASH_START + 12)}`;
}

function bundleDescriptor(bytes: Uint8Array): { mediaType: string; digest: Digest; size: number } {
  return { mediaType: MEDIA_TYPES.sigstoreBundle, digest: digestOf(bytes), size: bytes.byteLength };
}

/** Lays out an event's manifest; the same bytes give the same manifest. */
export function eventManifest(bytes: Uint8Array, seq: number): ManifestInput {
  const inline = bytes.byteLength <= INLINE_EVENT_BYTES;
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: MEDIA_TYPES.ledgerEvent,
    config: EMPTY_DESCRIPTOR,
    layers: [inline ? EMPTY_DESCRIPTOR : bundleDescriptor(bytes)],
    annotations: {
      "dev.floe.event.seq": String(seq),
      ...(inline ? { [EVENT_ANNOTATION]: new TextDecoder().decode(bytes) } : {}),
    },
  };
  return {
    bytes: new TextEncoder().encode(JSON.stringify(manifest)),
    mediaType: MEDIA_TYPES.ociManifest,
  };
}

/**
 * Takes the signed bytes out of an event's manifest, inline or from its blob.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - not an event manifest
 */
export async function eventBytes(
  store: ArtifactStore,
  manifest: RawManifest,
  where: string,
  options: CallOptions,
): Promise<Uint8Array> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(manifest.bytes));
  } catch (cause) {
    throw unreadable(where, "its manifest is not JSON", cause);
  }
  const { annotations, layers } = (parsed ?? {}) as {
    annotations?: Record<string, unknown>;
    layers?: unknown[];
  };
  const inline = annotations?.[EVENT_ANNOTATION];
  if (typeof inline === "string") return new TextEncoder().encode(inline);
  const layer = layers?.[0] as { digest?: unknown; size?: unknown } | undefined;
  if (!layer || !isDigest(layer.digest) || typeof layer.size !== "number") {
    throw unreadable(where, "its manifest holds no event");
  }
  const descriptor = {
    mediaType: MEDIA_TYPES.sigstoreBundle,
    digest: layer.digest,
    size: layer.size,
  };
  return await store.getBlob(descriptor, { ...options, maxBytes: 1024 * 1024 });
}

function refused(message: string): Error & AuditBackendError {
  return Object.assign(new Error(message), { failure: "refused" as const });
}

function unreadable(tag: string, reason: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_LEDGER_EVENT_INVALID",
    message: `ledger event ${tag}: ${reason}`,
    hint: "Somebody changed or deleted what floe wrote; compare with a copy of the ledger that you trust.",
    ...(cause === undefined ? {} : { cause }),
  });
}
