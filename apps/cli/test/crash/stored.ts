import { createHash } from "node:crypto";
import type { ArtifactStore } from "@floe/core";
import { type Digest, isDigest } from "@floe/core/model";
import { go, type Place } from "./place.ts";

/** A ledger event as anybody can read it from the registry, without any of floe's own reading code. */
export interface StoredEvent {
  readonly tag: string;
  /** RFC 6962 leaf hash of the signed bytes. */
  readonly hash: string;
  readonly seq: number;
  readonly kind: string;
  readonly operation: string;
  readonly prev: string | null;
  readonly rivals: readonly string[];
  readonly size: number;
  readonly version: string | null;
  readonly result: string | null;
}

/** Everything that a promotion may have left. */
export interface Stored {
  readonly tags: Readonly<Record<string, Digest>>;
  /** By environment, in the order of their tags. */
  readonly events: Readonly<Record<string, readonly StoredEvent[]>>;
  /** Digests of the promotion and rollback records that hang on each version's artifact. */
  readonly records: Readonly<Record<string, readonly Digest[]>>;
  /** The same of verification summaries. */
  readonly summaries: Readonly<Record<string, readonly Digest[]>>;
  /** The same of copies of quarantines. */
  readonly quarantines: Readonly<Record<string, readonly Digest[]>>;
}

interface EventManifest {
  readonly annotations: Readonly<Record<string, string>>;
  readonly layers: readonly {
    readonly digest: Digest;
    readonly size: number;
    readonly mediaType: string;
  }[];
}

interface Statement {
  readonly predicate: {
    readonly seq: number;
    readonly kind: string;
    readonly operation: string;
    readonly prev: string | null;
    readonly rivals?: readonly string[];
    readonly size: number;
    readonly body: { readonly version?: string; readonly result?: string };
  };
}

const EVENT_TAG = /^floe-ev\.([^.]+)\.\d{12}/;
const RECORD = /\/attestation\/(?:promotion|rollback)\/v1$/;
const QUARANTINE = /\/attestation\/quarantine\/v1$/;
const SUMMARY = /\/verification_summary\/v1$/;

/** Reads all of it. */
export async function readStored(place: Pick<Place, "open">): Promise<Stored> {
  const store = place.open();
  const names = (await store.listTags(go)).sort();
  const tags: Record<string, Digest> = {};
  const events: Record<string, StoredEvent[]> = {};
  const records: Record<string, Digest[]> = {};
  const summaries: Record<string, Digest[]> = {};
  const quarantines: Record<string, Digest[]> = {};
  for (const tag of names) {
    const found = await store.resolve(tag, go);
    if (!found) throw new Error(`${tag} is listed and gone`);
    tags[tag] = found.digest;
    const environment = EVENT_TAG.exec(tag)?.[1];
    if (environment !== undefined)
      events[environment] = [...(events[environment] ?? []), await readEvent(store, tag)];
    if (/^v\d+\.\d+\.\d+$/.test(tag)) {
      const referrers = await store.referrers(found.digest, go);
      const ofType = (type: RegExp): Digest[] =>
        referrers
          .filter(({ annotations }) =>
            type.test(annotations?.["dev.sigstore.bundle.predicateType"] ?? ""),
          )
          .map(({ digest }) => digest)
          .sort();
      records[tag] = ofType(RECORD);
      summaries[tag] = ofType(SUMMARY);
      quarantines[tag] = ofType(QUARANTINE);
    }
  }
  await store[Symbol.asyncDispose]?.();
  return { tags, events, records, summaries, quarantines };
}

async function readEvent(store: ArtifactStore, tag: string): Promise<StoredEvent> {
  const raw = await store.getManifest(tag, go);
  if (!raw) throw new Error(`${tag} is gone`);
  const manifest = JSON.parse(Buffer.from(raw.bytes).toString("utf8")) as EventManifest;
  const inline = manifest.annotations["dev.floe.event"];
  const [layer] = manifest.layers;
  if (!layer || !isDigest(layer.digest)) throw new Error(`${tag} has no layer`);
  const bytes = inline === undefined ? await store.getBlob(layer, go) : Buffer.from(inline);
  const bundle = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
    dsseEnvelope: { payload: string };
  };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString("utf8");
  const { predicate } = JSON.parse(payload) as Statement;
  const { seq, kind, operation, prev, rivals = [], size, body } = predicate;
  const hash = `sha256:${createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex")}`;
  const { version = null, result = null } = body;
  return { tag, hash, seq, kind, operation, prev, rivals, size, version, result };
}

/** What is wrong with the links of a ledger; nothing for one that is whole. */
export function chainProblems(events: readonly StoredEvent[]): string[] {
  const problems: string[] = [];
  const byHash = new Map(events.map((event) => [event.hash, event]));
  for (const event of events) {
    const { tag, seq } = event;
    if (Number(/\.(\d{12})/.exec(tag)?.[1]) !== seq) problems.push(`${tag} holds event ${seq}`);
    const own = /-([0-9a-f]{12})$/.exec(tag)?.[1];
    if (own !== undefined && event.hash.slice(7, 19) !== own)
      problems.push(`${tag} is ${event.hash}`);
    const before = history(event, byHash, problems);
    if (event.size !== before.size + 1)
      problems.push(`${tag} says size ${event.size}, and ${before.size} events lie before it`);
    if (event.prev === null ? seq !== 0 : byHash.get(event.prev)?.seq !== seq - 1)
      problems.push(`${tag} does not follow the slot before it`);
  }
  return problems;
}

function history(
  event: StoredEvent,
  byHash: ReadonlyMap<string, StoredEvent>,
  problems: string[],
): ReadonlySet<string> {
  const seen = new Set<string>();
  const pending = [event.prev, ...event.rivals];
  for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
    if (hash === null || seen.has(hash)) continue;
    const linked = byHash.get(hash);
    if (!linked) {
      problems.push(`${event.tag} rests on ${hash}, which is missing`);
      continue;
    }
    seen.add(hash);
    pending.push(linked.prev, ...linked.rivals);
  }
  return seen;
}

/** Whether every intent of a ledger has exactly one outcome, and no outcome is without an intent. */
export function outcomeProblems(events: readonly StoredEvent[]): string[] {
  const operations = new Set(
    events.flatMap(({ kind, operation }) =>
      kind === "intent" || kind === "outcome" ? [operation] : [],
    ),
  );
  return [...operations].flatMap((operation) => {
    const kinds = events.filter((event) => event.operation === operation);
    const intents = kinds.filter(({ kind }) => kind === "intent");
    const outcomes = kinds.filter(({ kind }) => kind === "outcome");
    if (intents.length === 1 && outcomes.length === 1) return [];
    const results = outcomes.map(({ result }) => result).join(", ");
    return [
      `${operation} has ${intents.length} intents and ${outcomes.length} outcomes (${results})`,
    ];
  });
}

/** Tags in a form in which two runs of the same operation are equal: without identifiers, ledger and digests of records. */
export function plainTags({ tags }: Stored): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tags).flatMap(([tag, digest]): [string, string][] => {
      if (tag.startsWith("floe-ev.")) return [];
      if (tag.startsWith("sha256-") || tag.startsWith("floe-ledger.")) return [[tag, "own"]];
      const own = /^floe-(?:rec|vsa)(?=\.)/.exec(tag)?.[0];
      return [own === undefined ? [tag, digest] : [own, "own"]];
    }),
  );
}

/** How many tags start with a prefix. */
export function countTags({ tags }: Stored, prefix: string): number {
  return Object.keys(tags).filter((tag) => tag.startsWith(prefix)).length;
}
