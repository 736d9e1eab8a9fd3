import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { FloePlugin } from "@floe/core/plugin";
import postgres from "@floe/plugin-audit-postgres";
import s3 from "@floe/plugin-audit-s3";
import sqlite from "@floe/plugin-audit-sqlite";
import { startDockerRegistry, startPostgres, startRadosgw } from "@floe/testing";
import { appendEvent } from "./append-events.ts";
import { collect, LATEST, openBackend, time } from "./ledger.ts";
import { makeBucket } from "./make-bucket.ts";
import { makeProject } from "./make-project.ts";
import { openFloe } from "./open-floe.ts";
import type { Measured } from "./race.ts";

const EVENT_BYTES = 1900;
/** How often something is read: as often as there is a slowest one in a hundred. */
const READS = 100;

/** Where a ledger is, once its server runs. */
interface Place {
  /** The repository of the artifacts. Default: a folder. */
  readonly uri?: string;
  readonly audit?: unknown;
  readonly plugin?: FloePlugin;
  /** What the plugin is opened with. */
  readonly settings?: unknown;
  readonly secret?: string;
  /** Requests that the registry has answered so far. */
  readonly requests?: () => number;
}

/** A backend of ledgers. */
export interface LedgerStore {
  readonly name: string;
  /** Starts what it needs, and measures while that runs. */
  measure(
    folder: string,
    options: { readonly count: number; readonly signal: AbortSignal },
  ): Promise<Measured[]>;
}

/** Every backend that floe comes with, with a real server behind it. */
export const LEDGER_STORES: readonly LedgerStore[] = [
  { name: "folder", measure: (folder, options) => measure(folder, {}, options) },
  {
    name: "docker-registry",
    async measure(folder, options) {
      await using registry = await startDockerRegistry({ signal: options.signal });
      const requests = () => registry.requests().length;
      const uri = `oci://${registry.host}/bench/ledger`;
      return await measure(folder, { uri, requests }, options);
    },
  },
  {
    name: "SQLite",
    measure: (folder, options) =>
      measure(
        folder,
        { audit: { backend: "database" }, plugin: sqlite, settings: { path: "raw.db" } },
        options,
      ),
  },
  {
    name: "PostgreSQL",
    async measure(folder, options) {
      await using cluster = await startPostgres({ signal: options.signal });
      const { url } = cluster;
      const audit = { backend: "database", database_url: url };
      return await measure(folder, { audit, plugin: postgres, settings: { url } }, options);
    },
  },
  {
    name: "S3 (radosgw, objects in memory)",
    async measure(folder, options) {
      await using ceph = await startRadosgw({ signal: options.signal });
      const bucket = await makeBucket(ceph, options.signal);
      const secret = `${ceph.accessKeyId}:${ceph.secretAccessKey}`;
      const where = { endpoint: ceph.endpoint, credentials_ref: "env:KEYS" };
      const audit = { backend: "s3", s3_bucket: bucket, with: where };
      const settings = { bucket, ...where };
      return await measure(folder, { audit, plugin: s3, settings, secret }, options);
    },
  },
];

/**
 * Single appends, each durable before the next, and reading: first what the store itself takes for them, then floe within this
 * process, which also checks what it goes by, signs and reads back.
 */
async function measure(
  folder: string,
  { uri = "oci-layout:registry", audit, plugin, settings, secret = "", requests }: Place,
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  mkdirSync(folder, { recursive: true });
  const rows: Measured[] = [];
  if (plugin) {
    const backend = await openBackend(plugin, settings, { baseDir: folder, secret, signal });
    // Connecting, and making the tables, is not what is measured.
    await backend.claim("other", 0, Buffer.from("{}"), { signal });
    const event = (seq: number) => Buffer.from(String(seq).padEnd(EVENT_BYTES, "."));
    const latest = async (): Promise<void> => {
      const from = count - LATEST;
      const read = await collect(backend.read("bench", from, undefined, { signal }));
      if (read.length !== LATEST) throw new Error(`${read.length} events were read`);
    };
    rows.push(
      await time(`store: append ${EVENT_BYTES} bytes`, count, (seq) =>
        backend.claim("bench", seq, event(seq), { signal }),
      ),
      await time("store: newest event", READS, () => backend.head("bench", { signal })),
      await time(`store: newest ${LATEST}`, READS, latest),
    );
    await backend[Symbol.asyncDispose]?.();
  }
  const project = makeProject(join(folder, "project"), uri, audit);
  await using floe = await openFloe(project.manifest, { signal, secret });
  // The first begins the ledger.
  await appendEvent(floe, "dev", 0, signal);
  await appendEvent(floe, "dev", 1, signal);
  const before = requests?.() ?? 0;
  const appended = await time("floe: append", count, (number) =>
    appendEvent(floe, "dev", number, signal),
  );
  const each = requests ? Math.round(((requests() - before) / count) * 10) / 10 : null;
  rows.push(
    { ...appended, requests: each },
    await time(`floe: list the newest ${LATEST}, signatures checked`, 20, async () => {
      const listed = await floe.history({ environment: "dev", limit: LATEST }, { signal });
      if (listed.length !== LATEST) throw new Error(`${listed.length} events were listed`);
    }),
  );
  return rows;
}
