import type {
  AuditBackend,
  AuditCapabilities,
  AuditClaim,
  AuditHead,
  AuditProbe,
} from "@floe/core/plugin";
import { type Bucket, MAX_EVENT_BYTES, openBucket, type StoredObject } from "./bucket.ts";
import type { S3Config } from "./config.ts";
import { readLock } from "./inspect-bucket.ts";
import { locationOf } from "./location-of.ts";
import type { S3Services } from "./open-client.ts";
import { pruneSlots } from "./prune-slots.ts";
import { newestSlot, readSlots } from "./read-slots.ts";
import { chainPrefix, decodeChain, HIGHEST_SLOT, isTooLong, slotKey } from "./slot-key.ts";
import { asStoreError, storeError } from "./store-error.ts";
import { findInStore } from "./verify-versions.ts";

/** How often a slot is tried that is taken by one answer and empty by the next. */
const TURNS = 5;

/** The newest event that this client has seen in a chain. */
interface Seen extends StoredObject {
  readonly seq: number;
}

/**
 * The ledger in an S3 bucket: one object for each slot, written under the condition that there is none. For as many machines as
 * reach it. The server's promise to honour that condition is not taken on trust: floe races it.
 */
export function createS3Backend(
  config: S3Config,
  services: S3Services,
  now?: () => Date,
): AuditBackend {
  const bucket = openBucket(config, services, now);
  // Never believed: it saves asking whether the slot before is empty, and reading again what has not changed.
  const newest = new Map<string, Seen>();
  const capabilities: AuditCapabilities = {
    serialises: "strong",
    durable: "replicated",
    worm: config.objectLock?.mode ?? "none",
    scope: "shared",
    maxEventBytes: MAX_EVENT_BYTES,
  };

  function startOf(chain: string): string {
    if (chain === "" || isTooLong(config.prefix, chain))
      throw storeError("refused", `the chain's name cannot be a key: ${chain.slice(0, 200)}`);
    return chainPrefix(config.prefix, chain);
  }

  function see(start: string, seen: Seen): void {
    if (seen.seq >= (newest.get(start)?.seq ?? -1)) newest.set(start, seen);
  }

  return {
    location: locationOf(config),
    capabilities: () => capabilities,

    async claim(chain, seq, bytes, { signal }): Promise<AuditClaim> {
      signal.throwIfAborted();
      if (!Number.isSafeInteger(seq) || seq < 0 || seq > HIGHEST_SLOT)
        throw storeError("refused", `${seq} is no slot`);
      if (bytes.byteLength > MAX_EVENT_BYTES || bytes.byteLength === 0)
        throw storeError(
          "refused",
          `an event has 1 to ${MAX_EVENT_BYTES} bytes, not ${bytes.byteLength}`,
        );
      const start = startOf(chain);
      await refuseGap(bucket, chain, start, seq, newest.get(start)?.seq ?? -1, signal);
      const key = slotKey(start, seq);
      for (let turn = 0; turn < TURNS; turn += 1) {
        const written = await bucket.create(key, bytes, signal);
        if (written.status === "stored") {
          const { etag, storedAt } = written;
          const time = storedAt === undefined ? {} : { storedAt };
          see(start, { seq, bytes: bytes.slice(), etag, ...time });
          return { status: "claimed", alreadyMine: false, ...time };
        }
        const there = await bucket.get(key, signal);
        // Taken a moment ago and gone now: somebody deletes, or the server's answers do not agree.
        if (!there) continue;
        if (there.bytes.byteLength === 0)
          throw storeError("refused", `slot ${seq} of ${chain} was pruned`);
        see(start, { seq, ...there });
        const mine = Buffer.compare(there.bytes, bytes) === 0;
        const time = there.storedAt === undefined ? {} : { storedAt: there.storedAt };
        return mine
          ? { status: "claimed", alreadyMine: true, ...time }
          : { status: "taken", bytes: there.bytes };
      }
      throw storeError("unavailable", `${bucket.name} says that ${key} exists, and has none`);
    },

    async head(chain, { signal }): Promise<AuditHead | null> {
      signal.throwIfAborted();
      const start = startOf(chain);
      const listed = await newestSlot(bucket, start, signal);
      const seen = newest.get(start);
      let head: Seen | null = null;
      if (listed && seen?.seq === listed.seq && seen.etag === listed.etag && seen.etag !== "")
        head = seen;
      else if (listed) head = await seenAt(bucket, start, listed.seq, signal);
      // A list that is older than what this client has written itself.
      for (let ahead = seen; ahead && ahead.seq > (head?.seq ?? -1); ) {
        const still = await seenAt(bucket, start, ahead.seq, signal);
        if (!still) break;
        head = still;
        ahead = (await seenAt(bucket, start, still.seq + 1, signal)) ?? undefined;
      }
      if (!head) {
        newest.delete(start);
        return null;
      }
      newest.set(start, head);
      const { seq, bytes, storedAt } = head;
      // Every claim has looked at the slot before it, so they are all there; whoever removes one is found by reading.
      return {
        seq,
        entries: [{ seq, bytes, ...(storedAt === undefined ? {} : { storedAt }) }],
        count: seq + 1,
      };
    },

    async *read(chain, from, to, { signal }) {
      signal.throwIfAborted();
      yield* readSlots(bucket, { chain, start: startOf(chain), from, to }, signal);
    },

    async *chains({ signal }) {
      signal.throwIfAborted();
      for (let token: string | undefined; ; ) {
        const page = await bucket
          .ask(
            ({ sdk, client }, at, call) =>
              client.send(
                new sdk.ListObjectsV2Command({
                  ...at,
                  Prefix: config.prefix,
                  Delimiter: "/",
                  ...(token === undefined ? {} : { ContinuationToken: token }),
                }),
                call,
              ),
            signal,
          )
          .catch((cause: unknown) => {
            signal.throwIfAborted();
            throw asStoreError(cause, bucket.name);
          });
        for (const { Prefix = "" } of page.CommonPrefixes ?? []) {
          const chain = decodeChain(Prefix.slice(config.prefix.length, -1));
          if (chain !== null) yield chain;
        }
        token = page.NextContinuationToken;
        if (page.IsTruncated !== true || token === undefined) return;
      }
    },

    async probe({ signal }): Promise<AuditProbe> {
      const lock = await readLock(bucket, signal);
      if (config.objectLock !== null && lock.enabled === false)
        throw storeError(
          "refused",
          `audit.with.object_lock is set, and ${bucket.name} has no Object Lock`,
          {
            hint: "Switch Object Lock on for the bucket, or take the setting out: what it promises cannot be had.",
          },
        );
      // What cannot be looked at is not promised beyond what every write asks for.
      const worm = config.objectLock?.mode ?? lock.mode ?? "none";
      return { capabilities: { ...capabilities, worm }, findings: [] };
    },

    async *verifyStore(chain, { signal }) {
      signal.throwIfAborted();
      yield* findInStore(bucket, { start: startOf(chain), wanted: config.objectLock }, signal);
    },

    prune: async (chain, upTo, { signal }) => {
      signal.throwIfAborted();
      const start = startOf(chain);
      const last = await newestSlot(bucket, start, signal);
      if (!last || upTo >= last.seq)
        throw storeError("refused", `the last event of ${chain} stays, so ${upTo} is too far`);
      await pruneSlots(bucket, start, upTo, signal);
    },

    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
}

async function seenAt(
  bucket: Bucket,
  start: string,
  seq: number,
  signal: AbortSignal,
): Promise<Seen | null> {
  const there = await bucket.get(slotKey(start, seq), signal);
  return there && { seq, ...there };
}

async function refuseGap(
  bucket: Bucket,
  chain: string,
  start: string,
  seq: number,
  seen: number,
  signal: AbortSignal,
): Promise<void> {
  if (seq === 0 || seen >= seq - 1) return;
  if (await bucket.exists(slotKey(start, seq - 1), signal)) return;
  throw storeError(
    "refused",
    `slot ${seq} of ${chain} cannot be written: slot ${seq - 1} is empty`,
  );
}
