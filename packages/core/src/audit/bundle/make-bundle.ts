import { EXIT, isFloeError } from "../../errors/index.ts";
import { leafHash } from "../../ledger/event.ts";
import type { Genesis } from "../../ledger/genesis.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import { keyIdOf } from "../../model/identity.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../../promotion/context.ts";
import { selectEnvironments } from "../../promotion/environments.ts";
import type { Ledgers } from "../../promotion/ledgers.ts";
import { readAnchor } from "../anchor.ts";
import { describeAnchor, readAnchors } from "../anchors/read-anchors.ts";
import { readStored, type StoredEntry, whyAway } from "../read-entries.ts";
import { readSignedPayload } from "../signed-payload.ts";
import { BUNDLE_FORMAT, type BundleHead, type BundleLine } from "./bundle-format.ts";
import { createObjectCollector, type ObjectCollector } from "./collect-objects.ts";

/** What `floe audit bundle` is asked for. */
export interface BundleRequest {
  /** Default: every environment that has a ledger. */
  readonly environment?: string | undefined;
}

/** A bundle, and what is in it. */
export interface MadeBundle {
  /** Its lines, each without the line feed that ends it. The same ledgers give the same lines. */
  readonly lines: readonly string[];
  readonly ledgers: readonly {
    readonly environment: string;
    readonly chain: string;
    readonly events: number;
    readonly checkpoint: boolean;
  }[];
  /** How many keys came along, for finding out whose signatures there are. */
  readonly keys: number;
  /** Manifests and blobs: records, signatures and what else is signed beside the artifacts. */
  readonly objects: number;
  /** What could not be taken along, in words. */
  readonly left: readonly string[];
}

/**
 * Puts everything that an auditor needs into lines of one file: the stored bytes of events, checkpoints, keys, and what is signed
 * beside the artifacts. Nothing is judged: a ledger that was tampered with is evidence as well.
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE and the like - something could not be looked at
 */
export async function makeBundle(
  request: BundleRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<MadeBundle> {
  const { manifest } = context;
  const wanted = selectEnvironments(manifest, request.environment);
  const left: string[] = [];
  const objects = createObjectCollector(left);
  const keys = new Map<string, BundleLine & { readonly type: "key" }>();
  const heads: BundleHead["environments"] = [];
  const made: MadeBundle["ledgers"][number][] = [];
  const events: string[] = [];
  const checkpoints: string[] = [];
  for (const environment of [...wanted].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const here = at(context, environment);
    const ledger = ledgers.of(environment);
    const pinned = await ledger.pinned(options);
    if (!pinned) continue;
    const { entries, behind } = await entriesOf(ledger, pinned, left, options);
    const { name } = environment;
    const { chain } = pinned;
    heads.push({ name, chain, genesis: leafHash(pinned.bytes), events: entries.length });
    const statements = entries.map(({ bytes }) => predicateOf(bytes));
    for (const { seq, bytes } of entries)
      events.push(line({ type: "event", environment: name, seq, bytes: base64(bytes) }));
    for (const { place, seq, bytes } of behind)
      events.push(line({ type: "behind", environment: name, place, seq, bytes: base64(bytes) }));
    const ends = behind.map(({ bytes }) => predicateOf(bytes));
    for (const { actor } of [...statements, ...ends]) keep(keys, null, actor?.public_key);
    const notes = await notesOf(environment, here, left, options);
    for (const one of notes)
      checkpoints.push(line({ type: "checkpoint", environment: name, ...one }));
    await collect(statements, objects, here, options);
    made.push({ environment: name, chain, events: entries.length, checkpoint: notes.length > 0 });
  }
  for (const { name, trusted } of manifest.identities)
    if (trusted.method === "key") keep(keys, name, trusted.publicKey);
  const stored = objects.all();
  const lines = [
    line({
      type: "bundle",
      format: BUNDLE_FORMAT,
      project: manifest.metadata.name,
      environments: heads,
    }),
    ...[...keys.values()].sort((a, b) => (a.key_id < b.key_id ? -1 : 1)).map(line),
    ...events,
    ...checkpoints,
    ...stored.map(({ digest, mediaType, bytes }) =>
      line({ type: "object", digest, media_type: mediaType, bytes: base64(bytes) }),
    ),
  ];
  lines.push(line({ type: "end", lines: lines.length }));
  return { lines, ledgers: made, keys: keys.size, objects: stored.length, left };
}

// The checkpoints of all places, as they are; one that cannot be read is named.
async function notesOf(
  environment: EnvironmentConfig,
  { store, anchors }: FloeContext,
  left: string[],
  options: CallOptions,
): Promise<{ readonly name: string; readonly note: string }[]> {
  const { name } = environment;
  const beside = await readAnchor(name, store, options);
  const notes = beside ? [{ name: `floe-cp.${name}`, note: beside.note }] : [];
  for (const { anchor, note, problem } of await readAnchors(anchors, environment, options)) {
    if (note !== null) notes.push({ name: describeAnchor(anchor), note });
    if (problem) left.push(`what ${describeAnchor(anchor)} keeps of ${name}: ${problem.message}`);
  }
  return notes;
}

function line(value: BundleLine): string {
  return canonicalJson(value);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

// What cannot be read is left out: the gap shows when the bundle is verified.
async function entriesOf(
  ledger: Ledger,
  { first, bytes }: Genesis,
  left: string[],
  options: CallOptions,
): Promise<{ readonly entries: StoredEntry[]; readonly behind: EntryBehind[] }> {
  const { name } = ledger.environment;
  const read = await readStored(ledger, options);
  const { entries, unreadable, parts, before, away, pruned } = read;
  // What says how the place of a pruned ledger is kept comes along, though the events after it are gone.
  if (pruned && first < pruned.seq) entries.push({ seq: first, bytes });
  if (away)
    left.push(
      `${before} events of ${name} from before the ledger was moved: they are ${whyAway(away)}`,
    );
  for (const { seq, what } of unreadable) left.push(`event ${seq} of ${name}: ${what}`);
  const behind: EntryBehind[] = [];
  for (const part of parts)
    try {
      const stored: StoredEntry[] = [];
      for await (const { seq, bytes } of ledger.behind(part, options)) stored.push({ seq, bytes });
      behind.push(...inOrder(stored).map((entry) => ({ ...entry, place: part.genesis })));
    } catch (cause) {
      if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
      left.push(`what is behind event ${part.last} of ${name}: ${cause.message}`);
    }
  return { entries: inOrder(entries), behind };
}

/** What is stored behind the end of the ledger in a place, which is named by the hash of the ledger's beginning there. */
type EntryBehind = StoredEntry & { readonly place: Digest };

function inOrder(entries: readonly StoredEntry[]): StoredEntry[] {
  return entries
    .map((entry) => ({ ...entry, hash: leafHash(entry.bytes) }))
    .sort((a, b) => a.seq - b.seq || (a.hash < b.hash ? -1 : 1));
}

interface Predicate {
  readonly actor?: { readonly public_key?: unknown } | null;
  readonly body?: {
    readonly digest?: unknown;
    readonly record?: { readonly digest?: unknown } | null;
  } | null;
}

function predicateOf(bytes: Uint8Array): Predicate {
  const signed = readSignedPayload(bytes);
  try {
    const json = JSON.parse(new TextDecoder().decode(signed?.payload)) as {
      readonly predicate?: Predicate | null;
    } | null;
    return json?.predicate ?? {};
  } catch {
    return {};
  }
}

function keep(
  keys: Map<string, BundleLine & { readonly type: "key" }>,
  name: string | null,
  pem: unknown,
): void {
  if (typeof pem !== "string") return;
  let id: string;
  try {
    id = keyIdOf(pem);
  } catch {
    // An event that names no key is a finding of whoever verifies it.
    return;
  }
  const known = keys.get(id);
  if (known && (known.name !== null || name === null)) return;
  keys.set(id, { type: "key", key_id: id, name, public_key: known?.public_key ?? pem });
}

async function collect(
  statements: readonly Predicate[],
  objects: ObjectCollector,
  { store }: FloeContext,
  options: CallOptions,
): Promise<void> {
  const artifacts = new Set<Digest>();
  const records = new Set<Digest>();
  for (const { body } of statements) {
    if (isDigest(body?.digest)) artifacts.add(body.digest);
    if (isDigest(body?.record?.digest)) records.add(body.record.digest);
  }
  await objects.manifests([...records].sort(), store, options);
  await objects.referrers([...artifacts].sort(), store, options);
}
