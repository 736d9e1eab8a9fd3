import { FloeError } from "@floe/core/errors";
import type { HttpAnswer } from "./http-message.ts";
import { iterateBody, type ReadLimits } from "./iterate-body.ts";
import { TimeLimitError } from "./network-error.ts";

/**
 * Reads a body whole.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - longer than `maxBytes`
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE - it broke off, paused too long, or took longer than `totalMs`
 */
export async function readBody(
  answer: HttpAnswer,
  limits: ReadLimits & { readonly maxBytes: number; readonly totalMs: number },
): Promise<Uint8Array> {
  refuseEncoding(answer);
  const { maxBytes } = limits;
  const chunks: Uint8Array[] = [];
  const announced = answer.method === "HEAD" ? 0 : Number(answer.headers["content-length"] ?? 0);
  const tooLong = () => {
    answer.stream.destroy();
    return new FloeError({
      code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
      message: `${answer.label}: the answer is larger than ${maxBytes} bytes`,
    });
  };
  if (announced > maxBytes) throw tooLong();
  let size = 0;
  // A body that is read whole is small: a peer that sends it byte by byte is not waited for.
  const deadline = setTimeout(() => {
    answer.stream.destroy(
      new TimeLimitError(`the answer took longer than ${limits.totalMs / 1000} seconds`),
    );
  }, limits.totalMs);
  try {
    for await (const chunk of iterateBody(answer, limits)) {
      size += chunk.length;
      if (size > maxBytes) throw tooLong();
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(deadline);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** Reads at most `maxBytes` of a body that is only quoted or thrown away; trouble while reading it is no matter. */
export async function readSome(
  answer: HttpAnswer,
  limits: ReadLimits & { readonly maxBytes: number; readonly totalMs: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const deadline = setTimeout(() => answer.stream.destroy(), limits.totalMs);
  try {
    for await (const chunk of iterateBody(answer, limits)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= limits.maxBytes) break;
    }
  } catch (error) {
    if (limits.signal.aborted) throw error;
  } finally {
    clearTimeout(deadline);
  }
  return Buffer.concat(chunks).subarray(0, limits.maxBytes);
}

/**
 * Refuses compressed bodies: floe asks for none, and digests are over what is sent.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - there is a Content-Encoding
 */
export function refuseEncoding(answer: HttpAnswer): void {
  const encoding = answer.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return;
  answer.stream.destroy();
  throw new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${answer.label}: the answer has ${nameOf(encoding)}, which nobody asked for`,
    hint: "A proxy between floe and the registry compresses answers; turn that off for the registry.",
  });
}

/** Only names that are known are repeated: a header is anybody's word. */
function nameOf(encoding: string): string {
  const known = ["gzip", "x-gzip", "compress", "deflate", "br", "zstd"].includes(encoding);
  return known ? `Content-Encoding "${encoding}"` : "an unknown Content-Encoding";
}
