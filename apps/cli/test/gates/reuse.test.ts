import { attachStatement, writeStatement } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type RunAs, type World, type WorldOptions } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

const TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1";

/** A world whose gates leave a line in a file whenever their command runs. */
async function aWorldWith(
  gate: Readonly<Record<string, unknown>>,
  more: WorldOptions & { readonly name?: string } = {},
) {
  const { name = "count", ...options } = more;
  return await aWorld({
    plugins: [aCountingGate()],
    environments: [
      {
        name: "dev",
        gates: { [name]: gate },
        authorization: { allowed_operators: ["release", "alice"] },
      },
    ],
    ...options,
  });
}

async function record(world: World, as: RunAs = {}, gate = "count") {
  const request = { gate, environment: "dev", version: "v1.0.0", record: true };
  return (await world.floe(as).runGate(request)).result;
}

async function plan(
  world: World,
  as: RunAs = {},
  rerun?: "all" | readonly string[],
  gate = "count",
) {
  const outcome = await world
    .floe(as)
    .promote({ version: "v1.0.0", to: "dev", dryRun: true, rerun });
  if (outcome.kind !== "would_succeed" && outcome.kind !== "blocked") throw new Error(outcome.kind);
  const found = outcome.plan?.gates.find((result) => result.gate === gate);
  if (!found) throw new Error("the gate is not there");
  return found;
}

const HOUR = { max_age: "1h" };

describe("evidence that is young enough", () => {
  test("counts instead of running the gate, is shown as that, and the record names it", async () => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    const made = await record(world, { who: "alice" });
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    if (outcome.kind !== "done") throw new Error(outcome.kind);
    const gate = outcome.plan.gates.find((result) => result.gate === "count");
    expect(gate).toMatchObject({
      status: "passed",
      summary: "7 counted, 10 at most (reused: signed by alice, 0 min ago)",
      metrics: { count: 7 },
      evidence: made.evidence,
      reused_from: { digest: made.evidence?.digest, signed_by: "alice" },
    });
    const { predicate } = await readEvidence(world.store, outcome.record.tag);
    expect(predicate.gate_results).toContainEqual(gate);
  });

  test.each<[string, "all" | readonly string[]]>([
    ["all gates are to run again", "all"],
    ["this one is to run again", ["count"]],
  ])("does not count when %s", async (_, rerun) => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    await record(world);
    expect(await plan(world)).toHaveProperty("reused_from");
    expect(await plan(world, {}, rerun)).not.toHaveProperty("reused_from");
  });

  test("a name that is no gate is refused for --rerun", async () => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    await expect(plan(world, {}, ["cuont"])).rejects.toMatchObject({
      code: "FLOE_GATE_NOT_FOUND",
      hint: "Did you mean count?",
    });
  });

  test("does not count without max_age", async () => {
    await using world = await aWorldWith(counted(7));
    await world.publish("v1.0.0");
    await record(world);
    expect(await plan(world)).not.toHaveProperty("reused_from");
  });

  test("counts only by somebody who may promote there, or whom evidence_from names", async () => {
    for (const [who, gate, counts] of [
      ["alice", counted(7, HOUR), true],
      ["bob", counted(7, HOUR), false],
      ["bob", counted(7, { ...HOUR, evidence_from: ["bob"] }), true],
      ["mallory", counted(7, { ...HOUR, evidence_from: ["bob"] }), false],
    ] as const) {
      await using world = await aWorldWith(gate);
      await world.publish("v1.0.0");
      expect((await record(world, { who })).evidence).toBeDefined();
      expect("reused_from" in (await plan(world)), who).toBe(counts);
    }
  });

  test("no longer counts when its signer is revoked", async () => {
    const revoked = { alice: new Date(Date.now() - 1000) };
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    await record(world, { who: "alice" });
    const manifest = await world.remake({ revoked });
    expect(await plan(world)).toHaveProperty("reused_from");
    expect(await plan(world, { manifest })).not.toHaveProperty("reused_from");
  });

  test("is too old after max_age", async () => {
    let now = new Date("2026-01-01T00:00:00Z");
    await using world = await aWorldWith(counted(7, HOUR), { now: () => now });
    await world.publish("v1.0.0");
    await record(world);
    now = new Date(Date.now() + 59 * 60_000);
    expect(await plan(world)).toHaveProperty("reused_from");
    now = new Date(Date.now() + 61 * 60_000);
    expect(await plan(world)).not.toHaveProperty("reused_from");
  });

  test("does not count when the gate is asked something else now", async () => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    await record(world);
    const environments = [{ name: "dev", gates: { count: counted(7, { ...HOUR, limit: 8 }) } }];
    const manifest = await world.remake({ environments });
    expect(await plan(world, { manifest })).not.toHaveProperty("reused_from");
  });

  test("does not count when a newer one is a refusal", async () => {
    // The command counts one more each time.
    const count = 'n=$(cat "$PWD/n" 2>/dev/null || echo 9); n=$((n + 1)); echo "$n" > "$PWD/n"';
    const command = `${count}; printf '{"count": %s}' "$n" > "$FLOE_GATE_DIR/count.json"`;
    await using world = await aWorldWith(counted(0, { ...HOUR, command }));
    await world.publish("v1.0.0");
    expect((await record(world)).status).toBe("passed");
    expect((await record(world)).status).toBe("failed");
    expect(await plan(world)).toMatchObject({ status: "failed", metrics: { count: 12 } });
  });

  test("does not count when it is of another digest, whatever it is attached to", async () => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v0.9.0");
    const request = { gate: "count", environment: "dev", version: "v0.9.0", record: true };
    const { result } = await world.floe().runGate(request);
    const { bundle, manifest } = await readEvidence(world.store, result.evidence?.digest ?? "");
    const subject = await world.store.getManifest(await world.publish("v1.0.0"), go);
    if (!subject) throw new Error("it is not there");
    await attachStatement(
      {
        ...{ store: world.store, subject, content: { bundle } },
        predicateType: "https://floe.dev/attestation/gate-result/v1",
        annotations: { ...manifest.annotations },
      },
      go,
    );
    expect(await plan(world)).not.toHaveProperty("reused_from");
  });

  test("does not count when its raw report is gone", async () => {
    await using world = await aWorldWith(counted(7, HOUR));
    await world.publish("v1.0.0");
    const made = await record(world);
    const { manifest } = await readEvidence(world.store, made.evidence?.digest ?? "");
    expect(await plan(world)).toHaveProperty("reused_from");
    world.store.fail(({ target }) => target === manifest.config.digest);
    expect(await plan(world)).not.toHaveProperty("reused_from");
  });
});

describe("floe gate run --record", () => {
  test("records a gate that has no reports, by its exit status", async () => {
    await using world = await aWorldWith({ command: ["true"], ...HOUR }, { name: "plain" });
    await world.publish("v1.0.0");
    expect(await record(world, {}, "plain")).toMatchObject({
      status: "passed",
      evidence: { digest: expect.stringMatching(/^sha256:/) },
    });
    expect(await plan(world, {}, undefined, "plain")).toMatchObject({
      status: "passed",
      judged_by: "exit_status",
      reused_from: { signed_by: "release" },
    });
  });

  test("records nothing of a gate that could not judge", async () => {
    await using world = await aWorldWith(counted("x", HOUR));
    await world.publish("v1.0.0");
    const result = await record(world);
    expect(result.status).toBe("error");
    expect(result.evidence).toBeUndefined();
  });
});

describe("a gate with from_attestation", () => {
  const rule = (more: Readonly<Record<string, unknown>>) =>
    counted(7, { from_attestation: { signers: ["bob"], ...more } });
  const gateResult = { predicate_type: "https://floe.dev/attestation/gate-result/v1" };

  test("is an error without one, which says who can make it and how", async () => {
    await using world = await aWorldWith(rule(gateResult));
    await world.publish("v1.0.0");
    await record(world, { who: "alice" });
    expect(await plan(world)).toMatchObject({
      status: "error",
      error: {
        code: "ATTESTATION_MISSING",
        message: expect.stringMatching(/signed by bob: .*does not verify/s),
      },
      reasons: [{ fix: expect.stringContaining("floe gate run count v1.0.0 --env dev --record") }],
    });
  });

  test("is judged again from the raw report of the attestation", async () => {
    await using world = await aWorldWith(rule(gateResult));
    await world.publish("v1.0.0");
    await record(world, { who: "bob" });
    expect(await plan(world)).toMatchObject({
      status: "passed",
      metrics: { count: 7 },
      judged_by: "report",
      reused_from: { signed_by: "bob" },
    });
  });

  test.each([
    ["PASSED", "passed"],
    ["WARNED", "warning"],
    ["FAILED", "failed"],
  ])("a test result %s is %s", async (result, status) => {
    await using world = await aWorldWith(rule({ predicate_type: TEST_RESULT }));
    const subject = await world.publish("v1.0.0");
    await attest(world, subject, "bob", { result, configuration: [] });
    expect(await plan(world)).toMatchObject({ status, judged_by: "attestation" });
  });

  test("the worst of several test results decides, and those of strangers do not count", async () => {
    await using world = await aWorldWith(rule({ predicate_type: TEST_RESULT }));
    const subject = await world.publish("v1.0.0");
    await attest(world, subject, "alice", { result: "PASSED", configuration: [] });
    expect(await plan(world)).toMatchObject({ status: "error" });
    await attest(world, subject, "bob", { result: "PASSED", configuration: [] });
    expect(await plan(world)).toMatchObject({ status: "passed" });
    await attest(world, subject, "bob", {
      result: "FAILED",
      configuration: [],
      failedTests: ["login works"],
    });
    expect(await plan(world)).toMatchObject({
      status: "failed",
      reasons: [{ message: "login works failed" }],
    });
  });

  test("a test result without a proven time is too little where max_age is set", async () => {
    await using world = await aWorldWith(rule({ predicate_type: TEST_RESULT, max_age: "7d" }));
    const subject = await world.publish("v1.0.0");
    await attest(world, subject, "bob", { result: "PASSED", configuration: [] });
    expect(await plan(world)).toMatchObject({
      status: "error",
      error: { message: expect.stringContaining("no log or timestamp authority says when") },
    });
  });
});

async function attest(world: World, subject: string, who: string, predicate: object) {
  const artifact = await world.store.getManifest(subject, go);
  const signer = world.signers[who];
  if (!artifact || !signer) throw new Error("it is not there");
  const statement = writeStatement({
    subject: artifact.descriptor.digest,
    predicateType: TEST_RESULT,
    predicate,
  });
  await attachStatement(
    {
      store: world.store,
      predicateType: TEST_RESULT,
      subject: artifact,
      content: { statement, signer },
    },
    go,
  );
}
