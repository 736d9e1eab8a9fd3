import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { readReport } from "../src/read-report.ts";
import { judge } from "./judge.ts";
import { isSharedPresent, readable, reportFolder, unreadable } from "./real-reports.ts";

const STACK = /\n\s+at /;
const good = isSharedPresent ? Object.entries(readable) : [];
const bad = isSharedPresent ? Object.entries(unreadable) : [];
/** Loose limits that every metric keeps: without them nothing would ever be `passed`, and no test could fail. */
const LIMITED = { metrics: [{ name: "*", max: 0, better: "higher" }], min_requests: 1 };

const read = (path: string): Buffer => readFileSync(join(reportFolder, path));

/** The word of a verdict, or `error`, in which case it is an ordinary message. */
function outcome(path: string, bytes: Uint8Array): string {
  try {
    return judge([fakeReport(path, bytes)], { config: LIMITED }).status;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toMatch(STACK);
    expect(["Error", "ReportProblem"]).toContain((error as Error).name);
    return "error";
  }
}

test("the shared collection is here where it is required", () => {
  expect(isSharedPresent || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

test("every report in the folder is known", () => {
  if (!isSharedPresent) return;
  const tools = new Set(Object.keys(readable).map((path) => path.split("/")[0]));
  const present = readdirSync(reportFolder, { recursive: true, encoding: "utf8" }).filter(
    (path) => {
      const [folder, file] = path.split("/");
      if (file === undefined) return false;
      return folder === "nothing-ran"
        ? /^(?:ab|autocannon|go-bench|google|hey|hyperfine|wrk|k6)-/.test(file)
        : tools.has(folder);
    },
  );
  const known = new Set([...Object.keys(readable), ...Object.keys(unreadable)]);
  expect(present.filter((path) => !known.has(path))).toEqual([]);
  expect(present.length).toBe(known.size);
});

describe("a report of a real tool gives the numbers that are in it", () => {
  test.each(good)("%s", (path, expected) => {
    const report = readReport(fakeReport(path, read(path)));

    expect(report.format).toBe(expected.format);
    const found = new Map(report.measurements.map((one) => [one.name, one]));
    for (const [name, value, samples] of expected.metrics) {
      const one = found.get(name);
      expect([name, one?.samples.length]).toEqual([name, samples]);
      expect(Math.abs((one?.value ?? Number.NaN) - value)).toBeLessThanOrEqual(value * 1e-4);
    }
    if (expected.requests !== undefined) {
      expect([report.load?.requests, report.load?.failed]).toEqual([
        expected.requests,
        expected.failed,
      ]);
    }
    if (expected.seconds !== undefined)
      expect(report.load?.durationMs).toBeCloseTo(expected.seconds * 1000, 3);
    if (expected.verdict instanceof RegExp) {
      expect(() => judge([fakeReport(path, read(path))])).toThrow(expected.verdict);
    } else expect(judge([fakeReport(path, read(path))]).status).toBe(expected.verdict);
  });
});

describe("a report that shows nothing is an error that says why", () => {
  test.each(bad)("%s", (path, pattern) => {
    expect(() => judge([fakeReport(path, read(path))])).toThrow(pattern);
  });
});

test("undamaged, most of them pass the loose limits that damaged ones must not", () => {
  const passed = good.filter(([path]) => outcome(path, read(path)) === "passed");
  expect(passed.length).toBeGreaterThanOrEqual(isSharedPresent ? 20 : 0);
});

describe("a damaged report never passes, and never ends in a stack trace", () => {
  test.each(good)("%s", (path) => {
    const bytes = read(path);
    const whole = outcome(path, bytes);
    for (let part = 0; part < 20; part += 1) {
      const at = Math.floor((bytes.length * part) / 20);
      expect([part, outcome(path, bytes.subarray(0, at))]).not.toEqual([part, "passed"]);
      const wiped = Buffer.from(bytes).fill(0, at, Math.min(at + 64, bytes.length));
      expect([part, outcome(path, wiped)]).toEqual([part, "error"]);
    }
    expect(outcome(path, Buffer.concat([bytes, bytes]))).not.toBe("passed");
    expect(outcome(path, Buffer.concat([Buffer.from("\ufeff"), bytes]))).toBe(whole);
    const text = bytes.toString("utf8");
    const twice = text.replace(/("[A-Za-z_]+": ?)(?=["\d[{])/, "$1null, $1");
    if (twice !== text) expect(outcome(path, Buffer.from(twice))).toBe("error");
    for (const word of ["null", "NaN", "-1", "1e999", '"12"', "[]"]) {
      // Every measured number at once: what is left cannot be a measurement.
      const spoilt = text.replace(/(?<=[:\s[,])\d+(?:\.\d+)?(?:e[+-]?\d+)?(?=[\s,\]}]|$)/gi, word);
      expect([word, outcome(path, Buffer.from(spoilt))]).toEqual([word, "error"]);
    }
  });
});
