import { describe, expect, test } from "vitest";
import { aProject, type ProjectOptions } from "../bed/a-project.ts";
import { problemsOf } from "../docs/output-schemas.ts";
import { aWorld, go, type World } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

async function aCountedWorld(settings: Readonly<Record<string, unknown>>, usesBaseline = false) {
  const environments = [
    { name: "dev", gates: { policy_compliance: true, count: counted(7, settings) } },
  ];
  return await aWorld({ plugins: [aCountingGate({ usesBaseline })], environments });
}

async function promoted(world: World, version = "v1.0.0"): Promise<void> {
  await world.publish(version);
  await world.promote(version, "dev");
}

async function reverdict(world: World, version = "v1.0.0", floe = world.floe()) {
  const found = await floe.verifyGates({ version, environment: "dev" });
  const gate = found.gates.find((one) => one.gate === "count");
  return { ...found, count: gate };
}

async function evidenceTag(world: World): Promise<string> {
  const tag = Object.keys(world.store.tags()).find((name) => name.startsWith("floe-evd."));
  if (tag === undefined) throw new Error("there is no evidence");
  return tag;
}

describe("judging the gates of a promotion again", () => {
  test("comes to the same verdict, by the settings of then, whatever the manifest says now", async () => {
    await using world = await aCountedWorld({ limit: 8 });
    await promoted(world);
    const environments = [{ name: "dev", gates: { count: counted(7, { limit: 1 }) } }];
    const manifest = await world.remake({ environments });
    const { gates, blocking } = await reverdict(world, "v1.0.0", world.floe({ manifest }));
    expect(blocking).toEqual([]);
    expect(gates).toMatchObject([
      { gate: "policy_compliance", verdict: "no_evidence", recorded: "passed" },
      {
        gate: "count",
        verdict: "same",
        recorded: "passed",
        now: { status: "passed", summary: "7 counted, 8 at most" },
        signedBy: "release",
      },
    ]);
  });

  test("takes into account what the command said of itself then", async () => {
    const say = 'echo \'{"status": "warning", "summary": "slow"}\' > "$FLOE_GATE_OUTPUT"';
    const command = `${String(counted(7)["command"])}; ${say}`;
    await using world = await aCountedWorld({ command });
    await promoted(world);
    const { count } = await reverdict(world);
    expect(count).toMatchObject({
      verdict: "same",
      recorded: "warning",
      now: { status: "warning", summary: "slow" },
    });
  });

  test("compares with what was compared with then, not with what runs now", async () => {
    await using world = await aCountedWorld({}, true);
    for (const version of ["v1.0.0", "v1.1.0", "v1.2.0"]) await promoted(world, version);
    const { count } = await reverdict(world, "v1.1.0");
    expect(count).toMatchObject({
      verdict: "same",
      now: { summary: "7 counted, 7 at most" },
    });
  });

  test("compares what was reused with what the promotion compared it with, not with what its evidence was", async () => {
    const count =
      '$(case "$FLOE_ARTIFACT_TAG" in v1.0.0) echo 9;; v1.1.0) echo 7;; *) echo 8;; esac)';
    const gates = { count: counted(count, { max_age: "1h" }) };
    await using world = await aWorld({
      plugins: [aCountingGate({ usesBaseline: true })],
      environments: [{ name: "dev", gates }],
    });
    await promoted(world, "v1.0.0");
    await world.publish("v1.1.0");
    const request = { gate: "count", environment: "dev", version: "v1.1.0", record: true };
    const { result } = await world.floe().runGate(request);
    expect(result.summary).toBe("7 counted, 9 at most");
    await promoted(world, "v1.2.0");
    await world.promote("v1.1.0", "dev");
    const { count: found } = await reverdict(world, "v1.1.0");
    expect(found).toMatchObject({
      verdict: "same",
      evidence: result.evidence?.digest,
      now: { summary: "7 counted, 8 at most" },
    });
  });

  test("says when a plugin now judges otherwise", async () => {
    await using world = await aCountedWorld({});
    await promoted(world);
    const [stricter] = aCountingGate().gates ?? [];
    if (!stricter) throw new Error("there is no gate");
    const { count, blocking } = await (async () => {
      await using other = await aWorld({
        plugins: [
          {
            apiVersion: "floe.dev/v1",
            meta: { name: "counting", version: "2.0.0" },
            gates: [
              {
                ...stricter,
                create: () => ({
                  evaluate: () => ({ status: "failed" as const, summary: "never" }),
                }),
              },
            ],
          },
        ],
      });
      const floe = other.floe({ store: world.store, manifest: world.manifest });
      return await reverdict(world, "v1.0.0", floe);
    })();
    expect(count).toMatchObject({ verdict: "different", now: { status: "failed" } });
    expect(blocking).toMatchObject([{ code: "FLOE_GATE_VERDICT_DIFFERS", exitCode: 8 }]);
  });

  test("says when evidence that the record names is gone", async () => {
    await using world = await aCountedWorld({});
    await promoted(world);
    const digest = world.store.tags()[await evidenceTag(world)];
    if (digest) await world.store.deleteManifest?.(digest, go);
    const { count, blocking } = await reverdict(world);
    expect(count).toMatchObject({ verdict: "invalid", problem: "it is gone" });
    expect(blocking).toMatchObject([{ code: "FLOE_GATE_EVIDENCE_INVALID", exitCode: 18 }]);
  });

  test("refuses a version that was not promoted there", async () => {
    await using world = await aCountedWorld({});
    await world.publish("v1.0.0");
    await expect(reverdict(world)).rejects.toMatchObject({ code: "FLOE_VERIFY_NOTHING" });
  });
});

const JUNIT =
  '<testsuite name="b" tests="2"><testcase name="a" classname="b"/><testcase name="c" classname="b"/></testsuite>';

const project: ProjectOptions = {
  environments: [
    {
      name: "dev",
      gates: { policy_compliance: true, tests: { max_age: "1h" } },
    },
  ],
  gateCommands: {
    tests: {
      command: ["sh", "-c", "cp junit.xml ${FLOE_GATE_DIR}/junit.xml; echo copied"],
      reports: ["${FLOE_GATE_DIR}/junit.xml"],
    },
  },
};

test("from a recorded run of a gate, over a promotion that reuses it, to judging it again", async () => {
  await using bed = await aProject(project);
  bed.write("junit.xml", JUNIT);
  const made = JSON.parse(
    (
      await bed.done(
        ...["gate", "run", "tests", "v1.0.0", "--env", "dev", "--record", "-o", "json"],
      )
    ).stdout,
  ) as { evidence: { digest: string } };
  expect(problemsOf("gate-run", made)).toEqual([]);
  const logs = ["--gate-logs", "logs"];
  const dry = ["promote", "v1.0.0", "--to", "dev", "--dry-run", "--rerun=tests", ...logs];
  const again = await bed.done(...dry);
  expect(bed.read("logs/tests.log")).toBe("copied\n");
  expect(again.stdout).not.toContain("reused");
  const run = await bed.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
  const done = JSON.parse(run.stdout) as { gate_results: { gate: string; summary: string }[] };
  expect(problemsOf("promote", done)).toEqual([]);
  expect(done.gate_results.find(({ gate }) => gate === "tests")).toMatchObject({
    evidence: made.evidence,
    summary: expect.stringMatching(/\(reused: signed by release, \d min ago\)$/),
  });
  const verified = await bed.done("gate", "verify", "v1.0.0", "--env", "dev", "-o", "json");
  const found = JSON.parse(verified.stdout) as object;
  expect(problemsOf("gate-verify", found)).toEqual([]);
  expect(found).toMatchObject({
    success: true,
    gates: [{ verdict: "no_evidence" }, { gate: "tests", verdict: "same" }],
  });
  const { reports } = await readEvidence(bed.store, made.evidence.digest);
  expect(Object.values(reports)).toEqual([JUNIT]);
});
