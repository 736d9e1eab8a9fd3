import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "./a-world.ts";

function mallory(world: World): Record<string, unknown> {
  const signer = world.signers["mallory"]?.signer;
  if (!signer || signer.method === "keyless") throw new Error("a key");
  const { keyId } = signer;
  return { identity: null, method: "key", key_id: keyId, public_key: world.publicKeys["mallory"] };
}

describe.each(["atomic", "compare-then-put"] as const)(
  "with %s tags, somebody who can only push",
  { concurrent: false },
  (tagCreation) => {
    test("stops an environment by an event far ahead, until its tag is deleted", async () => {
      await using world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging", "prod");
      const head = (await world.events("prod")).at(-1);
      const before = new Set(Object.keys(world.store.tags()));
      await world.forge("mallory", {
        ...head?.event,
        seq: 999_999_999_999,
        prev: head?.hash,
        kind: "refusal",
        actor: mallory(world),
        body: {
          action: "promote",
          version: "v9.9.9",
          digest: null,
          source: "staging",
          target: "prod",
          exit_code: 12,
          blocking: [],
          gates: [],
        },
      });
      const lock = { environment: "prod", reason: "x" };
      await expect(world.floe().lock(lock)).rejects.toMatchObject({
        code: "FLOE_LEDGER_EVENT_INVALID",
        exitCode: 18,
        message: expect.stringContaining("the event before it is missing"),
      });
      const others = await world.floe().status({});
      expect(others.map(({ version }) => version)).toEqual(["v1.0.0", "v1.0.0", null]);
      const added = Object.keys(world.store.tags()).filter((tag) => !before.has(tag));
      for (const tag of added) await world.store.deleteTag(tag, go);
      expect((await world.floe().lock(lock)).kind).toBe("done");
    });

    test("does not get rid of a hold by a ledger of their own in its place", async () => {
      await using world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging", "prod");
      await world.publish("v1.1.0");
      await world.promote("v1.1.0", "dev", "staging");
      await world.floe().quarantine({ version: "v1.1.0", environments: ["prod"], reason: "CVE" });
      const [first] = await world.events("prod");
      for (const tag of Object.keys(world.store.tags()))
        if (tag.startsWith("floe-ev.prod.") || tag === "floe-ledger.prod")
          await world.store.deleteTag(tag, go);
      const genesis = {
        ...first?.event,
        chain: "urn:floe:ledger:prod:01890000-0000-7000-8000-000000000000",
        actor: mallory(world),
      };
      const hash = await world.forge("mallory", genesis, { tag: "floe-ledger.prod" });
      const { bytes } = await world.read("floe-ledger.prod");
      const own = tagCreation === "atomic" ? "" : `-${hash.slice(7, 19)}`;
      await world.replay(bytes, `floe-ev.prod.000000000000${own}`);
      const before = world.store.tags();
      const promoting = world.floe().promote({ version: "v1.1.0", to: "prod" });
      await expect(promoting).rejects.toMatchObject({
        code: "FLOE_LEDGER_EVENT_INVALID",
        message: expect.stringContaining("it is gone"),
      });
      expect(world.store.tags()).toEqual(before);
    });
  },
);
