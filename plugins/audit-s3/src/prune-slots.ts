import { createHash } from "node:crypto";
import type { Bucket } from "./bucket.ts";
import { slotKey, slotOf, slotStart } from "./slot-key.ts";
import { asStoreError, refusalOf, storeError } from "./store-error.ts";
import { type KeyVersion, listVersions } from "./versions.ts";

const EMPTY_SHA256 = createHash("sha256").digest("base64");

/**
 * Removes the events up to and including a slot. An empty object stays in each slot, so that it can never be claimed again,
 * whoever is late; the oldest go first, so that what is left has no gap at any moment.
 * @throws {AuditBackendError} denied - Object Lock holds them still, or these keys may not write over or delete
 */
export async function pruneSlots(
  bucket: Bucket,
  start: string,
  upTo: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    // The newest of them is held longest.
    await refuseHeld(bucket, slotKey(start, upTo), signal);
    const slots = new Map<string, KeyVersion[]>();
    for await (const version of listVersions(bucket, start, signal)) {
      const { key } = version;
      if (slotOf(start, key) === null || key < slotStart(start, upTo)) continue;
      slots.set(key, [...(slots.get(key) ?? []), version]);
    }
    // Keys count down, so the oldest events come last.
    for (const [key, versions] of [...slots].reverse())
      await emptySlot(bucket, key, versions, signal);
  } catch (cause) {
    signal.throwIfAborted();
    throw asStoreError(cause, bucket.name);
  }
}

async function emptySlot(
  bucket: Bucket,
  key: string,
  versions: readonly KeyVersion[],
  signal: AbortSignal,
): Promise<void> {
  const newest = versions.find(({ isLatest }) => isLatest);
  const kept = newest?.size === 0 ? newest.id : await putEmpty(bucket, key, signal);
  for (const { id } of versions)
    if (id !== kept)
      await bucket.ask(
        ({ sdk, client }, at, call) =>
          client.send(new sdk.DeleteObjectCommand({ ...at, Key: key, VersionId: id }), call),
        signal,
      );
}

/** The version that was made; `null` in words where the bucket has none, and the empty object took the event's place. */
async function putEmpty(bucket: Bucket, key: string, signal: AbortSignal): Promise<string> {
  const { VersionId } = await bucket.ask(
    ({ sdk, client }, at, call) =>
      client.send(
        new sdk.PutObjectCommand({
          ...at,
          Key: key,
          Body: Buffer.alloc(0),
          // Buckets with Object Lock take nothing without a checksum.
          ChecksumSHA256: EMPTY_SHA256,
        }),
        call,
      ),
    signal,
  );
  return VersionId ?? "null";
}

async function refuseHeld(bucket: Bucket, key: string, signal: AbortSignal): Promise<void> {
  const head = await bucket
    .ask(
      ({ sdk, client }, at, call) =>
        client.send(new sdk.HeadObjectCommand({ ...at, Key: key }), call),
      signal,
    )
    .catch((cause: unknown) => {
      if (refusalOf(cause).status === 404) return null;
      throw cause;
    });
  const until = head?.ObjectLockRetainUntilDate;
  const held = head?.ObjectLockLegalHoldStatus === "ON";
  if (!held && (until === undefined || until.getTime() <= Date.now())) return;
  throw storeError(
    "denied",
    held
      ? `${key} is under a legal hold`
      : `Object Lock keeps ${key} until ${until?.toISOString() ?? ""}`,
    { hint: "Prune what is older, or later; floe never asks to bypass it." },
  );
}
