import { canonicalJson } from "@floe/core/model";
import { attachStatement } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "./a-world.ts";

const PROMOTION = "https://floe.dev/attestation/promotion/v1";

/** Everything that a promotion of a version to staging leaves, made by somebody who can only push. */
async function forgePromotion(world: World, version: string): Promise<void> {
  const artifact = await world.store.getManifest(version, go);
  const head = (await world.events("staging")).at(-1);
  const outcome = (await world.events("staging")).find(({ event }) => event.kind === "outcome");
  const signer = world.signers["mallory"];
  if (!artifact || !head || !outcome || signer?.signer.method === "keyless" || !signer)
    throw new Error("nothing to forge from");
  const { digest, mediaType } = artifact.descriptor;
  const actor = {
    identity: null,
    method: "key",
    key_id: signer.signer.keyId,
    public_key: world.publicKeys["mallory"],
  };
  const operation = "01890000-0000-7000-8000-000000000000";
  const intent = `sha256:${"1".repeat(64)}`;
  const tag = `floe-rec.${operation}`;
  await world.store.createTag(`${version}-staging`, { bytes: artifact.bytes, mediaType }, go);
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "memory/app", digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType: PROMOTION,
    predicate: {
      promotion_id: operation,
      target_environment: "staging",
      ledger: { chain: "x", seq: 1, hash: intent },
    },
  });
  const record = await attachStatement(
    {
      store: world.store,
      subject: artifact,
      content: { statement: new TextEncoder().encode(statement), signer },
      predicateType: PROMOTION,
      tag,
    },
    go,
  );
  const place = { seq: head.event.seq + 1, prev: head.hash, size: head.event.size + 1, actor };
  const forged = await world.forge("mallory", {
    ...outcome.event,
    ...place,
    id: "forged",
    operation,
    body: {
      ...outcome.event.body,
      intent,
      operator: actor,
      version,
      digest,
      record: { digest: record.referrer.digest, tag },
    },
  });
  await world.forge("mallory", {
    ...outcome.event,
    ...place,
    seq: place.seq + 1,
    prev: forged,
    size: place.size + 1,
    id: "forged too",
    kind: "refusal",
    body: {
      action: "promote",
      version,
      digest,
      source: "dev",
      target: "staging",
      exit_code: 12,
      blocking: [],
      gates: [],
    },
  });
}

describe.each(["atomic", "compare-then-put"] as const)(
  "a promotion that somebody forged who can only push, with %s tags",
  (tagCreation) => {
    test("does not let the version into the next environment, whatever follows it in the ledger", async () => {
      await using world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging");
      await world.publish("v2.0.0");
      await world.promote("v2.0.0", "dev");
      await forgePromotion(world, "v2.0.0");
      const outcome = await world.floe().promote({ version: "v2.0.0", to: "prod" });
      expect(outcome.kind).toBe("blocked");
      if (outcome.kind !== "blocked") return;
      expect(outcome.blocking[0]?.code).toBe("FLOE_SOURCE_NOT_PROMOTED");
    });

    test("is shown by nobody as one that counts", async () => {
      await using world = await aWorld({ tagCreation });
      await world.publish("v1.0.0");
      await world.promote("v1.0.0", "dev", "staging");
      await world.publish("v2.0.0");
      await world.promote("v2.0.0", "dev");
      await forgePromotion(world, "v2.0.0");
      const [row] = await world.floe().status({ environment: "staging" });
      expect(row?.version).toBe("v1.0.0");
    });
  },
);
