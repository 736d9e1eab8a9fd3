import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { judge } from "./judge.ts";

const SHARED = fileURLToPath(new URL("../../../../shared/data/reports", import.meta.url));
const isHere = existsSync(SHARED);
const STACK = /\n\s+at /;
const FOLDERS = ["ctrf", "go-test-json", "jest-json", "mocha-json", "tap", "vitest-json"];

interface Expected {
  readonly status: "passed" | "warning" | "failed";
  readonly passed?: number;
  readonly failed?: number;
  readonly errored?: number;
  readonly skipped?: number;
  readonly flaky?: number;
}

/** What SOURCES.md of the collection says that a right reader finds; `todo` counts as skipped, a number that is absent is 0. */
const EXPECTED: Readonly<Record<string, Expected | RegExp>> = {
  "ctrf/comprehensive.json": { status: "failed", passed: 1, failed: 1, flaky: 1 },
  "ctrf/jest-broken-file-missing.json": { status: "passed", passed: 2 },
  "ctrf/jest.json": { status: "failed", passed: 1, failed: 1, skipped: 2, flaky: 1 },
  "ctrf/minimal.json": { status: "passed", passed: 1 },
  "ctrf/with-retries.json": { status: "warning", passed: 1, flaky: 1 },
  "go-test-json/failures.jsonl": { status: "failed", passed: 2, failed: 3, skipped: 1 },
  "go-test-json/pass-with-fake-json.jsonl": { status: "passed", passed: 4, skipped: 1 },
  "jest-json/retries-and-broken-file.json": {
    ...{ status: "failed", passed: 1, failed: 1, errored: 1, skipped: 2, flaky: 1 },
  },
  "mocha-json/hook-failure.json": { status: "failed", passed: 1, failed: 2, skipped: 1, flaky: 1 },
  "mocha-json/three-tests.json": { status: "failed", passed: 2, failed: 1 },
  "nothing-ran/ctrf-jest-nomatch.json": /no test ran/,
  "nothing-ran/ctrf-old-totals.json": /results\.tests is not a list|no test ran/,
  "nothing-ran/go-test-json-no-test-files.jsonl": /no test ran/,
  "nothing-ran/go-test-json-none.jsonl": /no test ran/,
  "nothing-ran/jest-json-nomatch.json": /no test ran/,
  "nothing-ran/mocha-json-nomatch.json": /no test ran/,
  "nothing-ran/tap-mocha-nomatch.tap": /no test ran/,
  "nothing-ran/tap-node20-nomatch.tap": /no test ran/,
  "nothing-ran/vitest-json-empty.json": /no test ran/,
  "tap/mocha.tap": { status: "failed", passed: 2, failed: 2, skipped: 1 },
  "tap/node20.tap": { status: "failed", passed: 2, failed: 2, skipped: 2 },
  "tap/perl-bail-out.tap": /bailed out/,
  "tap/perl-died-no-plan.tap": /no plan/,
  "tap/perl-mixed.tap": { status: "failed", passed: 4, failed: 1, skipped: 3 },
  "vitest-json/mixed.json": {
    status: "failed",
    passed: 2,
    failed: 1,
    skipped: 2,
    flaky: 1,
  },
};

const read = (path: string): Buffer => readFileSync(join(SHARED, path));
const exitOf = (expected: Expected): number => (expected.status === "failed" ? 1 : 0);

async function outcome(path: string, bytes: Uint8Array, exitCode: number): Promise<string> {
  try {
    return (await judge([fakeReport(path, bytes)], { run: { exitCode } })).status;
  } catch (error) {
    expect(String(error)).not.toMatch(STACK);
    return "thrown";
  }
}

test("the shared collection is here where it is required", () => {
  expect(isHere || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

// Without the collection the samples below stand for the formats.
describe.runIf(isHere)("a report of a real tool", () => {
  test("every one is known", () => {
    const wanted = readdirSync(SHARED, { recursive: true, encoding: "utf8" }).filter(
      (path) =>
        (FOLDERS.includes(path.split("/")[0] ?? "") && path.includes("/")) ||
        /^nothing-ran\/(?:ctrf|go-test|jest|mocha-json|tap|vitest-json)/.test(path),
    );
    expect(wanted.toSorted()).toEqual(Object.keys(EXPECTED).toSorted());
  });

  const readable = Object.entries(EXPECTED).filter(
    (entry): entry is [string, Expected] => !(entry[1] instanceof RegExp),
  );
  test.each(readable)("%s gives the right numbers", async (path, expected) => {
    const run = { exitCode: exitOf(expected) };
    const { status, ...numbers } = { failed: 0, errored: 0, skipped: 0, flaky: 0, ...expected };
    const verdict = await judge([fakeReport(path, read(path))], { run });
    expect(verdict.status).toBe(status);
    const { tests, ...metrics } = verdict.metrics ?? {};
    expect(metrics).toMatchObject(numbers);
    expect(tests).toBeGreaterThan(0);
  });

  const unreadable = Object.entries(EXPECTED).filter(
    (entry): entry is [string, RegExp] => entry[1] instanceof RegExp,
  );
  test.each(unreadable)("%s is no verdict", async (path, why) => {
    await expect(judge([fakeReport(path, read(path))], { run: { exitCode: 0 } })).rejects.toThrow(
      why,
    );
  });

  test("that looks green beside a command that failed says so, which floe takes for no verdict", async () => {
    const report = fakeReport("ctrf.json", read("ctrf/jest-broken-file-missing.json"));
    const verdict = await judge([report], { run: { exitCode: 1 } });
    expect(verdict.reasons).toMatchObject([{ code: "TESTS_EXIT_STATUS", level: "warn" }]);
  });

  test.each(readable)("%s never passes when it was damaged", async (path, expected) => {
    const whole = read(path);
    const text = whole.toString("utf8");
    for (let part = 1; part <= 20; part += 1) {
      const cut = whole.subarray(0, Math.floor((whole.byteLength * part) / 21));
      if (cut.toString("utf8").trim() === text.trim()) continue;
      expect([part, await outcome(path, cut, 0)]).not.toEqual([part, "passed"]);
    }
    for (const bad of [
      Buffer.concat([whole, whole]),
      Buffer.from(text.replaceAll(/"(?:passed|pass)"/g, "null")),
      Buffer.from(text.replaceAll(/: ?\d+/g, ": NaN")),
      Buffer.alloc(whole.byteLength),
      Buffer.from("null"),
      Buffer.from("[]"),
      Buffer.from("{}"),
    ])
      if (!bad.equals(whole)) {
        const found = await outcome(path, bad, 0);
        if (expected.status !== "passed" || found !== "passed") expect(found).not.toBe("passed");
        else expect(bad.toString("utf8")).toContain('"');
      }
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), whole]);
    expect(await outcome(path, marked, exitOf(expected))).toBe(expected.status);
  });
});

describe("a format", () => {
  const TAP =
    "TAP version 14\n1..6\nok 1 - a\nok 2 - b\nok 3 - c\nok 4 - d\nok 5 - e\nnot ok 6 - f # TODO later\n";
  const GO =
    '{"Action":"start","Package":"p"}\n{"Action":"run","Package":"p","Test":"T"}\n{"Action":"pass","Package":"p","Test":"T"}\n{"Action":"pass","Package":"p"}\n';

  test("is known by its structure, or taken from the manifest", async () => {
    for (const text of [TAP, GO])
      expect((await judge([fakeReport("out.txt", Buffer.from(text))])).status).toBe("passed");
    const named = { ...fakeReport("out.txt", Buffer.from(TAP)), format: "tap" };
    expect((await judge([named])).status).toBe("passed");
    const wrong = { ...fakeReport("out.txt", Buffer.from(TAP)), format: "ctrf" };
    await expect(judge([wrong])).rejects.toThrow(/out\.txt/);
    const unknown = { ...fakeReport("out.txt", Buffer.from(TAP)), format: "trx" };
    await expect(judge([unknown])).rejects.toThrow(/"trx"; this version reads ctrf, jest-json/);
  });

  test("of go: what was begun and did not end has crashed, and a package that could not be built has failed", async () => {
    const crashed = GO.replace('{"Action":"pass","Package":"p","Test":"T"}\n', "").replace(
      '"pass","Package":"p"}',
      '"fail","Package":"p"}',
    );
    const verdict = await judge([fakeReport("go.jsonl", Buffer.from(crashed))], {
      run: { exitCode: 1 },
    });
    expect(verdict).toMatchObject({ status: "failed", metrics: { errored: 1 } });
    const unbuilt =
      '{"Action":"start","Package":"p"}\n{"Action":"output","Package":"p","Output":"FAIL p [build failed]\\n"}\n{"Action":"fail","Package":"p"}\n';
    const built = await judge(
      [fakeReport("go.jsonl", Buffer.from(`${GO.replaceAll('"p"', '"q"')}${unbuilt}`))],
      { run: { exitCode: 1 } },
    );
    expect(built).toMatchObject({ status: "failed", metrics: { passed: 1, errored: 1 } });
    await expect(
      judge([fakeReport("go.jsonl", Buffer.from(GO.split("\n").slice(0, 3).join("\n")))]),
    ).rejects.toThrow(/has not ended/);
  });

  test("of TAP: a subtest that failed by itself counts, and a missing test is no verdict", async () => {
    const own =
      "TAP version 14\n1..1\n# Subtest: outer\n    ok 1 - inner\n    1..1\nnot ok 1 - outer\n";
    expect(
      await judge([fakeReport("a.tap", Buffer.from(own))], { run: { exitCode: 1 } }),
    ).toMatchObject({
      status: "failed",
      metrics: { passed: 1, failed: 1 },
    });
    await expect(judge([fakeReport("a.tap", Buffer.from("1..3\nok 1\nok 2\n"))])).rejects.toThrow(
      /3 tests are planned and 2/,
    );
  });

  test("may be mixed with others: all reports count together", async () => {
    const verdict = await judge([
      fakeReport("a.tap", Buffer.from(TAP)),
      fakeReport("b.jsonl", Buffer.from(GO)),
    ]);
    expect(verdict.metrics).toMatchObject({ passed: 6, skipped: 1 });
  });
});
