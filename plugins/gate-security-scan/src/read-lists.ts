import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readShape } from "@floe/gate-kit";
import { z } from "zod";

/** Bytes of a list after unpacking. EPSS has about 10 MB. */
const MAX_LIST_BYTES = 128 * 1024 * 1024;

const Kev = z.object({
  count: z.number(),
  vulnerabilities: z.array(z.object({ cveID: z.string() })).min(1),
});

/**
 * Reads the catalogue of known exploited vulnerabilities.
 *
 * @throws {Error} when it is of another shape, or holds fewer entries than it announces.
 */
export function readKev(value: unknown): ReadonlySet<string> {
  const { count, vulnerabilities } = readShape(Kev, value, "known exploited vulnerabilities");
  if (count !== vulnerabilities.length) {
    throw new Error(
      `it announces ${count} vulnerabilities and lists ${vulnerabilities.length}: a part of it is missing`,
    );
  }
  return new Set(vulnerabilities.map(({ cveID }) => cveID.toUpperCase()));
}

/**
 * Reads the EPSS scores of the given CVEs from the daily CSV, gzipped or not.
 *
 * @throws {Error} when it is no such file, or ends in the middle of a line.
 */
export async function readEpss(
  bytes: Uint8Array,
  wanted: ReadonlySet<string>,
): Promise<ReadonlyMap<string, number>> {
  const packed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const plain = packed
    ? await promisify(gunzip)(bytes, { maxOutputLength: MAX_LIST_BYTES })
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = plain.toString("latin1");
  const header = /^(?:#[^\n]*\n)?cve,epss\b[^\n]*\n/.exec(text);
  if (!header) throw new Error("it does not begin with the columns cve,epss: it is no EPSS file");
  if (!text.endsWith("\n")) throw new Error("it ends in the middle of a line: it is cut off");
  const scores = new Map<string, number>();
  let at = header[0].length;
  if (at === text.length) throw new Error("it holds no scores");
  while (at < text.length) {
    const end = text.indexOf("\n", at);
    const comma = text.indexOf(",", at);
    const cve = text.slice(at, comma);
    if (comma === -1 || comma > end) throw new Error("a line of it has no columns");
    if (wanted.has(cve)) {
      const score = Number(text.slice(comma + 1, end).split(",", 1)[0]);
      if (!(score >= 0 && score <= 1))
        throw new Error(`its score of ${cve} is not between 0 and 1`);
      scores.set(cve, score);
    }
    at = end + 1;
  }
  return scores;
}
