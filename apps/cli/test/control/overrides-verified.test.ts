import type { Manifest } from "@floe/core";
import { expect, test } from "vitest";
import { aWorld, type World } from "../review/a-world.ts";

const HOUR = 3_600_000;
const hence = (hours: number): string =>
  new Date(Date.now() + hours * HOUR).toISOString().slice(0, 19);

const environments = [
  {
    name: "dev",
    gates: { policy_compliance: true },
    authorization: { allowed_operators: ["release", "alice"] },
    freeze: [{ start: hence(-1), end: hence(9), timezone: "UTC" }],
    overrides: { freeze: { groups: ["sre"] } },
  },
];
const groups = { sre: ["alice"] };

async function overridden(world: World, who: string, manifest: Manifest): Promise<void> {
  await world.publish("v1.0.0");
  const override = { kinds: ["freeze"], reason: "a hotfix" };
  const done = await world
    .floe({ who, manifest })
    .promote({ version: "v1.0.0", to: "dev", override });
  expect(done.kind).toBe("done");
}

async function checked(world: World): Promise<unknown> {
  const { checks } = await world.floe().verify({ environment: "dev" });
  return checks.find(({ check }) => check === "overrides");
}

test("an override by somebody who might is told by platform verify", async () => {
  await using world = await aWorld({ environments, groups });
  await overridden(world, "alice", world.manifest);
  expect(await checked(world)).toMatchObject({
    status: "warning",
    summary: "overridden: freeze by alice (a hotfix)",
  });
});

test("an override by somebody who might not, whose floe let them, is found", async () => {
  await using world = await aWorld({ environments, groups });
  // What their floe goes by instead; the ledger says that it was the authority of everybody.
  await overridden(world, "release", { ...world.manifest, groups: { sre: ["release"] } });
  expect(await checked(world)).toMatchObject({
    status: "failed",
    summary: "release might not override freeze",
  });
});
