import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LayoutFolder } from "./layout-folder.ts";
import { readWhole } from "./layout-folder.ts";
import { corrupted, type LayoutIndex, parseIndex, serialiseIndex } from "./layout-index.ts";

/** The file that lists a layout's manifests and tags. */
export const INDEX_FILE = "index.json";

const MAX_INDEX_BYTES = 64 * 1024 * 1024;
/** A file younger than this may be written again without its time showing it: file times tick in milliseconds. */
const SETTLED_MS = 2000;
const READ_ATTEMPTS = 12;
const READ_PAUSE_MS = 20;

/** Reading and replacing `index.json`. */
export interface IndexFile {
  /** The index as it is now. The same object as before when the file is the same. */
  read(signal: AbortSignal): Promise<LayoutIndex>;
  /**
   * Replaces the index with what `change` makes of it, durably; when that is the same object nothing is written.
   * Only under the layout's lock. `change` is called again when another tool, which takes no lock, wrote in between.
   */
  update<Answer>(
    signal: AbortSignal,
    change: (index: LayoutIndex) => Promise<IndexChange<Answer>>,
  ): Promise<IndexUpdate<Answer>>;
}

/** What a change comes to: the new index, or the old one, and what the caller wants to know of it. */
export interface IndexChange<Answer> {
  readonly index: LayoutIndex;
  readonly answer: Answer;
}

/** A change that was made, or that there was nothing to make of. */
export interface IndexUpdate<Answer> {
  readonly answer: Answer;
  readonly written: boolean;
}

interface Snapshot {
  readonly index: LayoutIndex;
  readonly bytes: Uint8Array;
  readonly identity: string;
  /** The file's times can be trusted to tell this content from any later one. */
  readonly settled: boolean;
}

/** Opens the index of a layout. Parsing is done once per content: ten thousand entries take some 30 ms. */
export function createIndexFile(folder: LayoutFolder): IndexFile {
  const path = join(folder.root, INDEX_FILE);
  let last: Snapshot | null = null;

  async function read(signal: AbortSignal): Promise<LayoutIndex> {
    for (let attempt = 1; ; attempt += 1) {
      signal.throwIfAborted();
      try {
        return await readOnce();
      } catch (error) {
        const absent = error instanceof MissingIndex;
        if (!absent && !(error instanceof SyntaxError)) throw error;
        if (attempt === READ_ATTEMPTS) {
          if (absent) throw corrupted(path, "the file is missing");
          throw corrupted(path, "it is not JSON", error);
        }
      }
      // Other tools write in place: for a moment the file is empty, cut off, or not there yet.
      await sleep(READ_PAUSE_MS, undefined, { signal }).catch(() => {});
    }
  }

  async function readOnce(): Promise<LayoutIndex> {
    const handle = await folder.open(INDEX_FILE);
    if (handle === null) throw new MissingIndex();
    try {
      const stats = await handle.stat({ bigint: true });
      const identity = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}`;
      if (last?.settled && last.identity === identity) return last.index;
      // The machine's clock, since it is held against file times; a clock that is passed in would not fit them.
      const settled = Date.now() - Number(stats.mtimeMs) > SETTLED_MS;
      const bytes = await readWhole(handle, path, MAX_INDEX_BYTES);
      const same = last !== null && Buffer.compare(last.bytes, bytes) === 0;
      const index = same && last !== null ? last.index : parseIndex(bytes, path);
      last = { index, bytes, identity, settled };
      return index;
    } finally {
      await handle.close();
    }
  }

  function isStill(index: LayoutIndex): boolean {
    // Another call on this store may have read a newer file meanwhile.
    if (last?.index !== index) return false;
    const now = folder.readNow(INDEX_FILE, last.bytes.byteLength);
    return now !== null && Buffer.compare(last.bytes, now) === 0;
  }

  return {
    read,

    async update(signal, change) {
      for (;;) {
        const before = await read(signal);
        const { index: after, answer } = await change(before);
        if (after === before) {
          // Perhaps a writer that was killed before it could sync has put the file there.
          await folder.sync(".");
          return { answer, written: false };
        }
        const bytes = serialiseIndex(after);
        const temp = await folder.createTemp();
        try {
          await temp.handle.writeFile(bytes);
          await temp.seal();
          signal.throwIfAborted();
          // Looking and renaming happen in one turn, so that a tool without the lock has only microseconds to lose
          // its change in. When the quick look fails, a thorough one says why.
          if (!isStill(before) && (await read(signal)) !== before) {
            await temp.discard();
            continue;
          }
          temp.place(path);
          await folder.sync(".");
        } catch (error) {
          await temp.discard();
          throw error;
        }
        last = { index: after, bytes, identity: "", settled: false };
        return { answer, written: true };
      }
    },
  };
}

class MissingIndex extends Error {}
