import { describe, expect, test } from "vitest";
import type { GateProvider, GateRun, GateVerdict } from "../../src/contract/index.ts";
import { runGate as run } from "../../src/gates/run-gate.ts";
import { runGates } from "../../src/gates/run-gates.ts";
import type { GateConfig } from "../../src/manifest/manifest.ts";
import type { CommandSpec, GateWorkspace } from "../../src/ports/index.ts";
import { aGate } from "../a-manifest.ts";

const anything: GateProvider["config"] = {
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) },
};
const target = {
  artifact: {
    reference: "host/app@sha256:1",
    digest: "sha256:1",
    mediaType: "application/json",
    size: 2,
    version: "v1.0.0",
    annotations: {},
    manifest: new TextEncoder().encode("{}"),
  },
  source: "dev",
  target: "prod",
  dryRun: false,
  traceId: "0".repeat(32),
};

const runGate = async (...args: Parameters<typeof run>) => (await run(...args)).result;

/** The ports of a gate run, driven by what a test says the command and the gate do. */
function ports(script: {
  readonly evaluate?: GateProvider extends infer _
    ? (subject: unknown, options: { signal: AbortSignal }) => unknown
    : never;
  readonly run?: Partial<GateRun>;
  readonly reports?: readonly string[];
  readonly needsCommand?: boolean;
}) {
  const commands: CommandSpec[] = [];
  const provider: GateProvider = {
    id: "check",
    summary: "a gate under test",
    config: anything,
    ...(script.needsCommand === undefined ? {} : { needsCommand: script.needsCommand }),
    create: () => ({
      evaluate: async (subject, options) =>
        (await script.evaluate?.(subject, options)) as GateVerdict,
    }),
  };
  const workspace: GateWorkspace = {
    dir: "/gate",
    write: async (name) => `/gate/${name}`,
    collect: async (patterns) => ({
      reports: patterns
        .filter((pattern) => script.reports?.includes(pattern.path))
        .map(({ path, format }) => ({
          path,
          format,
          bytes: new Uint8Array(),
          modifiedAt: new Date(),
        })),
      stale: [],
      nearby: ["other.xml"],
    }),
    [Symbol.asyncDispose]: async () => {},
  };
  const context = {
    gates: {
      find: async () =>
        script.evaluate
          ? { provider, plugin: { name: "p", version: "1.0.0", origin: "inline" as const } }
          : null,
    },
    runner: {
      run: async (command: CommandSpec): Promise<GateRun> => {
        commands.push(command);
        return {
          argv: command.argv,
          exitCode: 0,
          signal: null,
          timedOut: false,
          startedAt: new Date(),
          durationMs: 1,
          stdout: "",
          stderr: "",
          truncated: false,
          leftoverProcesses: 0,
          ...script.run,
        };
      },
      openWorkspace: async () => workspace,
    },
    history: {
      baselineOf: async () => null,
      reusableEvidence: async () => ({ found: null, why: [] }),
      attestedEvidence: async () => ({ found: null, why: [] }),
      attestedTests: async () => ({ judged: null, why: [] }),
    },
    fresh: [],
    readSecret: async () => "hunter2-secret",
    clock: { now: () => new Date(), sleep: async () => {} },
    logger: { debug: () => {}, info: () => {}, warn: () => {}, progress: () => {} },
  };
  return { context, commands };
}

const { signal } = new AbortController();
const passed = { status: "passed", summary: "fine" };
const command: GateConfig["command"] = {
  argv: ["check", "${ARTIFACT_REF}", "${FLOE_GATE_DIR}/out"],
  shell: false,
};

describe("a gate with a command and no plugin", () => {
  test.each([
    [0, "passed"],
    [1, "failed"],
    [2, "failed"],
  ])(
    "that ends with %i is %s, and says that only the exit status judged",
    async (exitCode, status) => {
      const { context } = ports({ run: { exitCode } });
      const result = await runGate(aGate("check", { command }), target, context, signal);
      expect(result).toMatchObject({ status, judged_by: "exit_status", plugin: null });
    },
  );

  test.each([
    ["126", { exitCode: 126 }, "COMMAND_NOT_STARTED"],
    ["127", { exitCode: 127 }, "COMMAND_NOT_STARTED"],
    ["a signal", { exitCode: null, signal: "SIGKILL" }, "COMMAND_KILLED"],
    ["the time limit", { exitCode: null, timedOut: true }, "TIMEOUT"],
    [
      "no such program",
      { exitCode: null, startError: "ENOENT: program check not found" },
      "COMMAND_NOT_STARTED",
    ],
  ])("that ends by %s could not judge", async (_, run, code) => {
    const { context } = ports({ run });
    const result = await runGate(aGate("check", { command }), target, context, signal);
    expect(result).toMatchObject({ status: "error", error: { code } });
  });

  test("follows exit_codes", async () => {
    const gate = aGate("check", { command, exitCodes: { warn: [78], error: [3] } });
    expect(
      (await runGate(gate, target, ports({ run: { exitCode: 78 } }).context, signal)).status,
    ).toBe("warning");
    expect(
      (await runGate(gate, target, ports({ run: { exitCode: 3 } }).context, signal)).status,
    ).toBe("error");
  });

  test("replaces placeholders inside words, and never in a shell script", async () => {
    const { context, commands } = ports({});
    await runGate(aGate("check", { command }), target, context, signal);
    await runGate(
      aGate("check", { command: { argv: ["echo ${ARTIFACT_REF}"], shell: true } }),
      target,
      context,
      signal,
    );
    expect(commands[0]?.argv).toEqual(["check", "host/app@sha256:1", "/gate/out"]);
    expect(commands[1]?.argv).toEqual(["echo ${ARTIFACT_REF}"]);
    expect(commands[1]?.env).toMatchObject({
      FLOE_ARTIFACT_REF: "host/app@sha256:1",
      FLOE_TARGET_ENV: "prod",
    });
  });

  test("with reports that nobody reads is an error, not a pass", async () => {
    const { context } = ports({ reports: ["a.xml"] });
    const result = await runGate(
      aGate("check", { command, reports: [{ path: "a.xml", format: "auto" }] }),
      target,
      context,
      signal,
    );
    expect(result).toMatchObject({ status: "error", error: { code: "REPORT_UNREADABLE" } });
  });
});

describe("a gate with a plugin", () => {
  test("gives the plugin's verdict", async () => {
    const { context } = ports({ evaluate: () => ({ ...passed, metrics: { tests: 3 } }) });
    expect(await runGate(aGate("check"), target, context, signal)).toMatchObject({
      status: "passed",
      judged_by: "artifact",
      metrics: { tests: 3 },
    });
  });

  test("a report that is good beside a bad exit status is a contradiction", async () => {
    const { context } = ports({ evaluate: () => passed, run: { exitCode: 1 }, reports: ["a.xml"] });
    const result = await runGate(
      aGate("check", { command, reports: [{ path: "a.xml", format: "auto" }] }),
      target,
      context,
      signal,
    );
    expect(result).toMatchObject({ status: "error", error: { code: "CONTRADICTION" } });
  });

  test("a missing report is an error, also beside one that is there", async () => {
    const { context } = ports({ evaluate: () => passed, reports: ["unit.xml"] });
    const reports = ["unit.xml", "e2e.xml"].map((path) => ({ path, format: "auto" }));
    const result = await runGate(aGate("check", { command, reports }), target, context, signal);
    expect(result).toMatchObject({
      status: "error",
      error: { code: "REPORT_MISSING", message: expect.stringContaining("e2e.xml") },
    });
  });

  test.each([
    [
      "throws",
      () => {
        throw new Error("no idea");
      },
      "GATE_THREW",
    ],
    ["returns nothing", () => undefined, "VERDICT_INVALID"],
    [
      "returns a status of core's own",
      () => ({ status: "error", summary: "x" }),
      "VERDICT_INVALID",
    ],
    [
      "returns a status that does not exist",
      () => ({ status: "ok", summary: "x" }),
      "VERDICT_INVALID",
    ],
    ["returns unknown members", () => ({ ...passed, blocking: false }), "VERDICT_INVALID"],
    [
      "returns a huge verdict",
      () => ({ ...passed, details: { text: "x".repeat(300_000) } }),
      "VERDICT_INVALID",
    ],
    [
      "returns a cycle",
      () => {
        const cycle: Record<string, unknown> = { ...passed };
        cycle["details"] = cycle;
        return cycle;
      },
      "VERDICT_INVALID",
    ],
    [
      "changes its input",
      (subject: unknown) => {
        (subject as { source: string }).source = "none";
        return passed;
      },
      "GATE_THREW",
    ],
  ])("that %s could not judge", async (_, evaluate, code) => {
    const { context } = ports({ evaluate });
    expect(await runGate(aGate("check"), target, context, signal)).toMatchObject({
      status: "error",
      error: { code },
    });
  });

  test("that never settles is ended by its time limit", async () => {
    const { context } = ports({ evaluate: () => new Promise(() => {}) });
    const result = await runGate(aGate("check", { timeoutSeconds: 1 }), target, context, signal);
    expect(result).toMatchObject({ status: "error", error: { code: "TIMEOUT" } });
  });

  test("cannot smuggle a prototype into the result", async () => {
    const evil = JSON.parse(
      '{"status":"passed","summary":"x","details":{"__proto__":{"polluted":true}}}',
    );
    const { context } = ports({ evaluate: () => evil });
    await runGate(aGate("check"), target, context, signal);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test("without the command that it needs names the missing key", async () => {
    const { context } = ports({ evaluate: () => passed, needsCommand: true });
    const result = await runGate(aGate("check"), target, context, signal);
    expect(result).toMatchObject({
      status: "error",
      error: {
        code: "COMMAND_MISSING",
        message: expect.stringContaining("gate_commands.check.command"),
      },
    });
  });
});

test("secrets are masked in everything that a gate says", async () => {
  const { context } = ports({
    evaluate: () => ({
      status: "failed",
      summary: "token hunter2-secret refused",
      reasons: [{ code: "X", level: "fail", message: "hunter2-secret" }],
    }),
  });
  const gate = aGate("check", { command, secretEnv: { TOKEN: { from: "env", name: "T" } } });
  const result = await runGate(gate, target, context, signal);
  expect(JSON.stringify(result)).not.toContain("hunter2-secret");
  expect(result.summary).toContain("***");
});

test("an error is tried again where retry allows, a failure never", async () => {
  const broken = ports({ run: { exitCode: 127 } });
  await runGate(aGate("check", { command, retryAttempts: 3 }), target, broken.context, signal);
  expect(broken.commands).toHaveLength(3);
  const failing = ports({ run: { exitCode: 1 } });
  await runGate(aGate("check", { command, retryAttempts: 3 }), target, failing.context, signal);
  expect(failing.commands).toHaveLength(1);
});

test("gates run after those that they need, and all of them run", async () => {
  const { context } = ports({ run: { exitCode: 1 } });
  const gates = [
    aGate("c", { command, needs: ["a"] }),
    aGate("b", { command }),
    aGate("a", { command, needs: ["b"] }),
  ];
  const results = await runGates(gates, target, context, signal);
  expect(results.map(({ result }) => result.gate)).toEqual(["b", "a", "c"]);
});
