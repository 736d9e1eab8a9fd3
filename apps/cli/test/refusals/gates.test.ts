import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

/** A single environment whose gates are `policy_compliance` and these. */
function gated(gates: Readonly<Record<string, unknown>>) {
  return [{ name: "dev", gates: { policy_compliance: true, ...gates } }];
}

const nothingMoved = ["v1.0.0"];

function userTags(tags: Readonly<Record<string, string>>): string[] {
  return Object.keys(tags).filter((tag) => !tag.startsWith("floe-"));
}

describe("a required gate that blocks ends with 8, and nothing moves", () => {
  const cases: readonly {
    readonly name: string;
    readonly gates: Readonly<Record<string, unknown>>;
    readonly commands?: Readonly<Record<string, unknown>>;
    readonly code: string;
    readonly message: RegExp;
    readonly result: Readonly<Record<string, unknown>>;
  }[] = [
    {
      name: "when its command fails",
      gates: { smoke: { command: ["sh", "-c", "echo the pump is broken >&2; exit 3"] } },
      code: "FLOE_GATE_FAILED",
      message: /gate smoke: sh ended with 3/,
      result: { gate: "smoke", status: "failed", judged_by: "exit_status", plugin: null },
    },
    {
      name: "when its program is not there",
      gates: { smoke: { command: ["./no-such-program"] } },
      code: "FLOE_GATE_ERROR",
      message: /gate smoke: could not judge: .*no-such-program/,
      result: {
        status: "error",
        error: { code: "COMMAND_NOT_STARTED", message: expect.any(String) },
      },
    },
    {
      name: "when its program cannot be run (126) or is not found (127)",
      gates: { smoke: { command: ["sh", "-c", "exit 127"] } },
      code: "FLOE_GATE_ERROR",
      message: /127/,
      result: {
        status: "error",
        error: { code: "COMMAND_NOT_STARTED", message: expect.any(String) },
      },
    },
    {
      name: "when a signal ends it",
      gates: { smoke: { command: ["sh", "-c", "kill -9 $$"] } },
      code: "FLOE_GATE_ERROR",
      message: /SIGKILL/,
      result: { status: "error", error: { code: "COMMAND_KILLED", message: expect.any(String) } },
    },
    {
      name: "when it ends with a status that exit_codes.error lists",
      gates: { smoke: { command: ["sh", "-c", "exit 4"], exit_codes: { error: [4] } } },
      code: "FLOE_GATE_ERROR",
      message: /exit_codes\.error/,
      result: { status: "error", error: { code: "COMMAND_ERROR", message: expect.any(String) } },
    },
    {
      name: "when it is listed without a command, naming the gate and the missing key",
      gates: { tests: true },
      code: "FLOE_GATE_COMMAND_MISSING",
      message: /gate tests .*artifacts\.promotion\.gate_commands\.tests\.command/,
      result: {
        gate: "tests",
        status: "error",
        error: { code: "COMMAND_MISSING", message: expect.any(String) },
      },
    },
    {
      name: "when it is a known gate whose plugin is not installed and that has no command",
      gates: { cost_analysis: true },
      code: "FLOE_GATE_COMMAND_MISSING",
      message: /gate cost_analysis .*artifacts\.promotion\.gate_commands\.cost_analysis\.command/,
      result: { gate: "cost_analysis", status: "error" },
    },
    {
      name: "when its command writes no report",
      gates: { tests: true },
      commands: { tests: { command: ["true"], reports: ["${FLOE_GATE_DIR}/junit.xml"] } },
      code: "FLOE_GATE_ERROR",
      message: /gate tests: could not judge: no file matches/,
      result: { status: "error", error: { code: "REPORT_MISSING", message: expect.any(String) } },
    },
    {
      name: "when its report and its exit status contradict each other",
      gates: { tests: true },
      commands: {
        tests: {
          command: ["sh", "-c", "cp junit.xml ${FLOE_GATE_DIR}; exit 1"],
          reports: ["${FLOE_GATE_DIR}/junit.xml"],
        },
      },
      code: "FLOE_GATE_ERROR",
      message: /the report says \w+, but the command ended with 1/,
      result: { status: "error", error: { code: "CONTRADICTION", message: expect.any(String) } },
    },
    {
      name: "when it is somebody else's to attest and nobody has",
      gates: {
        smoke: {
          command: ["true"],
          from_attestation: { predicate_type: "https://floe.dev/attestation/gate-result/v1" },
        },
      },
      code: "FLOE_GATE_ERROR",
      message: /smoke needs a .* signed by who may promote here: none is attached/,
      result: { status: "error" },
    },
  ];

  test.each(cases)("$name", async ({ gates, commands, code, message, result }) => {
    await using project = await aProject({
      environments: gated(gates),
      ...(commands === undefined ? {} : { gateCommands: commands }),
    });
    project.write(
      "junit.xml",
      '<testsuite name="b" tests="1" failures="0" errors="0" skipped="0" time="0.1"><testcase name="a" classname="b" time="0.1"/></testsuite>',
    );
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(8);
    expect(run.json["error"]).toMatchObject({
      code,
      exit_code: 8,
      message: expect.stringMatching(message),
    });
    expect((run.json["gate_results"] as unknown[])[1]).toMatchObject(result);
    expect(userTags(await project.tags())).toEqual(nothingMoved);
  });
});

test("all gates run and all failures are told at once", async () => {
  await using project = await aProject({
    environments: gated({
      first: { command: ["false"] },
      second: { command: ["true"] },
      third: { command: ["./nothing-here"] },
    }),
  });
  const run = await project.run("promote", "v1.0.0", "--to", "dev");
  expect(run.code).toBe(8);
  expect(run.stdout).toMatch(
    /✓ policy_compliance.*\n {2}✗ first: .*\n {2}✓ second: .*\n {2}✗ third: could not judge/,
  );
  expect(run.stderr).toMatch(/BLOCKED: gate first: .*\[FLOE_GATE_FAILED\]/);
  expect(run.stderr).toMatch(/BLOCKED: gate third: could not judge.*\[FLOE_GATE_ERROR\]/);
});

test("a gate with required: false only warns, on the board and in the record", async () => {
  await using project = await aProject({
    environments: gated({
      smoke: { command: ["false"], required: false },
      gone: { command: ["./nothing-here"], required: false },
    }),
  });
  const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.json["warnings"]).toEqual([
    expect.stringMatching(/gate smoke: .*\(not required\)/),
    expect.stringMatching(/gate gone: could not judge.*\(not required\)/),
  ]);
  const { rows } = await project.done("status", "--env", "dev", "-o", "json");
  expect(rows[0]?.["unmet_gates"]).toEqual([
    { gate: "smoke", status: "failed" },
    { gate: "gone", status: "error" },
  ]);
  const board = await project.done("status");
  expect(board.stdout).toContain("dev: the optional gate smoke failed for what runs there\n");
  expect(board.stdout).toContain("dev: the optional gate gone could not be judged for what runs");
});

test("the board still shows what a version had not passed after a rollback to it, and of the past", async () => {
  const smoke = { command: ["test", "${ARTIFACT_TAG}", "=", "v1.1.0"], required: false };
  await using project = await aProject({
    versions: ["v1.0.0", "v1.1.0"],
    environments: gated({ smoke }),
  });
  const unmet = async (...args: string[]): Promise<unknown> =>
    (await project.done("status", "--env", "dev", "-o", "json", ...args)).rows[0]?.["unmet_gates"];
  const failed = [{ gate: "smoke", status: "failed" }];
  await project.promote("v1.0.0", "dev");
  const then = new Date().toISOString();
  expect(await unmet()).toEqual(failed);
  await project.promote("v1.1.0", "dev");
  expect(await unmet()).toEqual([]);
  expect(await unmet("--at", then)).toEqual(failed);
  await project.done("rollback", "--env", "dev", "--reason", "slow");
  expect(await unmet()).toEqual(failed);
});

test("a status that exit_codes.warn lists is a warning and promotes", async () => {
  await using project = await aProject({
    environments: gated({ smoke: { command: ["sh", "-c", "exit 2"], exit_codes: { warn: [2] } } }),
  });
  const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect((run.json["gate_results"] as unknown[])[1]).toMatchObject({ status: "warning" });
});

test("an error is retried as often as the gate allows, a failure never", async () => {
  await using project = await aProject({
    environments: gated({
      flaky: {
        command: ["sh", "-c", "echo x >> tries.txt; test $(wc -l < tries.txt) -ge 3 || exit 9"],
        exit_codes: { error: [9] },
        retry: 3,
      },
      red: { command: ["sh", "-c", "echo x >> red.txt; exit 1"], retry: 3, required: false },
    }),
  });
  await project.promote("v1.0.0", "dev");
  expect(project.read("tries.txt")).toBe("x\nx\nx\n");
  expect(project.read("red.txt")).toBe("x\n");
});

test("a gate comes after those that it needs", async () => {
  const leaves = (name: string, needs: readonly string[] = []) => ({
    command: ["sh", "-c", `echo ${name} >> order.txt`],
    needs,
  });
  await using project = await aProject({
    environments: gated({ c: leaves("c", ["b"]), b: leaves("b", ["a"]), a: leaves("a") }),
  });
  await project.promote("v1.0.0", "dev");
  expect(project.read("order.txt")).toBe("a\nb\nc\n");
});

test("policy rules that the artifact breaks are told with what to do", async () => {
  await using project = await aProject({
    policies: {
      rules: [
        {
          id: "charts-only",
          severity: "error",
          builtin: "allowed_artifact_types",
          with: { allow: ["application/vnd.cncf.helm.config.v1+json"] },
        },
      ],
    },
  });
  const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.code).toBe(8);
  const [policy] = run.json["gate_results"] as { status: string; reasons: unknown[] }[];
  expect(policy?.status).toBe("failed");
  expect(policy?.reasons).toEqual([
    expect.objectContaining({
      level: "fail",
      message: expect.any(String),
      fix: expect.any(String),
    }),
  ]);
});

describe("a gate alone", () => {
  test("gate run judges it, records nothing, and ends with 8 when it would block", async () => {
    await using project = await aProject({
      environments: gated({ smoke: { command: ["sh", "-c", "test -e green"] } }),
    });
    const before = await project.registryState();
    const red = await project.run("gate", "run", "smoke", "v1.0.0", "--env", "dev", "-o", "json");
    expect(red.code).toBe(8);
    expect(red.json).toMatchObject({
      success: false,
      gate: "smoke",
      status: "failed",
      artifact_digest: (await project.tags())["v1.0.0"],
      reasons: [{ code: "EXIT_STATUS", level: "fail", measured: 1, limit: 0 }],
    });
    project.write("green", "");
    const green = await project.done("gate", "run", "smoke", "v1.0.0", "--env", "dev");
    expect(green.stdout).toMatch(/^smoke: passed: sh ended with 0$/m);
    expect(await project.registryState()).toEqual(before);
  });
});
