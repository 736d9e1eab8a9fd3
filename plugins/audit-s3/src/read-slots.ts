import type { AuditEntry } from "@floe/core/plugin";
import type { Bucket, StoredObject } from "./bucket.ts";
import { slotKey, slotOf, slotStart } from "./slot-key.ts";
import { storeError } from "./store-error.ts";

/** Slots of one list. */
const WINDOW = 500;

/** Events that are fetched at a time. */
const AT_ONCE = 16;

/** Keys that are listed to find the newest event: more than one, for what lies beside it. */
const GLANCE = 5;

/** A slot as a list shows it. */
interface ListedSlot {
  readonly seq: number;
  /** Bytes; 0: it was pruned, and what is there keeps the slot taken. */
  readonly size: number;
  readonly etag: string;
}

/** What is read of a chain. */
interface SlotRange {
  readonly chain: string;
  /** What the keys of the chain begin with. */
  readonly start: string;
  readonly from: number;
  readonly to: number | undefined;
}

/** The highest slot that the bucket lists, or `null` for an empty chain. Its keys come first in every list. */
export async function newestSlot(
  bucket: Bucket,
  start: string,
  signal: AbortSignal,
): Promise<ListedSlot | null> {
  for await (const slot of slots(bucket, start, undefined, GLANCE, signal)) return slot;
  return null;
}

/** Reads events in ascending order; one that is missing between others is an error, as the store has lost it. */
export async function* readSlots(
  bucket: Bucket,
  { chain, start, from, to }: SlotRange,
  signal: AbortSignal,
): AsyncGenerator<AuditEntry> {
  const first = Math.max(0, from);
  if (to === first) {
    const entry = entryOf(first, await bucket.get(slotKey(start, first), signal));
    if (entry) yield entry;
    return;
  }
  const last = to ?? (await newestSlot(bucket, start, signal))?.seq ?? -1;
  let begun = false;
  for (let low = first; low <= last; low += WINDOW) {
    const high = Math.min(last, low + WINDOW - 1);
    const listed = await listWindow(bucket, start, low, high, signal);
    let next = low;
    const wanted: number[] = [];
    for (const { seq, size } of listed) {
      if (size === 0 && !begun && seq === next) next += 1;
      else if (seq !== next || size === 0) throw missing(chain, size === 0 ? seq : next, bucket);
      else {
        begun = true;
        wanted.push(seq);
        next += 1;
      }
    }
    // Beyond the end there is nothing; before it there is no end.
    if (next <= high && to === undefined) throw missing(chain, next, bucket);
    for await (const { seq, object } of fetchInOrder(bucket, start, wanted, signal)) {
      const entry = entryOf(seq, object);
      if (!entry) throw missing(chain, seq, bucket);
      yield entry;
    }
    if (next <= high) return;
  }
}

async function listWindow(
  bucket: Bucket,
  start: string,
  low: number,
  high: number,
  signal: AbortSignal,
): Promise<ListedSlot[]> {
  const found: ListedSlot[] = [];
  const most = Math.min(1000, high - low + 1 + GLANCE);
  for await (const slot of slots(bucket, start, slotStart(start, high), most, signal)) {
    if (slot.seq < low) break;
    if (slot.seq <= high) found.push(slot);
  }
  return found.reverse();
}

/** The slots of a chain as the bucket lists them: the newest first. What else lies there is passed over. */
async function* slots(
  bucket: Bucket,
  start: string,
  after: string | undefined,
  most: number,
  signal: AbortSignal,
): AsyncGenerator<ListedSlot> {
  for (let from = after; ; ) {
    const range = { prefix: start, most, ...(from === undefined ? {} : { after: from }) };
    const { objects, more } = await bucket.list(range, signal);
    for (const { key, size, etag } of objects) {
      const seq = slotOf(start, key);
      if (seq !== null) yield { seq, size, etag };
    }
    from = objects.at(-1)?.key;
    if (!more || from === undefined) return;
  }
}

// A few requests are under way while the caller looks at what has come.
async function* fetchInOrder(
  bucket: Bucket,
  start: string,
  wanted: readonly number[],
  outer: AbortSignal,
): AsyncGenerator<{ readonly seq: number; readonly object: StoredObject | null }> {
  const left = new AbortController();
  const signal = AbortSignal.any([outer, left.signal]);
  const under: { readonly seq: number; readonly object: Promise<StoredObject | null> }[] = [];
  let asked = 0;
  try {
    for (;;) {
      for (; under.length < AT_ONCE && asked < wanted.length; asked += 1) {
        const seq = wanted[asked] as number;
        const object = bucket.get(slotKey(start, seq), signal);
        // Whoever stops reading does not hear of those that are cut off.
        object.catch(() => undefined);
        under.push({ seq, object });
      }
      const first = under.shift();
      if (!first) return;
      yield { seq: first.seq, object: await first.object };
    }
  } finally {
    left.abort();
  }
}

function entryOf(seq: number, object: StoredObject | null): AuditEntry | null {
  if (!object || object.bytes.byteLength === 0) return null;
  const { bytes, storedAt } = object;
  return { seq, bytes, ...(storedAt === undefined ? {} : { storedAt }) };
}

function missing(chain: string, seq: number, bucket: Bucket): Error {
  return storeError("corrupt", `slot ${seq} of ${chain} is missing in ${bucket.name}`, {
    hint: "Somebody removed it. Where the bucket keeps versions, it is still there as an older one.",
  });
}
