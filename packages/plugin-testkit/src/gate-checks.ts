import assert from "node:assert/strict";
import type { FloePlugin, StandardIssue } from "@floe/core/plugin";
import { checkDescriptor, checkPluginShape } from "./check-plugin.ts";
import { checkVerdict } from "./check-verdict.ts";
import { deepFreeze } from "./freeze.ts";
import type { GateCase, GateCheck, GateContract } from "./gate-contract.ts";
import { evaluate, type GateUnderTest, gateUnderTest } from "./gate-under-test.ts";
import { notePrototypes } from "./note-prototypes.ts";
import { withoutOutput } from "./quiet.ts";

/** A gate that has not reacted to an aborted signal by then will not. Milliseconds. */
const ABORT_LIMIT_MS = 5000;

const UNKNOWN_KEY = "floe_testkit_unknown_key";
const PLANTED = "FLOE_TESTKIT_PLANTED";

/**
 * Lists the checks of the contract for one gate of a plugin. They need no test runner: each has a name, and a `run`
 * that rejects with an `AssertionError`. Run them one after the other; some watch the terminal and the environment.
 */
export function gateChecks(
  plugin: FloePlugin,
  gateId: string,
  contract: GateContract,
): readonly GateCheck[] {
  const { cannotJudge } = contract;
  const gate = gateUnderTest(plugin, gateId, contract);
  const check = (name: string, run: () => Promise<void>): GateCheck => ({ name, run });
  return [
    check("exports a plugin of the contract's shape", async () => checkPluginShape(plugin)),
    check("declares in package.json what it exports", () =>
      checkDescriptor(plugin, contract.packageJson),
    ),
    check("accepts valid settings", () => checkValidConfigs(gate, contract)),
    check("refuses unknown keys, naming them", () => checkUnknownKey(gate, contract)),
    check("refuses invalid settings, naming the path", () => checkInvalidConfigs(gate, contract)),
    check("returns a passed or warning verdict for the passing case", () =>
      checkPassing(gate, contract),
    ),
    check("returns a failed verdict with a reason for the failing case, and does not throw", () =>
      checkFailing(gate, contract),
    ),
    ...(cannotJudge === undefined
      ? []
      : [
          check("throws for what it cannot judge, and says why", () =>
            checkCannotJudge(gate, cannotJudge),
          ),
        ]),
    check("rejects at once when the signal is already aborted", () => checkAborted(gate, contract)),
    check("leaves its inputs as they are", () => checkInputs(gate, contract)),
    check("judges two artifacts at the same time without mixing them up", () =>
      checkConcurrent(gate, contract),
    ),
    check("writes nothing to the terminal", () => checkOutput(gate, contract)),
    check("puts nothing of the process environment into its verdict", () =>
      checkEnvironment(gate, contract),
    ),
    check("leaves the objects of the language as they are", () => checkLanguage(gate, contract)),
    check("can be disposed of twice", () =>
      gate.withGate(contract.passing.config, async (one) => {
        await evaluate(one, contract.passing);
        // The second time is when it is handed back.
        await one[Symbol.asyncDispose]?.();
      }),
    ),
  ];
}

async function checkValidConfigs(gate: GateUnderTest, contract: GateContract): Promise<void> {
  assert.ok(contract.validConfigs.length > 0, "the contract needs at least one valid config");
  for (const config of [...contract.validConfigs, contract.passing.config]) {
    const issues = await gate.findIssues(config);
    assert.equal(issues.length, 0, `refused: ${JSON.stringify(config)}: ${JSON.stringify(issues)}`);
  }
}

async function checkUnknownKey(gate: GateUnderTest, contract: GateContract): Promise<void> {
  for (const config of contract.validConfigs) {
    assert.ok(typeof config === "object" && config !== null, "a gate's settings are a map");
    const issues = await gate.findIssues({ ...config, [UNKNOWN_KEY]: true });
    const named = issues.some((issue) => {
      const path = pathOf(issue);
      return path.length === 0 ? issue.message.includes(UNKNOWN_KEY) : path[0] === UNKNOWN_KEY;
    });
    assert.ok(
      named,
      `the unknown key ${UNKNOWN_KEY} was not refused by name: a typing error would have no effect and nobody would know`,
    );
  }
}

async function checkInvalidConfigs(gate: GateUnderTest, contract: GateContract): Promise<void> {
  for (const { config, path } of contract.invalidConfigs) {
    const issues = await gate.findIssues(config);
    assert.ok(issues.length > 0, `not refused: ${JSON.stringify(config)}`);
    const paths = issues.map((issue) => JSON.stringify(pathOf(issue)));
    assert.ok(
      paths.includes(JSON.stringify(path)),
      `the error names ${paths.join(", ")}, not ${JSON.stringify(path)}, for ${JSON.stringify(config)}`,
    );
  }
}

async function checkPassing(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const verdict = await gate.judge(contract.passing);
  checkVerdict(verdict);
  assert.ok(
    verdict.status === "passed" || verdict.status === "warning",
    `the passing case was judged ${verdict.status}`,
  );
}

async function checkFailing(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const verdict = await gate.judge(contract.failing);
  checkVerdict(verdict);
  assert.equal(verdict.status, "failed", `the failing case was judged ${verdict.status}`);
  const blocks = (verdict.reasons ?? []).some((reason) => reason.level === "fail");
  assert.ok(blocks, "a failed verdict needs a reason of level fail");
}

async function checkCannotJudge(gate: GateUnderTest, cannotJudge: GateCase): Promise<void> {
  const outcome = await settle(gate.judge(cannotJudge));
  assert.ok("error" in outcome, "it returned a verdict on what it cannot judge");
  const { error } = outcome;
  assert.ok(
    error instanceof Error && error.message.trim() !== "",
    "it must throw an Error that says why",
  );
  assert.doesNotMatch(error.message, /\n\s+at /, "the message holds a stack trace");
}

async function checkAborted(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const reason = new Error("aborted by the test kit");
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ readonly late: true }>((resolve) => {
    timer = setTimeout(() => resolve({ late: true }), ABORT_LIMIT_MS);
  });
  const judged = gate.withGate(contract.passing.config, (one) =>
    evaluate(one, contract.passing, AbortSignal.abort(reason)),
  );
  const outcome = await Promise.race([late, settle(judged)]);
  clearTimeout(timer);
  assert.ok(!("late" in outcome), `nothing happened within ${ABORT_LIMIT_MS} ms`);
  assert.ok("error" in outcome, "it returned a verdict although the signal was aborted");
  const { error } = outcome;
  assert.ok(
    error === reason || (error instanceof Error && error.name === "AbortError"),
    `it must reject with the signal's reason or an AbortError, not with ${String(error)}`,
  );
}

async function checkInputs(gate: GateUnderTest, contract: GateContract): Promise<void> {
  for (const one of [contract.passing, contract.failing]) {
    const config = structuredClone(one.config);
    const subject = structuredClone(one.subject);
    await gate.withGate(config, async (made) =>
      made.evaluate(deepFreeze(subject), { signal: new AbortController().signal }),
    );
    assert.deepEqual(config, one.config, "the settings were changed");
    assert.deepEqual(subject, one.subject, "the subject was changed");
  }
}

async function checkConcurrent(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const { passing, failing } = contract;
  await gate.withGate(passing.config, (first) =>
    gate.withGate(failing.config, async (second) => {
      const alone = [await evaluate(first, passing), await evaluate(second, failing)];
      const together = await Promise.all([
        evaluate(first, passing),
        evaluate(second, failing),
        evaluate(first, passing),
        evaluate(second, failing),
      ]);
      assert.deepEqual(
        together.map((verdict) => verdict.status),
        [...alone, ...alone].map((verdict) => verdict.status),
        "the verdicts differ when two artifacts are judged at the same time",
      );
    }),
  );
}

async function checkOutput(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const { written } = await withoutOutput(async () => {
    await gate.judge(contract.passing);
    await gate.judge(contract.failing);
  });
  assert.deepEqual(written, [], "use services.logger: the terminal is floe's");
}

async function checkEnvironment(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const value = `planted-${process.hrtime.bigint()}`;
  process.env[PLANTED] = value;
  try {
    const verdicts = [await gate.judge(contract.passing), await gate.judge(contract.failing)];
    const found = JSON.stringify(verdicts).includes(value);
    assert.ok(!found, "the verdict holds a value of the process environment");
  } finally {
    delete process.env[PLANTED];
  }
}

async function checkLanguage(gate: GateUnderTest, contract: GateContract): Promise<void> {
  const before = notePrototypes();
  await gate.judge(contract.passing).catch(() => undefined);
  await gate.judge(contract.failing).catch(() => undefined);
  const changed = before.restore();
  assert.deepEqual(
    changed,
    [],
    `it changes ${changed.join(", ")}, for floe and every other plugin`,
  );
}

async function settle<Value>(
  promise: Promise<Value>,
): Promise<{ readonly value: Value } | { readonly error: unknown }> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

function pathOf(issue: StandardIssue): PropertyKey[] {
  return (issue.path ?? []).map((part) => (typeof part === "object" ? part.key : part));
}
