import { digestLike } from "./hashes.ts";
import { decodeBase64, isCount, isDigest, own, ownText, parseCanonical } from "./json.ts";
import { type PublicKey, readPublicKey } from "./keys.ts";

const FORMAT = "https://floe.dev/audit-bundle/v1";
const MAX_LINE = 24 * 1024 * 1024;
const MAX_LINES = 5_000_000;
const MAX_ENVIRONMENTS = 1000;
const NAME = /^[a-z][a-z0-9_-]{0,49}$/;

/** The largest bundle that is read, in bytes. */
export const MAX_BUNDLE_BYTES = 1024 ** 3;

/** Stored bytes, and the slot that they were in. */
export interface Entry {
  readonly slot: number;
  readonly bytes: Buffer;
}

/** What a bundle holds of one ledger. Nothing of it is believed yet. */
export interface BundledLedger {
  readonly environment: string;
  /** Name of the ledger. */
  readonly chain: string;
  /** Hash of the event that the environment's tag pins. */
  readonly genesis: string;
  /** How many events there were, by whoever made the bundle. */
  readonly events: number;
  readonly entries: Entry[];
  /** What was behind the ledger's end in places that it was moved from, each named by the hash of its beginning there. */
  readonly behind: (Entry & { readonly place: string })[];
  readonly checkpoints: { readonly name: string; readonly note: string }[];
}

/** A bundle, taken apart. */
export interface AuditBundle {
  readonly project: string;
  readonly ledgers: readonly BundledLedger[];
  /** Keys by their own id, with the name that the bundle gives them: for showing, never for trusting. */
  readonly keys: ReadonlyMap<string, { readonly name: string | null; readonly key: PublicKey }>;
  /** Manifests and blobs by digest. */
  readonly objects: ReadonlyMap<string, Buffer>;
  /** What is not what its digest says. */
  readonly broken: readonly string[];
}

/** The file is no audit bundle that this verifier reads. Says nothing about any ledger. */
export class NotABundle extends Error {}

/** Takes a bundle apart. @throws {NotABundle} it is none, is not whole, or is larger than what is read */
export function readBundle(chunks: Iterable<Uint8Array>): AuditBundle {
  let project: string | null = null;
  let ended = false;
  let count = 0;
  const ledgers = new Map<string, BundledLedger>();
  const keys = new Map<string, { readonly name: string | null; readonly key: PublicKey }>();
  const objects = new Map<string, Buffer>();
  const broken: string[] = [];
  for (const line of linesOf(chunks)) {
    count += 1;
    const fail = (why: string): NotABundle => new NotABundle(`line ${count}: ${why}`);
    if (ended) throw fail("there is something after the end");
    const value = parseCanonical(line);
    if (value === undefined) throw fail("it is not canonical JSON (RFC 8785)");
    const type = own(value, "type");
    if (project === null) {
      if (type !== "bundle" || own(value, "format") !== FORMAT)
        throw fail(`it is not the beginning of an audit bundle (${FORMAT})`);
      project = ownText(value, "project");
      const listed = own(value, "environments");
      if (project === null || !Array.isArray(listed) || listed.length > MAX_ENVIRONMENTS)
        throw fail("it lacks its project or environments");
      for (const one of listed) {
        const ledger = ledgerOf(one);
        if (!ledger || ledgers.has(ledger.environment)) throw fail("an environment is not one");
        ledgers.set(ledger.environment, ledger);
      }
    } else if (type === "event") {
      const ledger = ledgers.get(ownText(value, "environment") ?? "");
      const slot = own(value, "seq");
      const bytes = decodeBase64(own(value, "bytes"));
      if (!ledger || !isCount(slot) || !bytes) throw fail("it is not an event of the bundle");
      ledger.entries.push({ slot, bytes });
    } else if (type === "behind") {
      const ledger = ledgers.get(ownText(value, "environment") ?? "");
      const place = own(value, "place");
      const slot = own(value, "seq");
      const bytes = decodeBase64(own(value, "bytes"));
      if (!ledger || !isDigest(place) || !isCount(slot) || !bytes)
        throw fail("it is not an event of the bundle");
      ledger.behind.push({ place, slot, bytes });
    } else if (type === "checkpoint") {
      const ledger = ledgers.get(ownText(value, "environment") ?? "");
      const name = ownText(value, "name");
      const note = ownText(value, "note");
      if (!ledger || name === null || note === null) throw fail("it is not a checkpoint");
      ledger.checkpoints.push({ name, note });
    } else if (type === "key") {
      const name = own(value, "name");
      const id = ownText(value, "key_id");
      const pem = ownText(value, "public_key");
      if (id === null || pem === null || !(name === null || typeof name === "string"))
        throw fail("it is not a key");
      const key = readPublicKey(pem);
      if (key?.id === id) keys.set(id, { name, key });
      else broken.push(`the key ${shown(id)} is another one, or cannot be read`);
    } else if (type === "object") {
      const digest = own(value, "digest");
      const bytes = decodeBase64(own(value, "bytes"));
      const isWhole = ownText(value, "media_type") !== null;
      if (!isDigest(digest) || !bytes || !isWhole) throw fail("it is not an object");
      if (digestLike(digest, bytes) === digest) objects.set(digest, bytes);
      else broken.push(`the bytes of ${digest} are not those of that digest`);
    } else if (type === "end") {
      if (own(value, "lines") !== count - 1)
        throw fail(`it ends after ${count - 1} lines, and says ${String(own(value, "lines"))}`);
      ended = true;
    } else throw fail("it is of a kind that this verifier does not know");
  }
  if (project === null) throw new NotABundle("the file is empty");
  if (!ended) throw new NotABundle("its end is missing: the file was cut off");
  return { project, ledgers: [...ledgers.values()], keys, objects, broken };
}

function ledgerOf(value: unknown): BundledLedger | null {
  const environment = ownText(value, "name");
  const chain = ownText(value, "chain");
  const genesis = own(value, "genesis");
  const events = own(value, "events");
  if (environment === null || !NAME.test(environment) || chain === null) return null;
  if (!isDigest(genesis) || !isCount(events)) return null;
  return { environment, chain, genesis, events, entries: [], behind: [], checkpoints: [] };
}

function* linesOf(chunks: Iterable<Uint8Array>): Generator<Uint8Array> {
  let parts: Uint8Array[] = [];
  let pending = 0;
  let total = 0;
  let lines = 0;
  for (const chunk of chunks) {
    total += chunk.byteLength;
    if (total > MAX_BUNDLE_BYTES)
      throw new NotABundle(`it has more than ${MAX_BUNDLE_BYTES} bytes`);
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      lines += 1;
      if (lines > MAX_LINES) throw new NotABundle(`it has more than ${MAX_LINES} lines`);
      if (pending + end > MAX_LINE) throw tooLong(lines);
      yield Buffer.concat([...parts, rest.subarray(0, end)]);
      rest = rest.subarray(end + 1);
      parts = [];
      pending = 0;
    }
    if (rest.byteLength === 0) continue;
    // The caller may use its buffer again.
    parts.push(Uint8Array.from(rest));
    pending += rest.byteLength;
    if (pending > MAX_LINE) throw tooLong(lines + 1);
  }
  if (pending > 0) throw new NotABundle("its last line does not end: the file was cut off");
}

function tooLong(line: number): NotABundle {
  return new NotABundle(`line ${line}: it has more than ${MAX_LINE} bytes`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}
