import { describe, expect, test } from "vitest";
import { judge } from "./judge.ts";

describe("without reports the exit status decides", () => {
  test("and 0 passes, saying what it rests on", async () => {
    expect(await judge([])).toEqual({
      status: "passed",
      summary: "the command ended with exit status 0; no report says which tests ran",
      details: { judged_by: "exit_status" },
    });
  });

  test("and another one fails, with the end of the output", async () => {
    const stderr = "one\ntwo\n\u001b[31mthree\u001b[0m\n\nfour\nfive\nsix\n";

    const verdict = await judge([], { run: { exitCode: 2, stdout: "out", stderr } });

    expect(verdict).toMatchObject({
      status: "failed",
      reasons: [{ code: "TESTS_COMMAND_FAILED", level: "fail", measured: 2, limit: 0 }],
      details: { judged_by: "exit_status" },
    });
    expect(verdict.reasons?.[0]?.message).toMatch(/\ntwo\nthree\nfour\nfive\nsix$/);
  });

  test("and stdout is shown where stderr is empty", async () => {
    const verdict = await judge([], { run: { exitCode: 1, stdout: "1 test failed\n" } });

    expect(verdict.reasons?.[0]?.message).toMatch(/\n1 test failed$/);
  });
});

describe("without reports nothing can be said", () => {
  test.each<[string, Parameters<typeof judge>[1], RegExp]>([
    ["when there is no command either", { run: null }, /neither a test report nor a command/],
    [
      "when the command was not started",
      { run: { exitCode: null, startError: "ENOENT: program pytest not found" } },
      /could not be started: ENOENT: program pytest/,
    ],
    [
      "when it ran out of time",
      { run: { exitCode: null, signal: "SIGKILL", timedOut: true } },
      /did not end within the time limit/,
    ],
    [
      "when it ran out of time, even if it then exits with 0",
      { run: { exitCode: 0, timedOut: true } },
      /did not end within the time limit/,
    ],
    ["when it crashed", { run: { exitCode: null, signal: "SIGSEGV" } }, /ended by SIGSEGV/],
    ["when a program was missing", { run: { exitCode: 127 } }, /exit status 127: a program/],
    ["when it may not be executed", { run: { exitCode: 126 } }, /exit status 126: a program/],
    ["when its end is unknown", { run: { exitCode: null } }, /without an exit status/],
    [
      "when a number of tests is asked for",
      { config: { min_tests: 2 } },
      /^min_tests cannot be judged by an exit status/,
    ],
    [
      "when suites and a share of skipped tests are asked for",
      { config: { max_skipped_percent: 5, required_suites: ["e2e"] } },
      /^max_skipped_percent and required_suites cannot be judged/,
    ],
  ])("%s", async (_why, circumstances, message) => {
    await expect(judge([], circumstances)).rejects.toThrow(message);
  });
});
