import type { AuditFinding } from "@floe/core/plugin";
import type { Bucket } from "./bucket.ts";
import type { ObjectLock } from "./config.ts";
import { keepsVersions, readLock } from "./inspect-bucket.ts";
import { slotOf } from "./slot-key.ts";
import { asStoreError, refusalOf } from "./store-error.ts";
import { type KeyVersion, listVersions } from "./versions.ts";

/** What is looked for. */
interface Expected {
  /** What the keys of the chain begin with. */
  readonly start: string;
  /** What the manifest asks of every event; `null`: nothing. */
  readonly wanted: ObjectLock | null;
}

/** What a bucket shows besides the events: other versions, marks of deletions, other objects, and settings that promise less. */
export async function* findInStore(
  bucket: Bucket,
  { start, wanted }: Expected,
  signal: AbortSignal,
): AsyncGenerator<AuditFinding> {
  const versioned = await keepsVersions(bucket, signal);
  const lock = await readLock(bucket, signal);
  if (versioned !== true)
    yield {
      code: "no_versions",
      message:
        versioned === null
          ? `whether ${bucket.name} keeps versions may not be read (s3:GetBucketVersioning)`
          : `${bucket.name} keeps no versions, so that an object that is written over or deleted leaves no trace there`,
      tampering: false,
    };
  if (wanted !== null && lock.enabled === false)
    yield {
      code: "no_object_lock",
      message: `${bucket.name} has no Object Lock, which audit.with.object_lock asks for`,
      tampering: false,
    };
  try {
    let group: KeyVersion[] = [];
    for await (const version of listVersions(bucket, start, signal)) {
      if (group[0] !== undefined && group[0].key !== version.key) {
        yield* findingsOf(group, start);
        group = [];
      }
      group.push(version);
    }
    yield* findingsOf(group, start);
  } catch (cause) {
    signal.throwIfAborted();
    const { status } = refusalOf(cause);
    if (status === null || (status >= 500 && status !== 501))
      throw asStoreError(cause, bucket.name);
    yield {
      code: "versions_unreadable",
      message: `the versions in ${bucket.name} cannot be listed (s3:ListBucketVersions), so that one that was written over would not show`,
      tampering: false,
    };
  }
}

function* findingsOf(versions: readonly KeyVersion[], start: string): Generator<AuditFinding> {
  const [first] = versions;
  if (!first) return;
  const { key } = first;
  const seq = slotOf(start, key);
  if (seq === null) {
    yield { code: "foreign_object", message: `${key} is no event`, tampering: true };
    return;
  }
  const deletions = versions.filter(({ size }) => size === null).length;
  if (deletions > 0)
    yield {
      code: "delete_marker",
      message: `it was deleted (${key}); what was there is kept as an older version`,
      seq,
      tampering: true,
    };
  const contents = versions.filter(({ size }) => size !== null);
  if (contents.length <= 1) return;
  // Pruning writes an empty object over an event before it removes the versions below.
  if (contents.find(({ isLatest }) => isLatest)?.size === 0)
    yield {
      code: "prune_unfinished",
      message: `slot ${seq} was pruned, and older versions of it are still there (${key}); prune it again`,
      seq,
      tampering: false,
    };
  else
    yield {
      code: "second_version",
      message: `it was written over: ${key} has ${contents.length} versions, of which the oldest is the event`,
      seq,
      tampering: true,
    };
}
