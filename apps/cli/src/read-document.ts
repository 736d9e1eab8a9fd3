import { open } from "node:fs/promises";
import { FloeError } from "@floe/core/errors";

/**
 * Reads a whole file, or standard input for `-`, as far as it is not larger than a cap.
 * @throws {FloeError} FLOE_USAGE_INVALID - it cannot be read, is no file, is empty or larger than the cap
 */
export async function readDocument(
  path: string,
  { maxBytes, signal }: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  const bytes =
    path === "-"
      ? await collect(process.stdin, "standard input", maxBytes, signal)
      : await readFile(path, maxBytes, signal);
  if (bytes.byteLength > 0) return bytes;
  throw unreadable(path === "-" ? "standard input" : path, "it is empty");
}

async function readFile(path: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  let stream: AsyncIterable<Uint8Array>;
  try {
    const file = await open(path, "r");
    const stat = await file.stat();
    if (stat.isDirectory()) {
      await file.close();
      throw unreadable(path, "it is a folder");
    }
    stream = file.createReadStream();
    return await collect(stream, path, maxBytes, signal);
  } catch (cause) {
    if (cause instanceof Error && "syscall" in cause && "code" in cause)
      throw unreadable(path, String(cause.code), cause);
    throw cause;
  }
}

async function collect(
  stream: AsyncIterable<Uint8Array>,
  name: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    signal.throwIfAborted();
    size += chunk.byteLength;
    if (size > maxBytes) throw unreadable(name, `it has more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function unreadable(name: string, why: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${name} cannot be read: ${why}`,
    hint: "Give the path of a file, or - for standard input.",
    ...(cause === undefined ? {} : { cause }),
  });
}
