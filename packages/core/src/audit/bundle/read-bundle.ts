import { FloeError } from "../../errors/index.ts";
import { parseCanonicalJson } from "../../model/canonical-json.ts";
import { type Digest, hasDigest } from "../../model/digest.ts";
import { keyIdOf } from "../../model/identity.ts";
import {
  BundleLine,
  MAX_BUNDLE_BYTES,
  MAX_BUNDLE_LINE,
  MAX_BUNDLE_LINES,
} from "./bundle-format.ts";

/** What a bundle holds of one ledger. Nothing of it is believed yet. */
export interface BundledLedger {
  readonly environment: string;
  readonly chain: string;
  /** Hash of the event that the environment's tag pins. */
  readonly genesis: Digest;
  /** How many events there were, by whoever made the bundle. */
  readonly events: number;
  readonly entries: { readonly seq: number; readonly bytes: Uint8Array }[];
  /** What was behind the ledger's end in places that it was moved from, each named by the beginning there. */
  readonly behind: { readonly place: Digest; readonly seq: number; readonly bytes: Uint8Array }[];
  readonly checkpoints: { readonly name: string; readonly note: string }[];
}

/** A bundle, taken apart. */
export interface ReadBundle {
  readonly ledgers: readonly BundledLedger[];
  /** PEM by key id: for finding a key, never for trusting it. */
  readonly keys: ReadonlyMap<string, string>;
  /** Manifests and blobs whose bytes are those of their digest. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  /** What is not what its digest or id says. */
  readonly broken: readonly string[];
}

/**
 * Takes an audit bundle apart.
 * @throws {FloeError} FLOE_AUDIT_BUNDLE_INVALID - it is none, is not whole, or is larger than what floe reads
 */
export async function readBundle(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  where: string,
): Promise<ReadBundle> {
  const ledgers = new Map<string, BundledLedger>();
  const keys = new Map<string, string>();
  const objects = new Map<string, Uint8Array>();
  const broken: string[] = [];
  let lines = 0;
  let ended = false;
  for await (const bytes of linesOf(chunks, where)) {
    lines += 1;
    const fail = (why: string): FloeError => invalidBundle(where, `line ${lines}: ${why}`);
    if (ended) throw fail("there is something after its end");
    const line = parseLine(bytes, fail);
    if ((lines === 1) !== (line.type === "bundle")) throw fail("the beginning is not in its place");
    const ledgerOf = (environment: string): BundledLedger => {
      const found = ledgers.get(environment);
      if (found) return found;
      throw fail(`the bundle has no environment ${environment}`);
    };
    switch (line.type) {
      case "bundle":
        for (const { name, ...ledger } of line.environments) {
          if (ledgers.has(name)) throw fail(`there are two of ${name}`);
          const { chain, genesis, events } = ledger;
          const about = { environment: name, chain, genesis, events };
          ledgers.set(name, { ...about, entries: [], behind: [], checkpoints: [] });
        }
        break;
      case "event":
        ledgerOf(line.environment).entries.push({
          seq: line.seq,
          bytes: decode(line.bytes, fail),
        });
        break;
      case "behind": {
        const { environment, place, seq } = line;
        ledgerOf(environment).behind.push({ place, seq, bytes: decode(line.bytes, fail) });
        break;
      }
      case "checkpoint":
        ledgerOf(line.environment).checkpoints.push({ name: line.name, note: line.note });
        break;
      case "key":
        if (isKey(line.key_id, line.public_key)) keys.set(line.key_id, line.public_key);
        else broken.push(`the key ${line.key_id.slice(0, 80)} is another one, or cannot be read`);
        break;
      case "object": {
        const content = decode(line.bytes, fail);
        if (hasDigest(content, line.digest)) objects.set(line.digest, content);
        else broken.push(`the bytes of ${line.digest} are not those of that digest`);
        break;
      }
      case "end":
        if (line.lines !== lines - 1)
          throw fail(`it ends after ${lines - 1} lines, and says ${line.lines}`);
        ended = true;
        break;
    }
  }
  if (!ended) throw invalidBundle(where, lines === 0 ? "it is empty" : "its end is missing");
  return { ledgers: [...ledgers.values()], keys, objects, broken };
}

function parseLine(bytes: Uint8Array, fail: (why: string) => FloeError): BundleLine {
  let value: unknown;
  try {
    value = parseCanonicalJson(bytes);
  } catch {
    throw fail("it is not canonical JSON (RFC 8785)");
  }
  const parsed = BundleLine.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw fail(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it is not a line of a bundle"}`);
}

function decode(text: string, fail: (why: string) => FloeError): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw fail("its bytes are not base64");
  return bytes;
}

const PEM = /^-----BEGIN PUBLIC KEY-----\r?\n(?:[A-Za-z0-9+/=]+\r?\n)+-----END PUBLIC KEY-----\s*$/;

function isKey(id: string, pem: string): boolean {
  try {
    return PEM.test(pem) && keyIdOf(pem) === id;
  } catch {
    return false;
  }
}

async function* linesOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  where: string,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let pending = 0;
  let total = 0;
  let lines = 0;
  for await (const chunk of chunks) {
    total += chunk.byteLength;
    if (total > MAX_BUNDLE_BYTES)
      throw invalidBundle(where, `it has more than ${MAX_BUNDLE_BYTES} bytes`);
    let begin = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, begin)) {
      lines += 1;
      if (lines > MAX_BUNDLE_LINES) throw invalidBundle(where, "it has too many lines");
      if (pending + end - begin > MAX_BUNDLE_LINE) throw tooLong(where, lines);
      yield Buffer.concat([...parts, chunk.subarray(begin, end)]);
      parts = [];
      pending = 0;
      begin = end + 1;
    }
    if (begin === chunk.byteLength) continue;
    parts.push(Uint8Array.from(chunk.subarray(begin)));
    pending += chunk.byteLength - begin;
    if (pending > MAX_BUNDLE_LINE) throw tooLong(where, lines + 1);
  }
  if (pending > 0) throw invalidBundle(where, "its last line does not end");
}

function tooLong(where: string, line: number): FloeError {
  return invalidBundle(where, `line ${line}: it has more than ${MAX_BUNDLE_LINE} bytes`);
}

/** Makes the error for a file that is no audit bundle. */
function invalidBundle(where: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_AUDIT_BUNDLE_INVALID",
    message: `${where} is not an audit bundle that floe reads: ${why}`,
    hint: "Take it again from whoever made it with floe audit bundle. It says nothing about any ledger.",
  });
}
