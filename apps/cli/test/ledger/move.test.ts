import { rmSync } from "node:fs";
import type { Floe, Manifest } from "@floe/core";
import type { AuditBackend, AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import sqlite from "@floe/plugin-audit-sqlite";
import type { MemoryStore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import type { WorldOptions } from "../review/a-world.ts";
import { aSqliteWorld, endOf, type SqliteWorld } from "./a-sqlite-world.ts";

const REGISTRY = { backend: "oci" };
const FILE = { backend: "database" };
const BACK = { backend: "oci", previous: [FILE] };

/** A project whose ledgers have begun in one place, and the manifest that names another. */
async function aWorldThatMoves(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
  options: WorldOptions = {},
): Promise<{ readonly world: SqliteWorld; readonly next: Manifest }> {
  const world = await aSqliteWorld({ audit: from, ...options });
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev", "staging");
  }
  await world.as({}, (floe) => floe.lock({ environment: "staging", reason: "audit" }));
  return { world, next: await world.remake({ audit: to }) };
}

async function words(world: SqliteWorld, manifest: Manifest, environment = "staging") {
  return await world.as({ manifest }, async (floe) => {
    const [audit] = await floe.audit({ environment });
    const { integrity, completeness, anchoring, authenticity } = audit?.verdicts ?? {};
    return {
      events: audit?.events,
      said: [integrity, completeness, authenticity, anchoring].map((one) => one?.verdict),
      why: [integrity, completeness, authenticity, anchoring].map((one) => one?.summary),
    };
  });
}

const ways = [
  ["a plain registry", "SQLite", REGISTRY, FILE, "compare-then-put"],
  ["a registry that serialises", "SQLite", REGISTRY, FILE, "atomic"],
  ["SQLite", "a plain registry", FILE, BACK, "compare-then-put"],
  ["SQLite", "a registry that serialises", FILE, BACK, "atomic"],
] as const;

describe("floe audit move", () => {
  test.each(ways)(
    "lets ledgers go on from %s to %s, with all they had",
    async (_, __, from, to, tagCreation) => {
      const { world, next } = await aWorldThatMoves(from, to, { tagCreation });
      await using _world = world;
      await world.as({}, (floe) => floe.checkpoint({}));
      const before = await world.as({}, (floe) => floe.history({ environment: "staging" }));

      const moved = await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));
      const again = await world.as({}, (floe) => floe.moveLedgers({ to: next.audit }));

      expect(moved.map(({ status, events }) => [status, events])).toEqual([
        ["moved", 5],
        ["moved", 6],
        ["none", 0],
      ]);
      expect(again.map(({ status }) => status)).toEqual(["already", "already", "none"]);
      await world.as({ manifest: next }, async (floe) => {
        const [row] = await floe.status({ environment: "staging" });
        expect(row).toMatchObject({ version: "v1.1.0", drift: null, lock: { reason: "audit" } });
        // What it refused before it refuses now, and what it knows of its past it goes back to.
        const locked = await endOf(floe.rollback({ environment: "staging", reason: "x" }));
        expect(locked).toMatch(/LOCKED/);
        await floe.unlock({ environment: "staging", reason: "over" });
        expect(await endOf(floe.rollback({ environment: "staging", reason: "broken" }))).toBe("done");
        const after = await floe.history({ environment: "staging" });
        expect(after.filter(({ hash }) => before.some((one) => one.hash === hash))).toEqual(before);
        expect(after.map(({ seq }) => seq)).toEqual(after.map((_, at) => after.length - 1 - at));
        expect(await floe.verify({ environment: "staging" })).toMatchObject({ trusted: true });
        expect(await floe.drift({})).toEqual([]);
        await floe.checkpoint({});
      });
      const { said, why, events } = await words(world, next);
      expect([said, why]).toEqual([["ok", "ok", "ok", "ok"], why]);
      // The beginning there, the unlocking, the rollback's intent and outcome; the refusal is an event as well.
      expect(events).toBe(11);
      expect(await words(world, next, "dev")).toMatchObject({ said: ["ok", "ok", "ok", "ok"] });
      // Whoever has the old manifest, or points elsewhere, gets nowhere.
      const third = await world.remake({ audit: { ...FILE, database_url: "sqlite:other.db" } });
      for (const manifest of [world.manifest, third])
        expect(
          await endOf(
            world.as({ manifest }, (floe) => floe.promote({ version: "v1.0.0", to: "dev" })),
          ),
        ).toBe("FLOE_LEDGER_ELSEWHERE 18");
    },
  );
});
