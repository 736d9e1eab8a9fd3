import { constants, type Stats } from "node:fs";
import { open } from "node:fs/promises";
import { FloeError } from "@floe/core/errors";
import { handOver } from "@floe/oci/give-back";

const CHUNK_BYTES = 256 * 1024;

/** What a file was when it was first looked at. */
export type InputStamp = Pick<Stats, "size" | "mtimeMs" | "ino" | "dev">;

/**
 * Reads a file that was looked at before, and holds it against that: what is sent is what was described.
 * @param links whether the path itself may be a symbolic link
 * @throws {FloeError} FLOE_FILE_CHANGED - it vanished, or is not what it was
 * @throws {FloeError} FLOE_USAGE_INVALID - it cannot be read
 */
export function readInput(
  path: string,
  stamp: InputStamp,
  options: ReadInputOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  return handOver(readPieces(path, stamp, options));
}

interface ReadInputOptions {
  readonly signal: AbortSignal;
  readonly links: "followed" | "refused";
}

async function* readPieces(
  path: string,
  stamp: InputStamp,
  { signal, links }: ReadInputOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Without O_NONBLOCK, a pipe that took the file's place would make this wait for ever.
  const flags =
    constants.O_RDONLY | constants.O_NONBLOCK | (links === "refused" ? constants.O_NOFOLLOW : 0);
  const file = await open(path, flags).catch((cause: unknown) => {
    throw unreadable(path, cause, true);
  });
  const read = () => file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, null);
  let reading: ReturnType<typeof read> | null = null;
  try {
    if (differs(stamp, await file.stat())) throw changed(path);
    let left = stamp.size;
    for (;;) {
      signal.throwIfAborted();
      const { buffer, bytesRead } = await (reading ?? read()).catch((cause: unknown) => {
        throw unreadable(path, cause, true);
      });
      if (bytesRead === 0) break;
      left -= bytesRead;
      if (left < 0) throw changed(path);
      // The next piece is read while this one is used.
      reading = read();
      reading.catch(() => {});
      yield buffer.subarray(0, bytesRead);
    }
    if (left > 0 || differs(stamp, await file.stat())) throw changed(path);
  } finally {
    await reading?.catch(() => {});
    await file.close();
  }
}

/** What reading a path ended with, as an error for the user; `seen`: it was there a moment before. */
export function unreadable(path: string, cause: unknown, seen: boolean): FloeError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  // ELOOP: a link took the place of the file.
  if (seen && ["ENOENT", "ENOTDIR", "ELOOP"].includes(code)) return changed(path, cause);
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${path} cannot be read (${code})`,
    hint: "Give the path of a file or folder; a media type may follow after a colon.",
    cause,
  });
}

function changed(path: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_FILE_CHANGED",
    message: `${path} changed or vanished while it was being read`,
    hint: "Nothing was tagged. Run the same command again when nobody writes there any more.",
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

function differs(stamp: InputStamp, now: Stats): boolean {
  return (
    !now.isFile() ||
    now.size !== stamp.size ||
    now.mtimeMs !== stamp.mtimeMs ||
    now.ino !== stamp.ino ||
    now.dev !== stamp.dev
  );
}
