import type { CallOptions } from "@floe/core/ports";

/** A text file as it was read. */
export interface TextFile {
  readonly text: string;
  /** Permission bits, such as `0o600`. */
  readonly mode: number;
}

/**
 * Reads a small text file whole; `null` if there is none. Links are followed: mounted secrets are links.
 * @throws {Error} not a plain file, larger than `maxBytes`, or not readable; the message has no content
 */
export async function readTextFile(
  path: string,
  { signal, maxBytes }: CallOptions & { readonly maxBytes: number },
): Promise<TextFile | null> {
  signal.throwIfAborted();
  const { constants, promises } = process.getBuiltinModule("node:fs");
  try {
    // A pipe would be waited for.
    await using file = await promises.open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error("it is not a file");
    // The size that a file states can be wrong; one byte more tells that it is too long.
    const buffer = Buffer.alloc(maxBytes + 1);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size);
      if (bytesRead === 0)
        return { text: buffer.toString("utf8", 0, size), mode: stats.mode & 0o777 };
      size += bytesRead;
      if (size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}
