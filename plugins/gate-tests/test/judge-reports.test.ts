import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { judge, suite, testcase } from "./judge.ts";

const FAILURE = '<failure message="expected 200, got 500"/>';

describe("failures", () => {
  test("block, and each is named with its message and place", async () => {
    const verdict = await judge(
      [
        suite(
          testcase("pays", FAILURE, 'classname="Checkout" file="checkout.js" line="7"') +
            testcase("Checkout ships", "<error>no network\n at x</error>", 'classname="Checkout"') +
            testcase("packs"),
        ),
      ],
      { run: { exitCode: 1 } },
    );

    expect(verdict).toMatchObject({
      status: "failed",
      summary: "2 of 3 tests failed: Checkout > pays, Checkout ships",
      reasons: [
        {
          code: "TESTS_FAILED",
          level: "fail",
          message: "Checkout > pays failed: expected 200, got 500",
          subject: "Checkout > pays",
          where: "checkout.js:7",
        },
        {
          code: "TESTS_ERRORED",
          level: "fail",
          message: "Checkout ships could not run: no network",
          where: "junit-1.xml:2",
        },
      ],
    });
  });

  test("are named up to a number and counted beyond it", async () => {
    const cases = Array.from({ length: 500 }, (_, n) => testcase(`t${n}`, FAILURE)).join("");

    const verdict = await judge([suite(cases)]);

    expect(verdict.summary).toBe("500 of 500 tests failed: c > t0, c > t1, c > t2 and 497 more");
    expect(verdict.reasons).toHaveLength(21);
    expect(verdict.reasons?.at(-1)).toMatchObject({ message: "480 more tests failed" });
  });

  test("are named in one clean line, whatever the report holds", async () => {
    const verdict = await judge([
      suite(testcase(`a\u001b[31m&#10;b${"x".repeat(9000)}`, "<failure>\u202e\nmoved</failure>")),
    ]);

    expect(verdict.summary).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(verdict.summary.length).toBeLessThan(500);
    expect(verdict.reasons?.[0]?.message).toMatch(/^c > a b+x+… failed: moved$/);
  });

  test("up to max_failures are let through with a warning", async () => {
    const report = suite(testcase("a", FAILURE) + testcase("b") + testcase("d"));

    const verdict = await judge([report], { config: { max_failures: 1 }, run: { exitCode: 1 } });

    expect(verdict).toMatchObject({
      status: "warning",
      summary: "2 of 3 tests passed, 1 failed",
      reasons: [{ code: "TESTS_FAILED", level: "warn" }],
    });
    expect(
      (await judge([report, suite(testcase("a2", FAILURE))], { config: { max_failures: 1 } }))
        .status,
    ).toBe("failed");
  });

  test("of which only the totals speak block", async () => {
    const verdict = await judge([suite(testcase("a") + testcase("b"), 'tests="2" failures="1"')]);

    expect(verdict).toMatchObject({
      status: "failed",
      metrics: { failed: 1, passed: 2 },
      reasons: [{ code: "TESTS_TOTALS_WORSE", measured: 1 }],
    });
  });

  test("of one report are not made good by another", async () => {
    const bad = suite(testcase("a", FAILURE));
    const good = suite(testcase("a"));

    expect((await judge([bad, good])).metrics).toMatchObject({ tests: 2, failed: 1, flaky: 0 });
  });

  test("block also when the run was cut short", async () => {
    const verdict = await judge([suite(testcase("a", FAILURE))], {
      run: { exitCode: null, signal: "SIGTERM", timedOut: true },
    });

    expect(verdict.status).toBe("failed");
  });
});

describe("tests of one name", () => {
  const twice = (first: string, second: string) =>
    suite(testcase("a", first) + testcase("a", second) + testcase("b"));

  test("that fail and then pass are one flaky test when the command succeeded", async () => {
    const verdict = await judge([twice(FAILURE, "")]);

    expect(verdict).toMatchObject({
      status: "warning",
      summary: "2 of 2 tests passed, 1 passed only when repeated",
      metrics: { tests: 2, passed: 1, flaky: 1, failed: 0 },
      reasons: [{ code: "TESTS_FLAKY", level: "warn", subject: "c > a" }],
    });
  });

  test.each([{ exitCode: 1 }, null])(
    "that fail and then pass are two tests when the command did not succeed: %o",
    async (run) => {
      const verdict = await judge([twice(FAILURE, "")], { run });

      expect(verdict).toMatchObject({
        status: "failed",
        metrics: { tests: 3, passed: 2, failed: 1, flaky: 0 },
      });
    },
  );

  test("that pass and then fail are two tests", async () => {
    expect(await judge([twice("", FAILURE)])).toMatchObject({
      status: "failed",
      metrics: { tests: 3, passed: 2, failed: 1 },
    });
  });

  test("that fail and then pass more than once are several tests", async () => {
    const report = suite(testcase("a", FAILURE) + testcase("a") + testcase("a"));

    expect(await judge([report])).toMatchObject({
      status: "failed",
      metrics: { tests: 3, passed: 2, failed: 1 },
    });
  });

  test("that always fail are one failed test", async () => {
    expect(await judge([twice(FAILURE, "<error/>")])).toMatchObject({
      metrics: { tests: 2, failed: 0, errored: 1, passed: 1 },
    });
  });

  test("are different tests in different places", async () => {
    const report = `<testsuites>
      <testsuite name="s" hostname="chromium">${testcase("a", FAILURE)}</testsuite>
      <testsuite name="s" hostname="firefox">${testcase("a")}</testsuite>
      <testsuite name="t">${testcase("a", "", 'classname="c" line="1"')}${testcase("a", "", 'classname="c" line="2"')}</testsuite>
    </testsuites>`;

    expect((await judge([report])).metrics).toMatchObject({ tests: 4, failed: 1, flaky: 0 });
  });
});

describe("too little to judge", () => {
  test.each<[string, string, RegExp]>([
    ["no case", suite(""), /^no test ran according to junit-1\.xml \(min_tests: 1\)$/],
    ["only skipped cases", suite(testcase("a", "<skipped/>")), /1 were skipped, by a filter\?/],
    ["only cases to do", suite(testcase("a", '<skipped type="todo"/><failure/>')), /^no test ran/],
    [
      "green totals without a case",
      suite("", 'tests="6" failures="0"'),
      /6 tests are announced but not listed/,
    ],
    [
      "a file without tests, as node --test reports it",
      '<testsuites><testcase name="/x/a.test.ts" classname="test"/></testsuites>',
      /1 files without a test/,
    ],
  ])("is %s", async (_what, report, message) => {
    await expect(judge([report])).rejects.toThrow(message);
  });

  test("is fewer tests than min_tests, however many were skipped", async () => {
    const report = suite(testcase("a") + testcase("b") + testcase("d", "<skipped/>"));

    await expect(judge([report], { config: { min_tests: 3 } })).rejects.toThrow(
      "only 2 of at least 3 tests ran according to junit-1.xml",
    );
    expect((await judge([report], { config: { min_tests: 2 } })).metrics).toMatchObject({
      tests: 3,
    });
  });

  test("is the same report twice under min_tests", async () => {
    const report = suite(testcase("a"));

    await expect(judge([report, report], { config: { min_tests: 2 } })).rejects.toThrow(
      "only 1 of at least 2",
    );
  });

  test("is a required suite that is absent or was skipped", async () => {
    const report = `<testsuites>
      <testsuite name="unit">${testcase("a")}</testsuite>
      <testsuite name="e2e/pay">${testcase("b", "<skipped/>")}</testsuite>
    </testsuites>`;

    await expect(
      judge([report], { config: { required_suites: ["unit", "e2e/**", "load"] } }),
    ).rejects.toThrow('required_suites: no test ran that matches "e2e/**", "load"');
  });

  test("is a green report of a command that did not end by itself", async () => {
    const report = suite(testcase("a"));

    for (const run of [
      { exitCode: null, signal: "SIGTERM", timedOut: true },
      { exitCode: null, signal: "SIGSEGV" },
      { exitCode: null, startError: "ENOENT" },
      { exitCode: 127 },
    ]) {
      await expect(judge([report], { run })).rejects.toThrow("proves nothing (junit-1.xml)");
    }
  });

  test("is one unreadable report among good ones", async () => {
    await expect(judge([suite(testcase("a")), "<testsuites>"])).rejects.toThrow(
      "junit-2.xml line 1",
    );
  });

  test.each(["trx", "nunit", "subunit"])("is a report of the format %s", async (format) => {
    await expect(judge([fakeReport("out", "1..1\nok 1\n", { format })])).rejects.toThrow(
      `cannot read out: its format is given as "${format}"`,
    );
  });
});

describe("a required suite is there when a test ran", () => {
  test.each([
    "outer",
    "outer/inner",
    "in*",
    "com.shop.*",
    "src/**/*.ts",
    "**/b.test.ts",
    "junit-*",
  ])("that %s matches", async (glob) => {
    const report = `<testsuites><testsuite name="outer"><testsuite name="inner">
        ${testcase("a", "", 'classname="com.shop.Pay" file="src/a/b.test.ts"')}
      </testsuite></testsuite></testsuites>`;

    expect((await judge([report], { config: { required_suites: [glob] } })).status).toBe("passed");
  });
});

describe("a green report passes with a warning", () => {
  test("when many tests were skipped, and fails above max_skipped_percent", async () => {
    const report = suite(
      testcase("a") + testcase("b") + testcase("d") + testcase("e", "<skipped/>"),
    );

    expect(await judge([report])).toMatchObject({
      status: "warning",
      reasons: [{ code: "TESTS_SKIPPED", level: "warn", measured: 25, limit: 20 }],
    });
    expect(await judge([report], { config: { max_skipped_percent: 24.9 } })).toMatchObject({
      status: "failed",
      reasons: [{ code: "TESTS_SKIPPED", level: "fail", limit: 24.9 }],
    });
    expect((await judge([report], { config: { max_skipped_percent: 25 } })).status).toBe("passed");
  });

  test("when it announces tests that it does not list", async () => {
    expect(await judge([suite(testcase("a"), 'tests="173"')])).toMatchObject({
      status: "warning",
      reasons: [
        { code: "TESTS_MISSING", message: "junit-1.xml announces 172 tests that it does not list" },
      ],
    });
  });

  test("when the command failed all the same", async () => {
    expect(await judge([suite(testcase("a"))], { run: { exitCode: 1 } })).toMatchObject({
      status: "warning",
      reasons: [{ code: "TESTS_EXIT_STATUS", level: "warn", measured: 1 }],
    });
  });
});

describe("a green report passes", () => {
  test("and says what it holds", async () => {
    const report = suite(
      testcase("a", "", 'classname="c" time="0.5"') + testcase("b", "", 'classname="c" time="1"'),
    );

    expect(await judge([report])).toEqual({
      status: "passed",
      summary: "2 of 2 tests passed",
      metrics: { tests: 2, passed: 2, failed: 0, errored: 0, skipped: 0, flaky: 0 },
      details: {
        judged_by: "report",
        todo: 0,
        seconds: 1.5,
        reports: [{ path: "junit-1.xml", listed: 2, announced: null, sanitised: 0 }],
      },
    });
  });

  test("and mentions totals that are too low, which do no harm", async () => {
    expect(await judge([suite(testcase("a") + testcase("b"), 'tests="1"')])).toMatchObject({
      status: "passed",
      reasons: [{ code: "TESTS_TOTALS_LOWER", level: "info" }],
    });
  });

  test("and leaves out files without tests beside files with some", async () => {
    const report = `<testsuites>
      <testcase name="a.test.mjs" classname="test" file="/x/a.test.mjs"/>
      <testcase name="adds" classname="test" file="/x/b.test.mjs"/>
      <testcase name="b.test.mjs" classname="test" file="/x/b.test.mjs"/>
    </testsuites>`;

    expect(await judge([report])).toMatchObject({
      status: "passed",
      metrics: { tests: 2 },
      reasons: [{ code: "TESTS_FILE_EMPTY", subject: "a.test.mjs" }],
    });
  });

  test("from as many files as there are", async () => {
    const reports = Array.from({ length: 300 }, (_, n) => suite(testcase(`t${n}`)));

    expect((await judge(reports)).metrics).toMatchObject({ tests: 300, passed: 300 });
  });
});
