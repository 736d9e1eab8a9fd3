import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import postgres from "@floe/plugin-audit-postgres";
import s3 from "@floe/plugin-audit-s3";
import sqlite from "@floe/plugin-audit-sqlite";
import { startPostgres, startRadosgw } from "@floe/testing";
import { appendEvents } from "./append-events.ts";
import { floe, runCommand } from "./command.ts";
import { makeBucket } from "./make-bucket.ts";
import { type Measured, race } from "./race.ts";

const EVENT_BYTES = 1900;
const ENVIRONMENTS = ["one", "two", "three", "four", "five"];

/** How many of the newest events are read at a time. */
const LATEST = 50;

/**
 * Each store of ledgers by itself: single appends, each on the disk before the next, and what reading asks it for. The rows of
 * p99 are the slowest in a hundred.
 */
export async function measureStores(
  folder: string,
  count: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  await using cluster = await startPostgres({ signal });
  await using ceph = await startRadosgw({ signal });
  const bucket = await makeBucket(ceph, signal);
  const place = { bucket, endpoint: ceph.endpoint, credentials_ref: "env:KEYS" };
  const keys = `${ceph.accessKeyId}:${ceph.secretAccessKey}`;
  const stores = [
    { name: "SQLite", plugin: sqlite, settings: { path: "audit.db" } },
    { name: "PostgreSQL", plugin: postgres, settings: { url: cluster.url } },
    { name: "S3 (radosgw, in memory)", plugin: s3, settings: place },
  ];
  const rows: Measured[] = [];
  for (const { name, plugin, settings } of stores) {
    const backend = await openLedger(plugin, settings, { baseDir: folder, secret: keys, signal });
    // Connecting, and making the tables, is not what is measured.
    await backend.claim("other", 0, Buffer.from("{}"), { signal });
    const time = async (what: string, work: (index: number) => Promise<unknown>) => {
      const times: number[] = [];
      for (let index = 0; index < count; index += 1) {
        const begun = performance.now();
        await work(index);
        times.push(performance.now() - begun);
      }
      times.sort((a, b) => a - b);
      const row = { side: "floe", requests: null } as const;
      rows.push(
        { ...row, name: `${name}, ${what}`, times },
        { ...row, name: "  p99", times: [times[Math.floor(times.length * 0.99)] ?? 0] },
      );
    };
    await time("append", (seq) =>
      backend.claim("bench", seq, Buffer.from(String(seq).padEnd(EVENT_BYTES, ".")), { signal }),
    );
    await time("newest event", () => backend.head("bench", { signal }));
    await time(`newest ${LATEST}`, async () => {
      let read = 0;
      for await (const _ of backend.read("bench", count - LATEST, undefined, { signal })) read += 1;
      if (read !== LATEST) throw new Error(`${name} gave ${read} events`);
    });
    await backend[Symbol.asyncDispose]?.();
  }
  return rows;
}

async function openLedger(
  plugin: FloePlugin,
  settings: unknown,
  how: { readonly baseDir: string; readonly secret: string; readonly signal: AbortSignal },
): Promise<AuditBackend> {
  const [provider] = plugin.auditBackends as readonly AuditBackendProvider[];
  const result = await provider?.config["~standard"].validate(settings);
  if (!provider || !result || result.issues) throw new Error(JSON.stringify(result));
  const { baseDir, secret, signal } = how;
  return await provider.open(result.value, { signal, baseDir, readSecret: async () => secret });
}

/** `status` of five environments with so many events in one SQLite file, as a command. */
export async function raceLedgerStatus(
  folder: string,
  options: { readonly rounds: number; readonly events: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { events, rounds, signal } = options;
  runCommand(floe(folder, "init", "--name", "bench"));
  const path = join(folder, "manifest.yaml");
  const environments = ENVIRONMENTS.map(
    (name) => `{ name: ${name}, gates: { policy_compliance: true } }`,
  );
  const [before = ""] = readFileSync(path, "utf8").split(/^ {2}promotion:$/m);
  const promotion = [
    "  promotion:",
    "    operator: { key_ref: keys/release.key }",
    `    environments: [${environments.join(", ")}]`,
    "    audit: { backend: database }",
  ];
  // What the example says about environments by name is about others.
  const others = / {4}environments:\n(?: {6}.*\n)+/;
  writeFileSync(path, `${before.replace(others, "")}${promotion.join("\n")}\n`);
  for (const environment of ENVIRONMENTS) {
    runCommand(floe(folder, "promote", "v0.1.0", "--to", environment));
    await appendEvents(path, [environment], events / ENVIRONMENTS.length, signal);
  }
  const status = {
    name: `floe platform status, ${events} events in SQLite`,
    side: "floe",
    run: () => runCommand(floe(folder, "platform", "status")),
  } as const;
  return await race([status], { rounds });
}
