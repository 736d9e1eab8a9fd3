import { createHash } from "node:crypto";
import type { AnchoredLedger, AnchorStore, AuditFinding } from "@floe/core/plugin";
import { openBucket } from "./bucket.ts";
import type { S3Config } from "./config.ts";
import { findInVersions } from "./find-in-versions.ts";
import { locationOf } from "./location-of.ts";
import type { S3Services } from "./open-client.ts";
import { countDown, encodeChain, HIGHEST_SLOT } from "./slot-key.ts";
import { storeError } from "./store-error.ts";
import type { KeyVersion } from "./versions.ts";

/** What keys of checkpoints begin with, behind the prefix. No chain of a ledger is encoded so. */
const FOLDER = "_checkpoints/";

/**
 * Checkpoints in an S3 bucket: one object for each, written under the condition that there is none, and kept as long as the
 * bucket's or the manifest's Object Lock says. The one about the most events is the first of a list.
 */
export function createS3Anchors(
  config: S3Config,
  services: S3Services,
  now?: () => Date,
): AnchorStore {
  const bucket = openBucket(config, services, now);

  function startOf({ chain }: AnchoredLedger): string {
    const start = `${config.prefix}${FOLDER}${encodeChain(chain)}/`;
    if (chain !== "" && start.length <= LONGEST_START) return start;
    throw storeError("refused", `the chain's name cannot be a key: ${chain.slice(0, 200)}`);
  }

  return {
    location: locationOf(config),

    async newest(ledger, { signal }) {
      const listed = await bucket.list({ prefix: startOf(ledger), most: 1 }, signal);
      const [first] = listed.objects;
      if (!first) return null;
      const there = await bucket.get(first.key, signal);
      if (there) return there.bytes;
      throw storeError("unavailable", `${bucket.name} lists ${first.key}, and has none`);
    },

    async put(ledger, { size, note }, { signal }) {
      if (!Number.isSafeInteger(size) || size < 0 || size > HIGHEST_SLOT)
        throw storeError("refused", `a checkpoint is not about ${size} events`);
      const hash = createHash("sha256").update(note).digest("hex").slice(0, HASH_DIGITS);
      const key = `${startOf(ledger)}${countDown(size)}-${size}-${hash}`;
      try {
        const written = await bucket.create(key, note, signal);
        if (written.status === "stored") return;
      } catch (cause) {
        if ((cause as { indeterminate?: unknown }).indeterminate !== true) throw cause;
        // The answer was lost: whether it is there can be looked up.
        const there = await bucket.get(key, signal).catch(() => null);
        if (there && Buffer.compare(there.bytes, note) === 0) return;
        throw cause;
      }
      const there = await bucket.get(key, signal);
      if (there && Buffer.compare(there.bytes, note) === 0) return;
      throw storeError("corrupt", `${key} in ${bucket.name} is not what its name says`, {
        hint: "Somebody wrote it there. Compare with a copy that you trust.",
      });
    },

    async *verifyStore(ledger, { signal }) {
      signal.throwIfAborted();
      const start = startOf(ledger);
      const judge = (versions: readonly KeyVersion[]) => findingsOf(versions, start);
      yield* findInVersions(bucket, { start, wanted: config.objectLock, judge }, signal);
    },

    [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose](),
  };
}

const HASH_DIGITS = 16;
/** Bytes; S3 takes keys of 1024, and what follows has at most 44. */
const LONGEST_START = 960;

function* findingsOf(versions: readonly KeyVersion[], start: string): Generator<AuditFinding> {
  const [first] = versions;
  if (!first) return;
  const { key } = first;
  if (!isCheckpoint(start, key)) {
    yield { code: "foreign_object", message: `${key} is no checkpoint`, tampering: true };
    return;
  }
  if (versions.some(({ size }) => size === null))
    yield {
      code: "delete_marker",
      message: `a checkpoint was deleted (${key}); what was there is kept as an older version`,
      tampering: true,
    };
  const contents = versions.filter(({ size }) => size !== null).length;
  if (contents > 1)
    yield {
      code: "second_version",
      message: `a checkpoint was written over: ${key} has ${contents} versions, of which the oldest is what was put there`,
      tampering: true,
    };
}

function isCheckpoint(start: string, key: string): boolean {
  const [, down, size] = /^(\d{12})-(\d{1,12})-[0-9a-f]{16}$/.exec(key.slice(start.length)) ?? [];
  return size !== undefined && countDown(Number(size)) === down;
}
