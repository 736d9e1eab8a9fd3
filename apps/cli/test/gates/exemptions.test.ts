import type { Exemption } from "@floe/core";
import { describe, expect, test } from "vitest";
import { aWorld, go } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

const EXEMPTION: Exemption = {
  ...{ id: "EX-1", gate: "tests", match: { subject: "the count" }, owner: "ann" },
  ...{ reason: "one more is expected", expires: "2999-12-31" },
  until: new Date("3000-01-01T00:00:00Z"),
};

async function aWorldThatCounts(exemptions: readonly Exemption[]) {
  const environments = [
    { name: "dev", gates: { policy_compliance: true, tests: counted(7, { limit: 6 }) } },
  ];
  return await aWorld({ plugins: [aCountingGate()], environments, exemptions });
}

describe("an exemption of a gate that a plugin judges", () => {
  test("lets the promotion through with a warning that the record keeps", async () => {
    await using world = await aWorldThatCounts([EXEMPTION]);
    await world.publish("v1.0.0");
    const done = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(done.kind).toBe("done");
    const result = done.plan?.gates.find(({ gate }) => gate === "tests");
    expect(result).toMatchObject({
      status: "warning",
      summary: "a finding exempted by EX-1: 7 counted, 6 at most",
      reasons: [{ code: "TOO_MANY", level: "warn", exempted_by: "EX-1" }],
      exemptions: [{ id: "EX-1", owner: "ann", status: "used", findings: 1 }],
    });
    expect(done.plan?.warnings.join()).toContain("EX-1");
    expect(await world.floe().verify({ environment: "dev" })).toMatchObject({ blocking: [] });
  });

  test("is taken into account when the gate is judged again, also without the file", async () => {
    await using world = await aWorldThatCounts([EXEMPTION]);
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const floe = world.floe({ exemptions: [] });
    const { gates, blocking } = await floe.verifyGates({ version: "v1.0.0", environment: "dev" });
    expect(blocking).toEqual([]);
    expect(gates.find(({ gate }) => gate === "tests")).toMatchObject({
      ...{ verdict: "same", recorded: "warning", now: { status: "failed" } },
    });
  });

  test("is not in what others are told of the tests, who know nothing of its end", async () => {
    await using world = await aWorldThatCounts([EXEMPTION]);
    const digest = await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const attached = await Promise.all(
      (await world.store.referrers(digest, go)).map(async (one) =>
        readEvidence(world.store, one.digest).catch(() => null),
      ),
    );
    const told = attached.find((one) => one?.predicateType.includes("test-result"));
    expect(told?.predicate).toMatchObject({ result: "FAILED", failedTests: ["the count"] });
  });

  test("that has expired refuses the promotion, and names who to ask", async () => {
    const expired = { ...EXEMPTION, expires: "2020-01-01", until: new Date("2020-01-02") };
    await using world = await aWorldThatCounts([expired]);
    await world.publish("v1.0.0");
    const refused = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(refused.kind).toBe("blocked");
    const result = refused.plan?.gates.find(({ gate }) => gate === "tests");
    expect(result?.reasons.map(({ level, code }) => `${level} ${code}`)).toEqual([
      "fail TOO_MANY",
      "warn EXEMPTION_EXPIRED",
    ]);
    expect(result?.reasons[1]?.fix).toContain("ann");
  });
});
