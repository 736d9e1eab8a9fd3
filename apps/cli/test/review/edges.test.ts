import type { Floe, OperationOutcome } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "./a-world.ts";

async function endOf(
  run: Promise<{
    readonly kind: string;
    readonly blocking?: OperationOutcome extends infer O
      ? O extends { blocking: infer B }
        ? B
        : never
      : never;
  }>,
): Promise<string> {
  try {
    const outcome = await run;
    return outcome.kind === "blocked" ? (outcome.blocking?.[0]?.code ?? "blocked") : outcome.kind;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function copyTag(world: World, from: string, to: string): Promise<void> {
  const raw = await world.store.getManifest(from, go);
  if (!raw) throw new Error(`${from} is gone`);
  await world.store.moveTag(to, { bytes: raw.bytes, mediaType: raw.descriptor.mediaType }, go);
}

function floeTags(world: World): string[] {
  return Object.keys(world.store.tags()).filter((tag) => tag.startsWith("floe-"));
}

async function inProd(world: World, ...versions: string[]): Promise<void> {
  for (const version of versions) {
    await world.publish(version);
    await world.promote(version, "dev", "staging", "prod");
  }
}

describe("what is asked for as a version", () => {
  test.each(["v1.0.0-dev", "v1.0.0-prod-rollback-1"])(
    "is not %s, which is a tag of an environment",
    async (version) => {
      await using world = await aWorld();
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev");
      expect(await endOf(world.floe().promote({ version, to: "dev" }))).toBe("FLOE_TAG_INVALID");
    },
  );

  test("is not believed to be promoted because its content once was under another version", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    await world.publish("v1.1.0", "content of v1.0.0");
    // Somebody with push rights makes it look as if v1.1.0 had been in staging.
    await copyTag(world, "v1.0.0", "v1.1.0-staging");
    expect(await endOf(world.floe().promote({ version: "v1.1.0", to: "prod" }))).toBe(
      "FLOE_SOURCE_NOT_PROMOTED",
    );
  });

  test("is not what a rollback returns to after its tags were moved to another version's content", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0", "v1.1.0", "v1.2.0");
    for (const tag of ["v1.0.0", "v1.0.0-prod"]) await copyTag(world, "v1.1.0", tag);
    const ended = await endOf(
      world.floe().rollback({ environment: "prod", version: "v1.0.0", reason: "x" }),
    );
    expect(["FLOE_ROLLBACK_TARGET_INVALID", "FLOE_LEDGER_DRIFT"]).toContain(ended);
  });
});

describe("a rollback", () => {
  test("goes back one step at a time, and ends before the first version", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0", "v1.1.0", "v1.2.0");
    const back = async () => {
      const outcome = await world.floe().rollback({ environment: "prod", reason: "x" });
      return outcome.kind === "done"
        ? outcome.plan.artifact.version
        : await endOf(Promise.resolve(outcome));
    };
    expect([await back(), await back(), await back()]).toEqual([
      "v1.1.0",
      "v1.0.0",
      "FLOE_ROLLBACK_TARGET_INVALID",
    ]);
    await inProd(world, "v1.3.0");
    expect([await back(), await back()]).toEqual(["v1.0.0", "FLOE_ROLLBACK_TARGET_INVALID"]);
  });

  test("to the same content under another version is refused: it would hold what runs", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    await world.publish("v1.1.0", "content of v1.0.0");
    await world.promote("v1.1.0", "dev", "staging", "prod");
    const ended = await endOf(
      world.floe().rollback({ environment: "prod", version: "v1.0.0", reason: "x" }),
    );
    expect(ended).toBe("FLOE_ROLLBACK_TARGET_INVALID");
  });

  test("works when what is rolled back from can no longer be read", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0", "v1.1.0");
    const current = world.store.tags()["v1.1.0"];
    const store = world.store.reopen();
    store.fail(({ operation, target }) =>
      operation === "getManifest" && target === current
        ? new FloeError({ code: "FLOE_DIGEST_MISMATCH", message: "broken" })
        : false,
    );
    expect(await endOf(world.floe({ store }).rollback({ environment: "prod", reason: "x" }))).toBe(
      "done",
    );
  });

  test("works when the version tag was cleaned away and the environment tag was not", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0", "v1.1.0");
    await world.store.deleteTag("v1.0.0", go);
    expect(await endOf(world.floe().rollback({ environment: "prod", reason: "x" }))).toBe("done");
  });

  test("that is refused because there is nothing to return to is in the history", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    await world.floe().rollback({ environment: "prod", version: "v9.9.9", reason: "x" });
    const [newest] = await world.floe().history({ environment: "prod" });
    expect(newest).toMatchObject({
      kind: "refusal",
      action: "rollback",
      version: "v9.9.9",
      result: "refused",
    });
  });
});

describe("a ledger whose backend no plugin provides", () => {
  const s3 = { backend: "s3", s3_bucket: "audit" };
  test.each([
    ["promote", async (floe: Floe) => await floe.promote({ version: "v1.0.0", to: "dev" })],
    ["rollback", async (floe: Floe) => await floe.rollback({ environment: "dev", reason: "x" })],
    ["lock", async (floe: Floe) => await floe.lock({ environment: "dev", reason: "x" })],
    ["unlock", async (floe: Floe) => await floe.unlock({ environment: "dev", reason: "x" })],
    [
      "reconcile",
      async (floe: Floe) => ({
        kind: "blocked",
        ...(await floe.reconcile({ environment: "dev" })),
      }),
    ],
    ["status", async (floe: Floe) => ({ kind: String((await floe.status()).length) })],
  ])("is not begun in the registry by %s", async (_, run) => {
    await using world = await aWorld({ audit: s3 });
    await world.publish("v1.0.0");
    expect(await endOf(run(world.floe()) as never)).toBe("FLOE_PLUGIN_NOT_FOUND");
    expect(floeTags(world)).toEqual([]);
  });

  test("is not begun in the main repository for an environment with one of its own", async () => {
    await using world = await aWorld({
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true },
          registry: { uri: "oci-layout:./other" },
        },
      ],
    });
    await world.publish("v1.0.0");
    const ends = [
      await endOf(world.floe().promote({ version: "v1.0.0", to: "dev" })),
      await endOf(world.floe().lock({ environment: "dev", reason: "x" })),
    ];
    // An app that opens no other registry is told so; the main one never stands in for it.
    for (const end of ends) expect(end).toContain("createFloe was given no storeOf to open it");
    expect(floeTags(world)).toEqual([]);
  });
});

describe("an event that could not be read back", () => {
  test("is not written because of a reason without end", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    const reason = "x".repeat(3 * 1024 * 1024);
    expect(await endOf(world.floe().lock({ environment: "prod", reason }))).not.toBe("done");
    expect(
      await endOf(world.floe().rollback({ environment: "prod", version: "v1.0.0", reason })),
    ).not.toBe("done");
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", lock: null });
  });

  test("is not written because of a label without end", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    const claimedOperator = "x".repeat(3 * 1024 * 1024);
    expect(
      await endOf(world.floe().lock({ environment: "prod", reason: "x", claimedOperator })),
    ).not.toBe("done");
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", lock: null });
  });

  test("is not written by a key that nobody could check", async () => {
    await using world = await aWorld();
    await world.publish("v1.0.0");
    const floe = world.floe({ who: "mallory", hidesKey: true });
    expect(await endOf(floe.promote({ version: "v1.0.0", to: "dev" }))).not.toBe("done");
    expect(floeTags(world)).toEqual([]);
    await world.promote("v1.0.0", "dev");
  });
});

describe("when the store fails", () => {
  const down = new FloeError({ code: "FLOE_REGISTRY_UNAVAILABLE", message: "down" });

  test("a lock that cannot be appended is 15 and says that nothing was changed", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    const store = world.store.reopen();
    store.fail(
      ({ operation, target }) => operation === "createTag" && target.startsWith("floe-ev.") && down,
    );
    expect(await endOf(world.floe({ store }).lock({ environment: "prod", reason: "x" }))).toBe(
      "FLOE_LEDGER_UNAVAILABLE",
    );
  });

  test("finishing what had committed is 17 as long as its outcome cannot be appended", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0");
    await world.publish("v1.1.0");
    await world.promote("v1.1.0", "dev", "staging");
    const promotion = { version: "v1.1.0", to: "prod" };
    // The outcome of the run itself, then the takeover of a second one, then that one's outcome.
    for (const seq of [4, 4, 5]) {
      const store = world.store.reopen();
      const tag = `floe-ev.prod.00000000000${seq}`;
      store.fail(({ operation, target }) => operation === "createTag" && target === tag && down);
      const run = world.floe({ store, runsOn: "dead" }).promote(promotion);
      expect(await endOf(run)).toBe("FLOE_LEDGER_OUTCOME_MISSING");
    }
    expect(await world.floe().promote(promotion)).toMatchObject({ kind: "done", resumed: true });
  });

  test("no intent stays open when rivals cannot be looked for", async () => {
    await using world = await aWorld({ tagCreation: "compare-then-put" });
    await inProd(world, "v1.0.0");
    await world.publish("v1.1.0");
    await world.promote("v1.1.0", "dev", "staging");
    const store = world.store.reopen();
    let intents = 0;
    store.fail(({ operation, target }) => {
      if (operation === "createTag" && target.startsWith("floe-ev.prod.")) intents += 1;
      if (operation !== "listTags" || !target.startsWith("floe-ev.prod") || intents !== 1)
        return false;
      intents += 1;
      return down;
    });
    expect(await endOf(world.floe({ store }).promote({ version: "v1.1.0", to: "prod" }))).not.toBe(
      "done",
    );
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row).toMatchObject({ version: "v1.0.0", openIntents: [] });
  });
});

describe("status", () => {
  test("shows that somebody moved the tag even while an operation is open", async () => {
    await using world = await aWorld();
    await inProd(world, "v1.0.0", "v1.1.0");
    await world.publish("v1.2.0");
    await world.publish("v1.3.0");
    await world.promote("v1.2.0", "dev", "staging");
    const store = world.store.reopen({
      onWrite(_, { target }) {
        if (!target.startsWith("floe-rec.")) return;
        store.fail(() => true);
        throw new Error("killed");
      },
    });
    await expect(
      world.floe({ store, runsOn: "dead" }).promote({ version: "v1.2.0", to: "prod" }),
    ).rejects.toThrow();
    await copyTag(world, "v1.3.0", "latest-prod");
    const [row] = await world.floe().status({ environment: "prod" });
    expect(row?.openIntents).toHaveLength(1);
    expect(row?.drift).toMatchObject({ actual: world.store.tags()["v1.3.0"] });
  });
});
