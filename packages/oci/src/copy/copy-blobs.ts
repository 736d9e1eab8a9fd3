import type { Descriptor, Digest } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { countBytes } from "../count-bytes.ts";
import { inParallel } from "../in-parallel.ts";
import type { CopyProgress } from "./copy-report.ts";

/** When this many of the largest blobs are absent, the rest is sent without asking first. */
const PROBES = 2;

/** What {@link copyBlobs} did. */
export interface BlobCounts {
  readonly copied: number;
  readonly mounted: number;
  readonly skipped: number;
  readonly bytes: number;
}

/** What to copy, and how. */
export interface BlobCopy {
  readonly from: ArtifactStore;
  readonly to: ArtifactStore;
  /** No digest twice. */
  readonly blobs: readonly Descriptor[];
  /** Those of manifests that the destination has: they are expected to be there, and looked for all the same. */
  readonly expected: ReadonlySet<Digest>;
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly onProgress: ((progress: CopyProgress) => void) | undefined;
}

/**
 * Brings blobs to a destination, largest first, several at once. Nothing of a blob is kept in memory but the piece on its
 * way, and the destination sees the last piece only when size and digest are right.
 *
 * A registry is asked for each blob before it is sent, which costs as many requests as blobs. A destination that has neither
 * of the two largest is taken for one that has none: to be wrong costs time for what is smaller, and harms nothing.
 */
export async function copyBlobs(copy: BlobCopy): Promise<BlobCounts> {
  const { from, to, expected, limit, signal } = copy;
  const blobs = [...copy.blobs].sort((a, b) => b.size - a.size || (a.digest < b.digest ? -1 : 1));
  const counts = { copied: 0, mounted: 0, skipped: 0, bytes: 0 };
  const progress = countProgress(blobs, copy.onProgress);
  let mount = isSameRegistry(from, to) ? to.mountBlob?.bind(to) : undefined;

  async function send(blob: Descriptor, stop: AbortSignal): Promise<void> {
    let opened = false;
    await to.putBlob(
      blob,
      () => {
        opened = true;
        return progress.watch(blob, from.openBlob(blob, { signal: stop }));
      },
      { signal: stop, absent: true },
    );
    if (opened) {
      counts.copied += 1;
      counts.bytes += blob.size;
    } else counts.skipped += 1;
    progress.done(blob);
  }

  /** `true`: it is there now without having been sent. */
  async function spare(blob: Descriptor, stop: AbortSignal): Promise<boolean> {
    if (mount !== undefined && !expected.has(blob.digest)) {
      if (!(await mount(blob, from.repository, { signal: stop }))) return false;
      counts.mounted += 1;
    } else {
      if (!(await to.hasBlob(blob.digest, { signal: stop }))) return false;
      counts.skipped += 1;
    }
    progress.done(blob);
    return true;
  }

  progress.tell();
  const first = blobs.slice(0, PROBES);
  const spared = await inParallel(first, { limit, signal }, spare);
  // Mounting asks by itself, and says nothing of what the destination had before.
  const asks = mount !== undefined || expected.size > 0 || spared.includes(true);
  // A registry that mounts none of them does not mount at all, for example for want of permission.
  if (!spared.includes(true)) mount = undefined;
  const absent = new Set(first.filter((_, index) => spared[index] === false));
  const left = blobs.filter((blob, index) => index >= PROBES || absent.has(blob));
  await inParallel(left, { limit, signal }, async (blob, stop) => {
    if (asks && !absent.has(blob) && (await spare(blob, stop))) return;
    await send(blob, stop);
  });
  return counts;
}

/** Whether a blob of one store can be mounted in the other. */
function isSameRegistry(from: ArtifactStore, to: ArtifactStore): boolean {
  const [one, other] = [from, to].map(({ repository }) => /^([^/:]+(?::\d+)?)\//.exec(repository));
  return one?.[1] !== undefined && one[1] === other?.[1];
}

function countProgress(
  blobs: readonly Descriptor[],
  onProgress: ((progress: CopyProgress) => void) | undefined,
) {
  const passed = new Map<Digest, number>();
  const bytesTotal = blobs.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  let bytes = 0;
  const set = ({ digest }: Descriptor, count: number): void => {
    bytes += count - (passed.get(digest) ?? 0);
    passed.set(digest, count);
    tell();
  };
  function tell(): void {
    onProgress?.({ blobs: done, blobsTotal: blobs.length, bytes, bytesTotal });
  }
  return {
    tell,
    done(blob: Descriptor): void {
      done += 1;
      set(blob, blob.size);
    },
    /** Counts what passes; an upload that starts again counts from the beginning. */
    watch(blob: Descriptor, source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
      let count = 0;
      set(blob, 0);
      return countBytes(source, (passing) => {
        count += passing;
        set(blob, Math.min(count, blob.size));
      });
    },
  };
}
