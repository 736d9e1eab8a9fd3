import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { go, type World } from "../review/a-world.ts";
import { anApprovedWorld, approve, IN_PROD, promoteTwice } from "./an-approved-world.ts";

/** Appends an opinion to prod's ledger that dave signs, who may neither approve nor promote, under bob's name. */
async function asBob(world: World, kind: "approval" | "denial" | "withdrawal"): Promise<void> {
  const last = (await world.events("prod")).at(-1);
  const dave = world.signers["dave"]?.signer;
  if (!last || !dave || dave.method === "keyless") throw new Error("nothing to append to");
  const { event, hash } = last;
  const opinion = { policy_digest: digestOf("x"), expires_at: null };
  await world.forge("dave", {
    ...event,
    seq: event.seq + 1,
    prev: hash,
    rivals: undefined,
    disregards: undefined,
    size: event.size + 1,
    id: "forged",
    operation: "01890000-0000-7000-8000-000000000000",
    kind,
    actor: {
      identity: "bob",
      method: "key",
      key_id: dave.keyId,
      public_key: world.publicKeys["dave"],
    },
    authority_digest: digestOf("an authority of dave's own"),
    body: {
      version: "v1.0.0",
      digest: (await world.store.resolve("v1.0.0", go))?.digest,
      reason: null,
      ...(kind === "withdrawal" ? { of: "denial" } : opinion),
    },
  });
}

describe.each(["atomic", "compare-then-put"] as const)(
  "with %s tags, an approver's denial",
  { concurrent: false },
  (tagCreation) => {
    test.each(["withdrawal", "approval", "denial"] as const)(
      "is not lifted by a %s of somebody else who takes the approver's name",
      async (kind) => {
        await using world = await anApprovedWorld({}, { tagCreation });
        await world.floe({ who: "bob" }).deny({ ...IN_PROD, reason: "no" });
        await asBob(world, kind);
        await approve(world, "carol");
        expect(await promoteTwice(world)).toMatchObject({
          codes: ["FLOE_APPROVAL_DENIED"],
          exitCode: 16,
        });
      },
    );
  },
);
