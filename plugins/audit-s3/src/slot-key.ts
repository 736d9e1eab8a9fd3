/** One more than the highest slot: the keys count down from here. */
const SLOTS = 1_000_000_000_000;
const DIGITS = 12;
/** Bytes of the longest key that S3 takes. */
const LONGEST_KEY = 1024;

/** The highest slot that has a key. */
export const HIGHEST_SLOT = SLOTS - 1;

/** A chain's name in a key, of letters, digits, `.`, `-` and `_`: any other byte is `_` and two hexadecimal digits. */
export function encodeChain(chain: string): string {
  return Array.from(Buffer.from(chain, "utf8"), (byte, index) => {
    const letter = String.fromCharCode(byte);
    // A dot at the beginning could make the segment `.` or `..`, which is cut out of paths.
    const plain = /[A-Za-z0-9-]/.test(letter) || (letter === "." && index > 0);
    return plain ? letter : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** The chain of {@link encodeChain}; `null` for what it cannot have made. */
export function decodeChain(encoded: string): string | null {
  if (!/^(?:[A-Za-z0-9.-]|_[0-9A-F]{2})+$/.test(encoded)) return null;
  const bytes = encoded
    .match(/_..|[^_]/g)
    ?.map((part) => (part.length === 1 ? part.charCodeAt(0) : Number.parseInt(part.slice(1), 16)));
  const chain = Buffer.from(bytes ?? []).toString("utf8");
  return encodeChain(chain) === encoded ? chain : null;
}

/** What all keys of a chain begin with. */
export function chainPrefix(prefix: string, chain: string): string {
  return `${prefix}${encodeChain(chain)}/`;
}

/** Says whether the keys of a chain would be longer than S3 allows. */
export function isTooLong(prefix: string, chain: string): boolean {
  return chainPrefix(prefix, chain).length + 2 * DIGITS + 1 > LONGEST_KEY;
}

/** A number so that larger ones sort first. */
export function countDown(count: number): string {
  return String(HIGHEST_SLOT - count).padStart(DIGITS, "0");
}

/**
 * What the key of a slot begins with. It counts down, because S3 lists keys in ascending order only: so the newest event is
 * the first of the list.
 */
export function slotStart(chainStart: string, seq: number): string {
  return `${chainStart}${countDown(seq)}`;
}

/** The key of a slot: what it begins with, and the slot itself for people who look at the bucket. */
export function slotKey(chainStart: string, seq: number): string {
  return `${slotStart(chainStart, seq)}-${seq}`;
}

/** The slot of a key below `chainStart`; `null` for a key of something else. */
export function slotOf(chainStart: string, key: string): number | null {
  const seq = Number(/^\d{12}-(\d{1,12})$/.exec(key.slice(chainStart.length))?.[1] ?? "NaN");
  return Number.isSafeInteger(seq) && slotKey(chainStart, seq) === key ? seq : null;
}
