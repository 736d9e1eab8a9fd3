import type { AuditFinding } from "@floe/core/plugin";
import type { Bucket } from "./bucket.ts";
import type { ObjectLock } from "./config.ts";
import { findInVersions } from "./find-in-versions.ts";
import { slotOf } from "./slot-key.ts";
import type { KeyVersion } from "./versions.ts";

/** What a bucket shows besides the events of a chain, whose keys begin with `start`. `wanted` is what the manifest asks of every event. */
export async function* findInStore(
  bucket: Bucket,
  { start, wanted }: { readonly start: string; readonly wanted: ObjectLock | null },
  signal: AbortSignal,
): AsyncGenerator<AuditFinding> {
  const judge = (versions: readonly KeyVersion[]) => findingsOf(versions, start);
  yield* findInVersions(bucket, { start, wanted, judge }, signal);
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
