import type { ArtifactStore } from "@floe/core";
import { describe, expect, test } from "vitest";
import { go, type World } from "../review/a-world.ts";
import { anApprovedWorld, approve, IN_PROD, TO_PROD, verdictOf } from "./an-approved-world.ts";

/** A store of the same content that does something right after its first write of a tag, before whoever writes goes on. */
function interrupted(world: World, prefix: string, act: () => Promise<unknown>): ArtifactStore {
  let done = false;
  return world.store.reopen({
    async afterWrite(_, { kind, target }) {
      if (done || kind !== "tag" || !target.startsWith(prefix)) return;
      done = true;
      await act();
    },
  });
}

describe.each(["atomic", "compare-then-put"] as const)(
  "while others act at the same time, on a store with %s tags",
  { concurrent: false },
  (tagCreation) => {
    const make = async (prod = {}) => await anApprovedWorld(prod, { tagCreation });
    const TWO = { approvals: { required: 2, from_groups: ["approvers"] } };

    test("two approvals given at once both count", async () => {
      await using world = await make(TWO);
      await Promise.all([approve(world, "bob"), approve(world, "carol")]);
      const done = await world.floe().promote(TO_PROD);
      expect(done.kind).toBe("done");
      if (done.kind !== "done") return;
      expect(done.plan.approvals.granted.map(({ by }) => by).sort()).toEqual(["bob", "carol"]);
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row).toMatchObject({ version: "v1.0.0", findings: [] });
    });

    test.each([
      [
        "a denial",
        async (world: World) => await world.floe({ who: "carol" }).deny(IN_PROD),
        "FLOE_APPROVAL_DENIED",
      ],
      [
        "a withdrawal",
        async (world: World) =>
          await world.floe({ who: "bob" }).approve({ ...IN_PROD, withdraw: true }),
        "FLOE_APPROVAL_REQUIRED",
      ],
    ] as const)(
      "%s that arrives when the record is written stops the promotion",
      async (_, act, code) => {
        await using world = await make();
        await approve(world, "bob");
        const store = interrupted(world, "floe-rec.", async () => await act(world));
        const stopped = await world.floe({ store }).promote(TO_PROD);
        expect(verdictOf(stopped)).toMatchObject({ kind: "blocked", exitCode: 16 });
        expect(verdictOf(stopped).codes).toContain(code);
        expect(world.store.tags()).not.toHaveProperty("v1.0.0-prod");
        expect(world.store.tags()).not.toHaveProperty("latest-prod");
        const [row] = await world.floe().status({ environment: "prod" });
        expect(row).toMatchObject({ openIntents: [], version: null, drift: null });
        const events = await world.floe().history({ environment: "prod" });
        expect(events.map(({ kind, result }) => [kind, result])).toContainEqual([
          "outcome",
          "aborted",
        ]);
      },
    );

    test("an approval that arrives when the record is written stops nothing", async () => {
      await using world = await make();
      await approve(world, "bob");
      const store = interrupted(world, "floe-rec.", async () => await approve(world, "carol"));
      const done = await world.floe({ store }).promote(TO_PROD);
      expect(done).toMatchObject({ kind: "done", resumed: false });
      const events = await world.floe().history({ environment: "prod" });
      expect(events.filter(({ kind }) => kind === "intent")).toHaveLength(1);
      // It was for the same artifact, so it is spent as well.
      expect(verdictOf(await world.floe().promote({ ...TO_PROD, force: true })).codes).toEqual([
        "FLOE_APPROVAL_REQUIRED",
      ]);
    });

    test("one approval is enough for one of two promotions only", async () => {
      await using world = await make();
      await approve(world, "bob");
      const runs = await Promise.allSettled(
        ["release", "alice"].map((who) => world.floe({ who }).promote(TO_PROD)),
      );
      const kinds = runs.map((run) => (run.status === "fulfilled" ? run.value.kind : "threw"));
      expect(kinds.filter((kind) => kind === "done")).toHaveLength(1);
      const events = await world.floe().history({ environment: "prod" });
      expect(events.filter(({ result }) => result === "succeeded")).toHaveLength(1);
    });

    test("an approver and an operator may begin the ledger at the same time", async () => {
      await using world = await make();
      const [approved, promoted] = await Promise.all([
        world.floe({ who: "bob" }).approve(IN_PROD),
        world.floe().promote(TO_PROD),
      ]);
      expect(approved.kind).toBe("done");
      if (promoted.kind !== "done") {
        expect(verdictOf(promoted).exitCode).toBe(16);
        expect((await world.floe().promote(TO_PROD)).kind).toBe("done");
      }
      const [row] = await world.floe().status({ environment: "prod" });
      expect(row).toMatchObject({ version: "v1.0.0", findings: [] });
      expect(await world.store.resolve("v1.0.0-prod", go)).not.toBeNull();
    });

    test("a promotion that was cut off is judged again before it is taken up", async () => {
      await using world = await make();
      await approve(world, "bob");
      const store = world.store.reopen({
        onWrite(_, { kind, target }) {
          if (kind === "tag" && target === "v1.0.0-prod") throw new Error("killed");
          if (kind === "tag" && target.startsWith("floe-ev.prod.") && cut)
            throw new Error("killed");
          if (kind === "tag" && target.startsWith("floe-rec.")) cut = true;
        },
      });
      let cut = false;
      await expect(world.floe({ store, runsOn: "dead" }).promote(TO_PROD)).rejects.toThrow();
      await world.floe({ who: "carol" }).deny(IN_PROD);
      expect(verdictOf(await world.floe().promote(TO_PROD))).toMatchObject({
        codes: ["FLOE_APPROVAL_DENIED"],
      });
      await world.floe({ who: "carol" }).deny({ ...IN_PROD, withdraw: true });
      const done = await world.floe().promote(TO_PROD);
      expect(done).toMatchObject({ kind: "done" });
      const events = await world.floe().history({ environment: "prod" });
      expect(events.filter(({ result }) => result === "succeeded")).toHaveLength(1);
    });
  },
);
