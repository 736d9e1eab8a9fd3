import { verifyAuditBundle } from "@floe/core";
import { createVerifier } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, type RawEvent, type World } from "./a-world.ts";

const environments = [{ name: "dev", gates: { policy_compliance: true } }];

type Json = Readonly<Record<string, unknown>>;

/** Two promotions: 0 genesis, 1 intent and 2 outcome of v1.0.0, 3 intent and 4 outcome of v1.1.0. */
async function twoPromotions(tagCreation: "atomic" | "compare-then-put"): Promise<World> {
  const world = await aWorld({ environments, tagCreation });
  for (const version of ["v1.0.0", "v1.1.0"]) {
    await world.publish(version);
    await world.promote(version, "dev");
  }
  return world;
}

/** Appends what `release`, who may act, signs by hand: the event with a number once more, with changes. */
async function append(world: World, like: number, changes: Json): Promise<string> {
  const events = await world.events("dev");
  const last = events.at(-1) as RawEvent;
  const model = (events[like] as RawEvent).event;
  const seq = last.event.seq + 1;
  const place = { seq, size: last.event.size + 1, prev: last.hash, state: last.event.state };
  return await world.forge("release", { ...model, ...place, id: `by hand ${seq}`, ...changes });
}

/** Opens an operation by hand. */
async function begin(world: World, changes: Json = {}): Promise<string> {
  const [, , , intent, last] = await world.events("dev");
  const body = { ...intent?.event.body, ...changes };
  const { digest } = body as { digest?: unknown };
  const open = { operation: "by hand", seq: 5, digest, by: "release", owner_seq: 5 };
  const state = { ...last?.event.state, open_intents: [open] };
  return await append(world, 3, { operation: "by hand", body, state });
}

/** Ends it, and says something else of it. */
async function end(world: World, operation: string, changes: Json): Promise<void> {
  const [, , , , last] = await world.events("dev");
  const body = { ...last?.event.body, result: "failed", record: null, ...changes };
  await append(world, 4, { operation, body, state: { ...last?.event.state } });
}

const cases: readonly (readonly [
  what: string,
  forge: (world: World) => Promise<void>,
  answers: string,
])[] = [
  [
    "of one operation ends the intent of another",
    async (world) => {
      await begin(world);
      const [, , , other] = await world.events("dev");
      await end(world, "by hand", { intent: other?.hash });
    },
    "integrity: event 6: it ends event 3, the intent of another operation",
  ],
  [
    "ends what nobody has begun",
    async (world) => await end(world, "nothing", { intent: `sha256:${"0".repeat(64)}` }),
    `integrity: event 5: it ends sha256:${"0".repeat(64)}, which is no intent here; its operation nothing was begun by nothing`,
  ],
  [
    "speaks of another version than its intent",
    async (world) => {
      const intent = await begin(world);
      await end(world, "by hand", { intent, version: "v9.9.9" });
    },
    "integrity: event 6: it is about the promote of v9.9.9 (",
  ],
  [
    "ends an intent that is about another environment",
    async (world) => {
      const intent = await begin(world, { target: "prod" });
      await end(world, "by hand", { intent });
    },
    "integrity: event 6: it ends event 5, which is about prod",
  ],
  [
    "is the second one of its intent",
    async (world) => {
      const [, , , intent] = await world.events("dev");
      await end(world, intent?.event.operation ?? "", { intent: intent?.hash });
    },
    "completeness: event 5: it is a second outcome of the promote of v1.1.0, which event 4 has closed",
  ],
];

describe.each(["atomic", "compare-then-put"] as const)(
  "on a store with %s tags, an outcome that somebody wrote by hand who may act, and that",
  (tagCreation) => {
    test.each(cases)("%s, is found live and in a bundle", async (_, forge, wanted) => {
      await using world = await twoPromotions(tagCreation);
      const key = world.publicKeys["release"] ?? "";
      const trusted = [{ method: "key" as const, name: "release", publicKey: key }];
      const failures = async (): Promise<string[][]> => {
        const live = await world.floe().audit({});
        const { lines } = await world.floe().bundleLedgers({});
        const chunks = [Buffer.from(`${lines.join("\n")}\n`)];
        const bundled = await verifyAuditBundle({ name: "it", chunks, trusted }, createVerifier());
        return [live, bundled].map(([audit]) =>
          Object.entries(audit?.verdicts ?? {}).flatMap(([question, { verdict, summary }]) =>
            verdict === "failed" ? [`${question}: ${summary}`] : [],
          ),
        );
      };
      expect(await failures()).toEqual([[], []]);

      await forge(world);

      expect(await failures()).toEqual(Array(2).fill([expect.stringContaining(wanted)]));
    });
  },
);
