import type { AuditFinding } from "@floe/core/plugin";
import type { Bucket } from "./bucket.ts";
import type { ObjectLock } from "./config.ts";
import { keepsVersions, readLock } from "./inspect-bucket.ts";
import { asStoreError, refusalOf } from "./store-error.ts";
import { type KeyVersion, listVersions } from "./versions.ts";

/** What is looked for. */
export interface Expected {
  /** What the keys begin with. */
  readonly start: string;
  /** What the manifest asks of every object; `null`: nothing. */
  readonly wanted: ObjectLock | null;
  /** What the versions of one key come to. */
  readonly judge: (versions: readonly KeyVersion[]) => Iterable<AuditFinding>;
}

/** What a bucket shows besides its objects: other versions, marks of deletions, other objects, and settings that promise less. */
export async function* findInVersions(
  bucket: Bucket,
  { start, wanted, judge }: Expected,
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
        yield* judge(group);
        group = [];
      }
      group.push(version);
    }
    yield* judge(group);
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
