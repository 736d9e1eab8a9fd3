import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditBackend, AuditBackendProvider } from "@floe/core/plugin";
import sqlite from "@floe/plugin-audit-sqlite";
import { appendEvents } from "./append-events.ts";
import { floe, runCommand } from "./command.ts";
import { type Measured, race } from "./race.ts";

const EVENT_BYTES = 1900;
const ENVIRONMENTS = ["one", "two", "three", "four", "five"];

/** Single appends to an SQLite ledger, each on the disk before the next; the row of p99 is the slowest in a hundred. */
export async function measureAppends(
  folder: string,
  count: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  const backend = await openLedger(folder, signal);
  const times: number[] = [];
  for (let seq = 0; seq < count; seq += 1) {
    const bytes = Buffer.from(String(seq).padEnd(EVENT_BYTES, "."));
    const begun = performance.now();
    await backend.claim("bench", seq, bytes, { signal });
    times.push(performance.now() - begun);
  }
  await backend[Symbol.asyncDispose]?.();
  times.sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  const row = { side: "floe", requests: null } as const;
  return [
    { ...row, name: "SQLite", times },
    { ...row, name: "SQLite, p99", times: [p99] },
  ];
}

async function openLedger(baseDir: string, signal: AbortSignal): Promise<AuditBackend> {
  const [provider] = sqlite.auditBackends as readonly AuditBackendProvider[];
  if (!provider) throw new Error("the plugin has no backend");
  const readSecret = () => Promise.reject(new Error("there are no secrets"));
  return await provider.open({ path: "audit.db" }, { signal, baseDir, readSecret });
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
