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

const outcomeOf = async (gate: GateConfig, context: Parameters<typeof run>[2]) =>
  await run(gate, target, context, new AbortController().signal);

/** The ports of a gate run, driven by what a test says the command and the gate do. */
function ports(script: {
  readonly evaluate?: GateProvider extends infer _
    ? (subject: unknown, options: { signal: AbortSignal }) => unknown
    : never;
  readonly run?: Partial<GateRun>;
  readonly reports?: readonly string[];
  /** What the command writes to FLOE_GATE_OUTPUT. */
  readonly output?: string;
  /** Called while the command runs. */
  readonly during?: (gate: string) => Promise<void>;
  readonly needsCommand?: boolean;
  readonly readsOutput?: boolean;
  readonly redacts?: boolean;
}) {
  const commands: CommandSpec[] = [];
  const provider: GateProvider = {
    id: "check",
    summary: "a gate under test",
    config: anything,
    ...(script.needsCommand === undefined ? {} : { needsCommand: script.needsCommand }),
    ...(script.readsOutput === undefined ? {} : { readsOutput: script.readsOutput }),
    ...(script.redacts === true ? { redactReport: ({ bytes }) => bytes } : {}),
    create: () => ({
      evaluate: async (subject, options) =>
        (await script.evaluate?.(subject, options)) as GateVerdict,
    }),
  };
  const workspace: GateWorkspace = {
    dir: "/gate",
    write: async (name) => `/gate/${name}`,
    read: async () =>
      script.output === undefined ? null : new TextEncoder().encode(script.output),
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
        await script.during?.(command.env["FLOE_GATE"] ?? "");
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
      attestedReports: async () => ({ reports: null, why: [] }),
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

  test.each([126, 127, 3])(
    "output that is a report is not quoted when the command ends with %i",
    async (exitCode) => {
      const stdout = '[{"RuleID":"k","Secret":"found-in-the-image"}]';
      const run = { exitCode, stdout, stderr: "sh: scan: not found" };
      const { context } = ports({ evaluate: () => passed, readsOutput: true, run });
      const gate = aGate("check", { command, exitCodes: { warn: [], error: [3] } });
      const result = await runGate(gate, target, context, signal);
      expect(result.status).toBe("error");
      expect(JSON.stringify(result)).not.toContain("found-in-the-image");
      expect(result.error?.message).toContain("sh: scan: not found");
      const silent = ports({
        evaluate: () => passed,
        readsOutput: true,
        run: { ...run, stderr: "" },
      });
      expect(JSON.stringify(await runGate(gate, target, silent.context, signal))).not.toContain(
        "found-in-the-image",
      );
    },
  );

  test("what a scanner prints beside its report is not quoted, nor kept: it may print what it found", async () => {
    const run = { exitCode: 1, stdout: "Secret: found-in-the-image\nDONE" };
    const reports = [{ path: "leaks.json", format: "auto" }];
    const gate = aGate("check", { command, reports, exitCodes: { warn: [], error: [3] } });
    for (const [more, ending] of [
      [{}, run],
      [{ reports: ["leaks.json"] }, run],
      [{}, { ...run, exitCode: 3 }],
    ] as const) {
      const { context } = ports({ evaluate: () => passed, redacts: true, ...more, run: ending });
      const outcome = await outcomeOf(gate, context);
      expect(outcome.result.status).toBe("error");
      expect(JSON.stringify(outcome)).not.toContain("found-in-the-image");
      // Whoever takes nothing out of reports has nothing to hide, and its output says why.
      const open = ports({ evaluate: () => passed, ...more, run: ending });
      expect((await outcomeOf(gate, open.context)).result.error?.message).toContain("DONE");
    }
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

describe("gates of an environment", () => {
  /** Runs gates whose commands end only when the test says so, and tells which run at each step. */
  async function steps(gates: readonly GateConfig[], ends: readonly string[]) {
    const running = new Map<string, () => void>();
    const seen: string[][] = [];
    const { context } = ports({
      during: async (gate) => {
        await new Promise<void>((resolve) => running.set(gate, resolve));
        running.delete(gate);
      },
    });
    const all = runGates(gates, target, context, signal);
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 50; turn++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      seen.push([...running.keys()].sort());
    };
    await settle();
    for (const gate of ends) {
      running.get(gate)?.();
      await settle();
    }
    return { seen, results: (await all).map(({ result }) => result.gate) };
  }

  test("run at the same time, four at most, and each after those that it needs", async () => {
    const gates = [
      aGate("a", { command, needs: ["b"] }),
      ...["b", "c", "d", "e", "f"].map((name) => aGate(name, { command })),
    ];
    const { seen, results } = await steps(gates, ["c", "b", "a", "d", "e", "f"]);
    expect(seen).toEqual([
      ["b", "c", "d", "e"],
      ["b", "d", "e", "f"],
      ["a", "d", "e", "f"],
      ["d", "e", "f"],
      ["e", "f"],
      ["f"],
      [],
    ]);
    expect(results).toEqual(["b", "a", "c", "d", "e", "f"]);
  });

  test("an exclusive one runs while no other does, and none is started before it", async () => {
    const gates = [
      aGate("a", { command }),
      aGate("alone", { command, exclusive: true }),
      aGate("b", { command }),
    ];
    const { seen } = await steps(gates, ["a", "alone", "b"]);
    expect(seen).toEqual([["a"], ["alone"], ["b"], []]);
  });

  test("stop together when they are told to, and none is left running", async () => {
    const stop = new AbortController();
    const ended: string[] = [];
    const { context } = ports({
      during: async (gate) => {
        await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
        await new Promise((resolve) => setTimeout(resolve, gate === "a" ? 1 : 20));
        ended.push(gate);
        throw stop.signal.reason;
      },
    });
    const gates = ["a", "b"].map((name) => aGate(name, { command }));
    const all = runGates(gates, target, context, stop.signal);
    setTimeout(() => stop.abort(new Error("enough")), 5);
    await expect(all).rejects.toThrow("enough");
    expect(ended).toEqual(["a", "b"]);
  });
});

describe("what a command says of itself", () => {
  test.each([
    [0, { status: "failed", summary: "3 licences" }, "failed", "3 licences"],
    [0, { status: "warning" }, "warning", "the command says warning"],
    [0, { status: "error", summary: "no network" }, "error", "no network"],
    [0, { reasons: [{ code: "BAD", level: "fail", message: "x" }] }, "failed", "says failed"],
    [0, { status: "passed", metrics: { n: 3 } }, "passed", "check ended with 0"],
    [1, { status: "passed", summary: "all is well" }, "failed", "check ended with 1"],
    [1, { status: "warning" }, "failed", "check ended with 1"],
  ])("beside exit status %i, %j makes it %s", async (exitCode, output, status, summary) => {
    const { context } = ports({ run: { exitCode }, output: JSON.stringify(output) });
    const result = await runGate(aGate("check", { command }), target, context, signal);
    expect(result).toMatchObject({ status, summary: expect.stringContaining(summary) });
  });

  test("cannot make a plugin's verdict better, and adds to its metrics", async () => {
    const { context } = ports({
      evaluate: () => ({ status: "failed", summary: "bad", metrics: { n: 1 } }),
      output: JSON.stringify({ status: "passed", metrics: { n: 0, more: 2 } }),
    });
    const result = await runGate(aGate("check", { command }), target, context, signal);
    expect(result).toMatchObject({ status: "failed", metrics: { n: 1, more: 2 } });
  });

  test.each([
    ["no JSON", "passed"],
    ["a status that does not exist", '{"status": "ok"}'],
    ["a member that does not exist", '{"verdict": "passed"}'],
    ["a list", "[]"],
  ])("is an error where it is %s", async (_, output) => {
    const { context } = ports({ output });
    const result = await runGate(aGate("check", { command }), target, context, signal);
    expect(result).toMatchObject({ status: "error", error: { code: "OUTPUT_INVALID" } });
  });
});
