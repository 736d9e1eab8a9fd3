import type { Bucket } from "./bucket.ts";
import type { ObjectLock } from "./config.ts";
import { asStoreError, refusalOf } from "./store-error.ts";

/** What is known of a bucket's Object Lock. */
export interface BucketLock {
  /** `null`: it could not be looked at. */
  readonly enabled: boolean | null;
  /** What the bucket does with every new object by itself; `null`: nothing, or not known. */
  readonly mode: ObjectLock["mode"] | null;
}

/**
 * Looks at the Object Lock of a bucket.
 * @throws {AuditBackendError} the server cannot be asked
 */
export async function readLock(bucket: Bucket, signal: AbortSignal): Promise<BucketLock> {
  try {
    const { ObjectLockConfiguration: lock } = await bucket.ask(
      ({ sdk, client }, at, call) =>
        client.send(new sdk.GetObjectLockConfigurationCommand(at), call),
      signal,
    );
    const mode = lock?.Rule?.DefaultRetention?.Mode;
    return {
      enabled: lock?.ObjectLockEnabled === "Enabled",
      mode: mode === "COMPLIANCE" ? "compliance" : mode === "GOVERNANCE" ? "governance" : null,
    };
  } catch (cause) {
    signal.throwIfAborted();
    const { status, code } = refusalOf(cause);
    if (code === "NoSuchBucket") throw asStoreError(cause, bucket.name);
    if (status === 403) return { enabled: null, mode: null };
    // Not there, or a server that does not know the question.
    if (status === 404 || status === 405 || status === 501 || status === 400)
      return { enabled: false, mode: null };
    throw asStoreError(cause, bucket.name);
  }
}

/**
 * Says whether a bucket keeps what is written over; `null`: it could not be looked at.
 * @throws {AuditBackendError} the server cannot be asked
 */
export async function keepsVersions(bucket: Bucket, signal: AbortSignal): Promise<boolean | null> {
  try {
    const { Status } = await bucket.ask(
      ({ sdk, client }, at, call) => client.send(new sdk.GetBucketVersioningCommand(at), call),
      signal,
    );
    return Status === "Enabled";
  } catch (cause) {
    signal.throwIfAborted();
    const { status, code } = refusalOf(cause);
    if (code === "NoSuchBucket") throw asStoreError(cause, bucket.name);
    if (status === 403) return null;
    if (status !== null && status < 500) return false;
    if (status === 501) return false;
    throw asStoreError(cause, bucket.name);
  }
}
