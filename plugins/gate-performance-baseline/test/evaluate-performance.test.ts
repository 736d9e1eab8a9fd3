import { readFileSync } from "node:fs";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { codes, evidence, generic, judge, noisy, seeded } from "./judge.ts";
import { isSharedPresent, reportFolder } from "./real-reports.ts";

const random = seeded(42);
const BEFORE = noisy(random, 20, 100, 0.02);
const times = (factor: number): number[] => BEFORE.map((ms) => ms * factor);
const shared = (path: string): string => readFileSync(`${reportFolder}/${path}`, "utf8");

test("without a baseline and without max it is a warning, and the measurement is kept", () => {
  const verdict = judge([generic(BEFORE)]);

  expect(verdict.status).toBe("warning");
  expect(codes(verdict)).toEqual(["PERF_NO_BASELINE"]);
  expect(verdict.details).toMatchObject({ measurements: { checkout: { unit: "ms" } } });
});

test("max works without a baseline, in both directions", () => {
  const at = (metric: object): string =>
    judge([generic(BEFORE)], { config: { metrics: [{ name: "checkout", ...metric }] } }).status;

  expect(at({ max: 150 })).toBe("passed");
  expect(at({ max: 50 })).toBe("failed");
  expect(at({ max: 50, better: "higher" })).toBe("passed");
  expect(at({ max: 150, better: "higher" })).toBe("failed");
});

test("a certain slowdown is refused, with the numbers, the limit and what to do", () => {
  const verdict = judge([generic(times(1.2))], { baseline: evidence([generic(BEFORE)]) });

  expect(verdict.status).toBe("failed");
  const [reason] = verdict.reasons ?? [];
  expect(reason).toMatchObject({
    code: "PERF_REGRESSION",
    level: "fail",
    measured: "+20.0 %",
    limit: "+5 %",
  });
  expect(reason?.message).toMatch(
    /^checkout is 1\d\d\.?\d* ms, before \d+\.?\d* ms \(\+20\.0 %\) in v1\.0\.0, which runs in prod; the limit is \+5 %\. .* \(n 20\/20, effect 1\.00\)$/,
  );
  expect(reason?.fix).toContain("override the gate once");
});

test("nothing is refused unless the relative and the absolute limit are both passed", () => {
  const status = (metric: object): string =>
    judge([generic(times(1.2))], {
      config: { metrics: [{ name: "checkout", ...metric }] },
      baseline: evidence([generic(BEFORE)]),
    }).status;

  expect(status({ max_regression_percent: 10, max_regression_abs: 5 })).toBe("failed");
  expect(status({ max_regression_percent: 10, max_regression_abs: 50 })).toBe("passed");
  expect(status({ max_regression_percent: 30, max_regression_abs: 5 })).toBe("passed");
});

test("what may be chance is a warning, and so is what has too few samples", () => {
  const wild = noisy(seeded(8), 20, 112, 0.8);
  const unsure = judge([generic(wild)], {
    baseline: evidence([generic(noisy(seeded(7), 20, 90, 0.8))]),
  });
  const few = judge([generic([200, 210, 220])], { baseline: evidence([generic(BEFORE)]) });

  expect([unsure.status, codes(unsure)]).toEqual(["warning", ["PERF_INCONCLUSIVE"]]);
  expect(unsure.summary).toContain("may be chance");
  expect([few.status, codes(few)]).toEqual(["warning", ["PERF_INCONCLUSIVE"]]);
  expect(few.reasons?.[0]?.fix).toContain("repeat: 10");
});

test("a metric of which more is better is refused when it falls", () => {
  const rate = (samples: readonly number[]): string =>
    JSON.stringify({
      floe_performance: 1,
      metrics: [{ name: "rate", unit: "requests/s", better: "higher", samples }],
    });

  expect(judge([rate(times(0.8))], { baseline: evidence([rate(BEFORE)]) }).status).toBe("failed");
  expect(judge([rate(times(1.2))], { baseline: evidence([rate(BEFORE)]) }).status).toBe("passed");
});

test("much faster than before is looked at as well", () => {
  const verdict = judge([generic(times(0.5))], { baseline: evidence([generic(BEFORE)]) });

  expect([verdict.status, codes(verdict)]).toEqual(["warning", ["PERF_MUCH_BETTER"]]);
});

test("from 0 to something is a regression, and 0 to 0 is none", () => {
  const zero = new Array<number>(12).fill(0);
  const one = new Array<number>(12).fill(1);

  expect(judge([generic(one)], { baseline: evidence([generic(zero)]) }).summary).toContain(
    "up from 0",
  );
  expect(judge([generic(zero)], { baseline: evidence([generic([...zero, 0])]) }).status).toBe(
    "passed",
  );
});

test("failing requests, too few and too short ones are an error before anything is compared", () => {
  const load = (more: object, config = {}) =>
    judge([generic(BEFORE, { requests: 1000, failed: 0, duration_ms: 5000, ...more })], { config });

  expect(() => load({ failed: 11 })).toThrow(
    /11 of 1000 requests failed \(1\.1 %, max_error_rate: 1 %\)/,
  );
  expect(load({ failed: 10 }).status).toBe("warning");
  expect(() => load({ requests: 99 })).toThrow(/only 99 requests .* \(min_requests: 100\)/);
  expect(() => load({}, { min_duration_seconds: 10 })).toThrow(
    /only 5\.00 s .* \(min_duration_seconds: 10\)/,
  );
  expect(codes(load({ failed: undefined }))).toContain("PERF_UNVERIFIED");
});

test("numbers of another machine, tool or setting are not compared", () => {
  const on = (cpus: number, factor = 1): string =>
    generic(times(factor), { comparability: { cpus } });
  const other = judge([on(8, 2)], { baseline: evidence([on(2)]) });
  const runner = judge([generic(times(2))], {
    config: { runner_class: "large" },
    baseline: evidence([generic(BEFORE)], { config: { runner_class: "small" } }),
  });

  expect([other.status, codes(other)]).toEqual(["warning", ["PERF_NOT_COMPARABLE"]]);
  expect(other.summary).toContain("cpus: 2 and 8");
  expect(codes(runner)).toEqual(["PERF_NOT_COMPARABLE"]);
  expect(judge([on(2, 2)], { baseline: evidence([on(2)]) }).status).toBe("failed");
});

test("evidence without its raw reports is compared by the details that it kept", () => {
  const baseline = evidence([generic(BEFORE)], { keepsReports: false });

  expect(judge([generic(times(1.2))], { baseline }).status).toBe("failed");
  expect(judge([generic(times(1.01))], { baseline }).status).toBe("passed");
});

test("evidence of an exit status is no baseline", () => {
  const baseline = { ...evidence([generic(BEFORE)], { keepsReports: false }), details: {} };

  expect(codes(judge([generic(times(2))], { baseline }))).toEqual(["PERF_NO_BASELINE"]);
});

test("a benchmark that is gone is an error, a new one is said to be new", () => {
  const both = [generic(BEFORE), generic(BEFORE, {}, "search")];

  expect(() => judge(both.slice(0, 1), { baseline: evidence(both) })).toThrow(
    /1 metrics that were measured in v1\.0\.0.* were not measured now: search/,
  );
  expect(codes(judge(both, { baseline: evidence(both.slice(0, 1)) }))).toEqual(["PERF_NEW_METRIC"]);
});

test("a metric that the settings list and nobody measured is an error that names what there is", () => {
  expect(() => judge([generic(BEFORE)], { config: { metrics: [{ name: "chekout" }] } })).toThrow(
    /the metric "chekout" was not measured; the reports have checkout/,
  );
});

test("ten runs of a tool that gives one number are ten samples, the same file twice is one", () => {
  const runs = (factor: number): string[] =>
    BEFORE.slice(0, 10).map((ms) => generic([ms * factor]));
  const config = { repeat: 10 };

  expect(judge(runs(1.2), { config, baseline: evidence(runs(1), { config }) }).status).toBe(
    "failed",
  );
  expect(() => judge(runs(1).slice(1), { config })).toThrow(
    /repeat is 10, .* only 9 of the reports/,
  );
  const [one = ""] = runs(1);
  expect(() => judge(new Array<string>(10).fill(one), { config })).toThrow(/only 1 of the reports/);
});

test("reports that measured different things under one name are not pooled", () => {
  const at = (target: string) => generic(BEFORE, { comparability: { target } });

  expect(() => judge([at("a"), at("b")])).toThrow(/did not measure the same \(target: a and b\)/);
});

describe("slow drift over several promotions", () => {
  /** Promotes six releases, each 4 % slower than the one before. */
  function release(config: object, overrideAt = -1) {
    let baseline = evidence([generic(BEFORE)], { digest: "sha256:0", version: "v0" });
    const verdicts = [];
    for (let index = 1; index <= 6; index += 1) {
      const report = generic(times(1.04 ** index));
      const verdict = judge([report], { config: { ...config }, baseline });
      verdicts.push(verdict);
      baseline = evidence([report], {
        verdict,
        digest: `sha256:${index}`,
        version: `v${index}`,
        ...(index === overrideAt ? { status: "failed" as const } : {}),
      });
    }
    return verdicts;
  }

  test("is seen against the anchor, though every step is within the limit", () => {
    const verdicts = release({});
    expect(verdicts.map(({ status }) => status)).toEqual([
      ...["passed", "passed", "passed"],
      ...["warning", "warning", "warning"],
    ]);
    expect(verdicts[3]?.summary).toMatch(
      /got worse by \+17\.0 % in small steps since v0; the limit is 15 %/,
    );
  });

  test("blocks where max_drift_percent says so, and counts anew from what was overridden", () => {
    expect(release({ max_drift_percent: 10 }, 3).map(({ status }) => status)).toEqual([
      ...["passed", "passed", "failed"],
      ...["passed", "passed", "failed"],
    ]);
  });
});

test("the chart is plain ASCII, a pair of bars for each metric", () => {
  const { details } = judge([generic(times(1.2))], { baseline: evidence([generic(BEFORE)]) });
  const chart = details?.["chart"] as string[];

  expect(chart).toHaveLength(3);
  expect(chart[0]).toBe("checkout");
  expect(chart[1]).toMatch(/^ {2}before #{20}\.{4} \d+\.?\d* ms$/);
  expect(chart[2]).toMatch(/^ {2}now {4}#{24} \d+\.?\d* ms {2}\+20\.0 % {2}worse$/);
});

test("names from reports reach the terminal without control characters", () => {
  const verdict = judge([generic(BEFORE, {}, "a\u001b[31m\nb")]);

  expect(JSON.stringify(verdict)).not.toMatch(/\\u001b|\\n/);
});

test.runIf(isSharedPresent)("real pairs are judged as their descriptions say", () => {
  const pair = (before: string, now: string, config = {}) =>
    judge([shared(now)], { config, baseline: evidence([shared(before)], { config }) });
  const ten = { max_regression_percent: 10 };

  const go = pair("go-bench/pair-baseline.txt", "go-bench/pair-candidate.txt", ten);
  expect(go.status).toBe("failed");
  const refused = (go.reasons ?? []).filter(({ level }) => level === "fail");
  expect(refused.map(({ subject }) => subject)).toEqual([
    "BenchmarkJoin-2",
    "BenchmarkJoin-2 B/op",
    "BenchmarkJoin-2 allocs/op",
  ]);
  expect(refused[0]?.measured).toBe("+97.6 %");
  const hyperfine = pair("hyperfine/pair-baseline.json", "hyperfine/pair-candidate.json", ten);
  expect([hyperfine.status, hyperfine.reasons?.[0]?.measured]).toEqual(["failed", "+22.0 %"]);
  const k6 = pair("k6/pair-sync.json", "k6/pair-async.json");
  expect(k6.status).toBe("warning");
  expect(new Set(codes(k6))).toEqual(new Set(["PERF_INCONCLUSIVE"]));
  const google = pair("google-benchmark/test1-run1.json", "google-benchmark/test1-run2.json");
  expect([google.status, new Set(codes(google))]).toEqual([
    "warning",
    new Set(["PERF_INCONCLUSIVE"]),
  ]);
});

test("formats without a recorded file are read from what their tools write", () => {
  const vegeta = JSON.stringify({
    latencies: { total: 1e10, mean: 5e6, "50th": 4e6, "95th": 9e6, "99th": 2e7, max: 3e7 },
    ...{ duration: 1e10, requests: 1000, rate: 100, throughput: 99.5, success: 0.995, errors: [] },
    status_codes: { "200": 995, "0": 5 },
  });
  const oha = JSON.stringify({
    summary: { successRate: 1, total: 10, average: 0.005, requestsPerSec: 100 },
    latencyPercentiles: { p50: 0.004, p95: 0.009, p99: 0.02 },
    statusCodeDistribution: { "200": 995, "500": 5 },
    errorDistribution: { "aborted due to deadline": 50 },
  });
  const lighthouse = JSON.stringify({
    lighthouseVersion: "13.5.0",
    requestedUrl: "http://localhost/",
    categories: { performance: { score: 0.93 } },
    audits: { "largest-contentful-paint": { numericValue: 1200.5, numericUnit: "millisecond" } },
  });
  const metrics = (report: string) => judge([report]).metrics;

  expect(metrics(vegeta)).toEqual({ "latency.p95": 9, requests_per_second: 99.5 });
  expect(metrics(oha)).toEqual({ "latency.p95": 9, requests_per_second: 100 });
  expect(metrics(lighthouse)).toEqual({
    "score.performance": 0.93,
    "largest-contentful-paint": 1200.5,
  });
  expect(() => judge([oha.replace('"500":5', '"500":500')])).toThrow(/500 of 1495 requests failed/);
  expect(() => judge([vegeta.replace('"0":5,"200":995', '"0":1000')])).toThrow(/1000 of 1000/);
  expect(() => judge([lighthouse.replace("{", '{"runtimeError":{"code":"NO_FCP"},')])).toThrow(
    /could not judge the page: NO_FCP/,
  );
});

test("a format that is not known, and a report that is not of the given one, are errors", () => {
  const as = (format: string) => judge([fakeReport("a.json", generic(BEFORE), { format })]);

  expect(() => as("gatling")).toThrow(
    /its format is given as "gatling"; known are auto, generic, k6/,
  );
  expect(() => as("wrk")).toThrow(/which is none of wrk/);
  expect(() => judge(["<html></html>"])).toThrow(/it begins with "<html><\/html>"/);
  expect(() => judge([])).toThrow(/there is no report of a measurement/);
});
