import type { Floe } from "@floe/core";
import type { AuditBackend } from "@floe/core/plugin";
import type { MemoryStore } from "@floe/testing";
import { expect, test } from "vitest";
import { aSqliteWorld, type SqliteWorld } from "./a-sqlite-world.ts";
import { endOf } from "./runs-apart.ts";

/** A process that dies at one of its writes, to the registry or the ledger: nothing is written after that. */
interface Mortal {
  readonly store: MemoryStore;
  readonly ledger: AuditBackend;
  /** How many writes there were until now. */
  readonly writes: () => number;
}

async function mortal(world: SqliteWorld, at: number, phase: "before" | "after"): Promise<Mortal> {
  let writes = 0;
  let dead = false;
  const enter = (): void => {
    if (dead) throw new Error("killed");
    writes += 1;
    dead = writes === at && phase === "before";
    if (dead) throw new Error("killed");
  };
  const leave = (): void => {
    dead ||= writes === at;
    if (dead) throw new Error("killed");
  };
  const backend = await world.openLedger();
  const claim: AuditBackend["claim"] = async (...call) => {
    enter();
    const answer = await backend.claim(...call);
    leave();
    return answer;
  };
  const ledger = Object.create(backend, { claim: { value: claim } }) as AuditBackend;
  return {
    store: world.store.reopen({ onWrite: enter, afterWrite: leave }),
    ledger,
    writes: () => writes,
  };
}

const cases: readonly {
  readonly name: string;
  readonly run: (floe: Floe) => Promise<{ readonly kind: string }>;
  readonly ends: string;
}[] = [
  {
    name: "a promotion",
    run: (floe) => floe.promote({ version: "v1.1.0", to: "staging" }),
    ends: "v1.1.0",
  },
  {
    name: "a rollback",
    run: (floe) => floe.rollback({ environment: "dev", reason: "broken", version: "v1.0.0" }),
    ends: "v1.0.0",
  },
];

// In this process, because a kill of a real one at every write costs a second each; the conformance kit kills real ones
// while they write to the file.
test.each(cases)(
  "$name that dies at any write to registry or ledger is finished by the same command",
  async ({ name, run, ends }) => {
    const environment = name === "a promotion" ? "staging" : "dev";
    for (const phase of ["before", "after"] as const) {
      let complete = false;
      for (let at = 1; !complete; at += 1) {
        await using world = await aSqliteWorld();
        for (const version of ["v1.0.0", "v1.1.0"]) {
          await world.publish(version);
          await world.promote(version, "dev");
        }
        await world.promote("v1.0.0", "staging");
        const { store, ledger, writes } = await mortal(world, at, phase);
        const first = await endOf(run(world.floe({ store, ledger, runsOn: "dead" })));
        await ledger[Symbol.asyncDispose]?.();
        complete = writes() < at;
        const where = `${phase} write ${at}: ${first}`;
        const tags = world.store.tags();
        const left = await world.as({}, (floe) => floe.history({ environment }));
        const count = (events: typeof left, kind: string): number =>
          events.filter((event) => event.kind === kind).length;
        // Each environment had a promotion or two before, with as many intents as outcomes.
        const finished = count(left, "outcome") > (environment === "staging" ? 1 : 2);
        // No tag without an intent: of what the run was about, nothing is there before it was announced.
        if (tags["v1.1.0-staging"] !== undefined && environment === "staging")
          expect([where, count(left, "intent")]).toEqual([where, 2]);

        const again = await endOf(world.as({}, run));

        expect([where, again]).toEqual([
          where,
          finished ? expect.stringMatching(/^FLOE_/) : "done",
        ]);
        await world.as({}, async (floe) => {
          const [row] = await floe.status({ environment });
          expect([where, row?.version, row?.drift, row?.openIntents]).toEqual([
            where,
            ends,
            null,
            [],
          ]);
          const history = await floe.history({ environment });
          expect([where, count(history, "intent")]).toEqual([where, count(history, "outcome")]);
          const [audit] = await floe.audit({ environment });
          expect([
            where,
            audit?.verdicts.integrity.verdict,
            audit?.verdicts.completeness.verdict,
          ]).toEqual([where, "ok", "ok"]);
        });
      }
    }
  },
);
