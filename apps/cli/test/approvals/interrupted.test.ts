import { FloeError } from "@floe/core/errors";
import { describe, expect, test } from "vitest";
import { go, type World } from "../review/a-world.ts";
import { anApprovedWorld, approve, IN_PROD, promoteTwice, TO_PROD } from "./an-approved-world.ts";

const PINNED = { authorization: { allowed_groups: ["ops"], pin_policy: true } };
const down = (): FloeError => new FloeError({ code: "FLOE_REGISTRY_UNAVAILABLE", message: "down" });

/** A handle on the store whose Nth write is the last thing that its process does: `before` or `after` it took effect. */
function cutAt(world: World, at: number, when: "before" | "after") {
  let dead = false;
  let struck = false;
  const die = (n: number, moment: "before" | "after"): void => {
    if (dead) throw down();
    if (n !== at || moment !== when) return;
    dead = true;
    struck = true;
    throw down();
  };
  const store = world.store.reopen({
    onWrite: (n) => die(n, "before"),
    afterWrite: (n) => die(n, "after"),
  });
  return { store, struck: () => struck };
}

describe.each(["atomic", "compare-then-put"] as const)("on a store with %s tags", (tagCreation) => {
  test.each(["before", "after"] as const)(
    "a first promotion that pins and uses an approval, killed %s any write, ends like one run",
    { timeout: 120_000 },
    async (when) => {
      for (let at = 1, going = true; going; at += 1) {
        await using world = await anApprovedWorld(PINNED, { tagCreation });
        await approve(world, "bob");
        const { store, struck } = cutAt(world, at, when);
        await world
          .floe({ store, runsOn: "dead" })
          .promote(TO_PROD)
          .catch(() => null);
        going = struck();
        const again = await world.floe().promote({ ...TO_PROD, ifNeeded: true });
        expect(["done", "unchanged"], `write ${at}`).toContain(again.kind);
        const events = await world.floe().history({ environment: "prod" });
        const count = (kind: string, result?: string): number =>
          events.filter((event) => event.kind === kind && (result ?? event.result) === event.result)
            .length;
        expect([count("policy"), count("outcome", "succeeded")], `write ${at}`).toEqual([1, 1]);
        expect(count("intent"), `write ${at}`).toBe(count("outcome"));
        const [row] = await world.floe().status({ environment: "prod" });
        expect(row, `write ${at}`).toMatchObject({
          version: "v1.0.0",
          drift: null,
          findings: [],
          policy: { matches: true },
        });
        // However it ended, the approval is used up.
        expect(await promoteTwice(world, {}, { force: true }), `write ${at}`).toMatchObject({
          codes: ["FLOE_APPROVAL_REQUIRED"],
        });
      }
    },
  );

  test.each(["before", "after"] as const)(
    "an approval that is killed %s any write counts once, and is published by the same command",
    { timeout: 120_000 },
    async (when) => {
      for (let at = 1, going = true; going; at += 1) {
        await using world = await anApprovedWorld(PINNED, { tagCreation });
        const { store, struck } = cutAt(world, at, when);
        await world
          .floe({ store, who: "bob" })
          .approve(IN_PROD)
          .catch(() => null);
        going = struck();
        await approve(world, "bob");
        const events = await world.floe().history({ environment: "prod" });
        expect(
          events.filter(({ kind }) => kind === "approval"),
          `write ${at}`,
        ).toHaveLength(1);
        expect(await world.store.listTags({ ...go, prefix: "floe-apr." })).toHaveLength(1);
        expect((await promoteTwice(world)).kind, `write ${at}`).toBe("done");
      }
    },
  );
});

describe("an override of approvals", () => {
  const LANE = { overrides: { approval: { groups: ["ops"] } } };
  const override = { kinds: ["approval"], reason: "incident 4711" };

  test("lets a missing approval and a denial pass, for whom the environment names, and is recorded", async () => {
    await using world = await anApprovedWorld(LANE);
    await world.floe({ who: "carol" }).deny(IN_PROD);
    const plain = await world.floe().promote(TO_PROD);
    expect(plain.kind === "blocked" && plain.blocking[1]?.hint).toContain("--override approval");
    const done = await world.floe().promote({ ...TO_PROD, override });
    expect(done).toMatchObject({
      kind: "done",
      plan: { overrides: [{ kind: "approval", reason: "incident 4711", by: "release" }] },
    });
  });

  test("lets nothing pass for anybody else", async () => {
    await using world = await anApprovedWorld({
      overrides: { approval: { groups: ["approvers"] } },
    });
    const refused = await world.floe().promote({ ...TO_PROD, override });
    expect(refused.kind === "blocked" && refused.blocking.map(({ code }) => code)).toEqual([
      "FLOE_OVERRIDE_NOT_ALLOWED",
      "FLOE_APPROVAL_REQUIRED",
    ]);
  });

  test("does not hold for a denial that comes while it runs", async () => {
    await using world = await anApprovedWorld(LANE);
    let told = false;
    const store = world.store.reopen({
      async afterWrite(_, { kind, target }) {
        if (told || kind !== "tag" || !target.startsWith("floe-rec.")) return;
        told = true;
        await world.floe({ who: "carol" }).deny(IN_PROD);
      },
    });
    const stopped = await world.floe({ store }).promote({ ...TO_PROD, override });
    expect(stopped.kind === "blocked" && stopped.blocking.map(({ code }) => code)).toEqual([
      "FLOE_APPROVAL_DENIED",
    ]);
    expect(world.store.tags()).not.toHaveProperty("v1.0.0-prod");
    // Who knows of it may use the lane.
    expect((await world.floe().promote({ ...TO_PROD, override })).kind).toBe("done");
  });
});
