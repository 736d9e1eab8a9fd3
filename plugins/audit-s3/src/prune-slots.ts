import type { Bucket } from "./bucket.ts";
import { slotKey, slotOf, slotStart } from "./slot-key.ts";
import { asStoreError, refusalOf, storeError } from "./store-error.ts";
import { listVersions } from "./versions.ts";

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
    const old: { readonly seq: number; readonly key: string; readonly id: string | null }[] = [];
    for await (const { key, id, size } of listVersions(bucket, start, signal)) {
      const seq = slotOf(start, key);
      if (seq !== null && key >= slotStart(start, upTo) && size !== 0)
        old.push({ seq, key, id: id === "null" ? null : id });
    }
    // Keys count down, so the oldest events come last.
    for (const { key, id } of old.reverse()) {
      await bucket.ask(
        ({ sdk, client }, at, call) =>
          client.send(new sdk.PutObjectCommand({ ...at, Key: key, Body: Buffer.alloc(0) }), call),
        signal,
      );
      // Without versions the empty object has taken its place.
      if (id !== null)
        await bucket.ask(
          ({ sdk, client }, at, call) =>
            client.send(new sdk.DeleteObjectCommand({ ...at, Key: key, VersionId: id }), call),
          signal,
        );
    }
  } catch (cause) {
    signal.throwIfAborted();
    throw asStoreError(cause, bucket.name);
  }
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
