import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import sqlite from "@floe/plugin-audit-sqlite";
import { appendEvent } from "./append-events.ts";
import { floe, runCommand } from "./command.ts";
import { makeProject } from "./make-project.ts";
import { openFloe } from "./open-floe.ts";
import { type Measured, race } from "./race.ts";
import { type GrownLedger, growLedger } from "./synthetic-ledger.ts";

const ENVIRONMENTS = ["one", "two", "three", "four", "five"];

/** How many of the newest events are read at a time. */
export const LATEST = 50;

/** Does something so many times and notes how long each time took. */
export async function time(
  name: string,
  count: number,
  work: (index: number) => Promise<unknown>,
): Promise<Measured> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const begun = performance.now();
    await work(index);
    times.push(performance.now() - begun);
  }
  return { name, side: "floe", times: times.sort((a, b) => a - b), requests: null };
}

/** Reads to the end. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Opens a backend of a plugin by its settings. */
export async function openBackend(
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

/**
 * One SQLite ledger with so many events: what its store is asked for, and what `floe audit list` makes of it, signatures and all.
 * `bytes`: mean size of an event.
 */
export async function measureLargeLedger(
  folder: string,
  events: number,
  options: { readonly rounds: number; readonly signal: AbortSignal },
): Promise<{ readonly rows: Measured[]; readonly bytes: number; readonly seconds: number }> {
  const { rounds, signal } = options;
  const begun = performance.now();
  const grown = await makeLargeLedger(folder, events, signal);
  const seconds = (performance.now() - begun) / 1000;
  await using backend = (await openBackend(
    sqlite,
    { path: ".floe/audit.db" },
    { baseDir: folder, secret: "", signal },
  )) as AuditBackend & AsyncDisposable;
  const [chain = ""] = await collect(backend.chains({ signal }));
  const read = async (): Promise<void> => {
    const newest = await collect(backend.read(chain, events - LATEST, undefined, { signal }));
    if (newest.length !== LATEST) throw new Error(`${newest.length} events were read`);
  };
  await using opened = await openFloe(join(folder, "manifest.yaml"), { signal });
  const list = async (): Promise<void> => {
    const listed = await opened.history({ limit: LATEST }, { signal });
    if (listed.length !== LATEST) throw new Error(`${listed.length} events were listed`);
  };
  const many = rounds * 20;
  return {
    rows: [
      await time("store: newest event", many, () => backend.head(chain, { signal })),
      await time(`store: newest ${LATEST}`, many, read),
      await time(`floe: list the newest ${LATEST}, signatures checked`, many, list),
      await time("store: slots by digest", many, async () => {
        const slots = await backend.find?.(chain, grown.digest, { signal });
        if (slots?.length !== grown.about) throw new Error(`${slots?.length} slots were found`);
      }),
      await time(`floe: list ${grown.about} by digest, signatures checked`, many, async () => {
        const listed = await opened.history({ digest: grown.digest }, { signal });
        if (listed.length !== grown.about) throw new Error(`${listed.length} events were listed`);
      }),
      await time("store: one event more, durable", many, (index) =>
        backend.claim(chain, events + index, Buffer.from("{}".padEnd(grown.bytes)), { signal }),
      ),
    ],
    ...grown,
    seconds,
  };
}

async function makeLargeLedger(
  folder: string,
  events: number,
  signal: AbortSignal,
): Promise<GrownLedger> {
  const project = makeProject(folder, "oci-layout:registry", { backend: "database" });
  {
    await using begun = await openFloe(project.manifest, { signal });
    await appendEvent(begun, "dev", 0, signal);
  }
  return await growLedger(project.manifest, "dev", events, signal);
}

/** `status` of five environments with so many events in one SQLite file, as a command. */
export async function raceLedgerStatus(
  folder: string,
  options: { readonly rounds: number; readonly events: number; readonly signal: AbortSignal },
): Promise<Measured[]> {
  const { events, rounds, signal } = options;
  mkdirSync(folder, { recursive: true });
  const audit = { backend: "database" };
  const project = makeProject(folder, "oci-layout:registry", audit, ENVIRONMENTS);
  await project.publish("v0.1.0", signal);
  for (const environment of ENVIRONMENTS) {
    runCommand(floe(folder, "promote", "v0.1.0", "--to", environment));
    await growLedger(project.manifest, environment, events / ENVIRONMENTS.length, signal);
  }
  const status = {
    name: `floe platform status, ${events} events in SQLite`,
    side: "floe",
    run: () => runCommand(floe(folder, "platform", "status")),
  } as const;
  return await race([status], { rounds });
}
