import { setTimeout as sleep } from "node:timers/promises";
import type {
  AuditBackend,
  AuditClaim,
  AuditEntry,
  AuditHead,
  FloePlugin,
  StandardSchema,
} from "@floe/core/plugin";
import { type Bucket, folderBucket, memoryBucket } from "./sample-bucket.ts";

/** What a sample backend does wrong. */
export const FLAWS = [
  "ignores-the-condition",
  "racy",
  "loses-bytes",
  "reorders",
  "accepts-gaps",
  "mixes-chains",
  "stale-head",
  "retries-unknown",
  "never-gives-up",
  "forgets-when-pruned",
  "ignores-abort",
  "takes-any-size",
] as const;
export type Flaw = (typeof FLAWS)[number];

/** Settings of the sample backend: objects in memory by a name, or in a folder. */
export interface SampleAuditConfig {
  readonly memory?: string;
  readonly folder?: string;
  readonly flaw?: Flaw;
}

/** What a test has made a bucket do, by the bucket's name. */
interface Weather {
  loseNextReply: boolean;
  refuseOnce: boolean;
  blackHole: boolean;
  denyWrites: boolean;
  full: boolean;
}

const buckets = new Map<string, Bucket>();
const weathers = new Map<string, Weather>();

/** The bucket of a name, for tests that reach past the backend. */
export function bucketOf(name: string): Bucket {
  const bucket = buckets.get(name) ?? memoryBucket();
  buckets.set(name, bucket);
  return bucket;
}

/** What a test has made a bucket do. */
export function weatherOf(name: string): Weather {
  const fine = {
    loseNextReply: false,
    refuseOnce: false,
    blackHole: false,
    denyWrites: false,
    full: false,
  };
  const weather = weathers.get(name) ?? fine;
  weathers.set(name, weather);
  return weather;
}

/** The name of an object: as long as no flaw says otherwise, no two chains and slots have the same. */
export function objectName(chain: string, seq: number): string {
  return `${encodeURIComponent(chain)}/${String(seq).padStart(12, "0")}`;
}

const MAX_EVENT_BYTES = 256 * 1024;

function problem(message: string, members: object): Error {
  return Object.assign(new Error(message), members);
}

/** A backend over objects that keeps the contract, unless it is told how not to. */
function openSample(config: SampleAuditConfig): AuditBackend {
  const name = config.memory ?? config.folder ?? "";
  const bucket = config.folder === undefined ? bucketOf(name) : folderBucket(config.folder);
  const weather = weatherOf(name);
  const { flaw } = config;
  let head: AuditHead | null = null;

  async function wire(signal: AbortSignal): Promise<void> {
    if (flaw !== "ignores-abort") signal.throwIfAborted();
    if (!weather.blackHole) return;
    if (flaw === "never-gives-up") await sleep(60_000, undefined, { ref: false });
    await sleep(60_000, undefined, { signal });
  }
  const nameOf = (chain: string, seq: number): string =>
    flaw === "mixes-chains" ? objectName(chain.toLowerCase(), seq) : objectName(chain, seq);
  const floor = (chain: string): number => Number(bucket.get(`floor:${chain}`) ?? 0);
  const seqs = (chain: string): number[] => {
    const prefix = nameOf(chain, 0).slice(0, -12);
    const listed = bucket
      .names()
      .filter((object) => object.startsWith(prefix) && /^\d{12}$/.test(object.slice(prefix.length)))
      .map((object) => Number(object.slice(prefix.length)));
    // A list of a folder may leave out what others make meanwhile: what is missing below the last is asked for by its name.
    const there = new Set(listed);
    for (let seq = floor(chain); seq < Math.max(...listed); seq += 1)
      if (!there.has(seq) && bucket.get(nameOf(chain, seq))) there.add(seq);
    return [...there].sort((a, b) => a - b);
  };

  async function store(object: string, bytes: Uint8Array): Promise<boolean> {
    if (flaw === "ignores-the-condition") {
      bucket.put(object, bytes);
      return true;
    }
    if (flaw !== "racy") return bucket.create(object, bytes);
    // Looking first and writing then: between the two there is room for others.
    if (bucket.get(object)) return false;
    await sleep(1);
    bucket.put(object, bytes);
    return true;
  }

  return {
    location: `sample:${name}`,
    capabilities: () => ({
      serialises: "strong",
      durable: "fsync",
      worm: "none",
      scope: "machine",
      maxEventBytes: MAX_EVENT_BYTES,
    }),

    async claim(chain, seq, bytes, { signal }): Promise<AuditClaim> {
      await wire(signal);
      if (!Number.isSafeInteger(seq) || seq < 0)
        throw problem(`slot ${seq}`, { failure: "refused" });
      if (bytes.byteLength > MAX_EVENT_BYTES && flaw !== "takes-any-size")
        throw problem(`${bytes.byteLength} bytes are too many`, { failure: "refused" });
      if (weather.denyWrites) throw problem("not allowed to write", { failure: "denied" });
      if (weather.full) throw problem("no room", { failure: "unavailable" });
      // One call is refused in passing: it is made again.
      weather.refuseOnce = false;
      const pruned = seq < floor(chain) && flaw !== "forgets-when-pruned";
      if (pruned) throw problem(`slot ${seq} was pruned`, { failure: "refused" });
      if (seq > floor(chain) && flaw !== "accepts-gaps" && !bucket.get(nameOf(chain, seq - 1)))
        throw problem(`slot ${seq - 1} is empty`, { failure: "refused" });
      const written = flaw === "loses-bytes" ? bytes.filter((byte) => byte !== 0) : bytes;
      const won = await store(nameOf(chain, seq), written);
      bucket.create(`chain:${chain}`, new Uint8Array());
      if (weather.loseNextReply) {
        weather.loseNextReply = false;
        if (flaw === "retries-unknown") throw problem("no answer", { failure: "unavailable" });
        throw problem("no answer", { indeterminate: true });
      }
      if (won) return { status: "claimed", alreadyMine: false };
      const there = bucket.get(nameOf(chain, seq)) ?? new Uint8Array();
      if (Buffer.compare(there, bytes) === 0) return { status: "claimed", alreadyMine: true };
      return { status: "taken", bytes: there };
    },

    async head(chain, { signal }): Promise<AuditHead | null> {
      await wire(signal);
      if (flaw === "stale-head" && head) return head;
      const all = seqs(chain);
      const seq = all.at(-1);
      const bytes = seq === undefined ? null : bucket.get(nameOf(chain, seq));
      if (seq === undefined || !bytes) return null;
      head = { seq, entries: [{ seq, bytes }], count: all.length + floor(chain) };
      return head;
    },

    async *read(chain, from, to, { signal }): AsyncGenerator<AuditEntry> {
      await wire(signal);
      const wanted = seqs(chain).filter((seq) => seq >= from && (to === undefined || seq <= to));
      // Ten comes before nine for who sorts by the text.
      if (flaw === "reorders") wanted.sort((a, b) => (String(a) < String(b) ? -1 : 1));
      for (const seq of wanted) yield { seq, bytes: bucket.get(nameOf(chain, seq)) as Uint8Array };
    },

    async *chains({ signal }): AsyncGenerator<string> {
      await wire(signal);
      for (const object of bucket.names())
        if (object.startsWith("chain:")) yield object.slice("chain:".length);
    },

    async *verifyStore(chain) {
      const prefix = nameOf(chain, 0).slice(0, -12);
      for (const object of bucket.names())
        if (object.startsWith(prefix) && !/^\d{12}$/.test(object.slice(prefix.length)))
          yield { code: "foreign_object", message: `${object} is no event`, tampering: true };
    },

    async prune(chain, upTo, { signal }) {
      await wire(signal);
      const last = seqs(chain).at(-1) ?? -1;
      if (upTo >= last) throw problem("the last event stays", { failure: "refused" });
      bucket.put(`floor:${chain}`, Buffer.from(String(upTo + 1)));
      for (const seq of seqs(chain)) if (seq <= upTo) bucket.delete(nameOf(chain, seq));
      if (flaw === "forgets-when-pruned") bucket.delete(`floor:${chain}`);
    },
  };
}

const config: StandardSchema<unknown, SampleAuditConfig> = {
  "~standard": {
    version: 1,
    vendor: "sample",
    validate(value) {
      const given = value as Record<string, unknown>;
      const issues = Object.keys(given)
        .filter((key) => !["memory", "folder", "flaw"].includes(key))
        .map((key) => ({ message: `Unknown key ${key}`, path: [key] }));
      for (const key of ["memory", "folder"])
        if (given[key] !== undefined && typeof given[key] !== "string")
          issues.push({ message: "Not a string", path: [key] });
      return issues.length > 0 ? { issues } : { value: given };
    },
  },
};

const plugin: FloePlugin = {
  apiVersion: "floe.dev/v1",
  meta: { name: "floe-plugin-sample-audit", version: "1.0.0" },
  auditBackends: [
    {
      id: "sample",
      summary: "Objects in memory or in a folder",
      config,
      open: async (given: SampleAuditConfig) => openSample(given),
    },
  ],
} as FloePlugin;
export default plugin;
