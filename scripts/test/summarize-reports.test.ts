import { describe, expect, test } from "vitest";
import { summarizeReports, type VitestReport } from "../ci/summarize-reports.ts";

function report(...statuses: string[]): VitestReport {
  const failed = statuses.includes("failed");
  return {
    numPassedTests: statuses.filter((status) => status === "passed").length,
    testResults: [
      {
        name: "a.test.ts",
        status: failed ? "failed" : "passed",
        assertionResults: statuses.map((status, index) => ({ status, fullName: `t${index}` })),
      },
    ],
  };
}

const unloadable: VitestReport = {
  numPassedTests: 0,
  testResults: [{ name: "b.test.ts", status: "failed", assertionResults: [] }],
};

describe("summarizeReports", () => {
  test("adds up the tests of all reports", () => {
    const reports = [
      { step: "test", report: report("passed", "passed") },
      { step: "interop", report: report("passed") },
    ];
    expect(summarizeReports(reports, [])).toEqual({ passed: 3, failed: 0, problems: [] });
  });

  test("counts a failed test once, although its step failed as well", () => {
    const reports = [{ step: "test", report: report("passed", "failed") }];
    expect(summarizeReports(reports, ["test"])).toEqual({
      passed: 1,
      failed: 1,
      problems: ["test: failed: a.test.ts: t1"],
    });
  });

  test("counts a file that does not load", () => {
    expect(summarizeReports([{ step: "test", report: unloadable }], ["test"])).toMatchObject({
      failed: 1,
      problems: ["test: failed to load: b.test.ts"],
    });
  });

  test.for(["skipped", "pending", "todo"])("counts a test that is %s as failed", (status) => {
    const reports = [{ step: "interop", report: report("passed", status) }];
    expect(summarizeReports(reports, [])).toMatchObject({ passed: 1, failed: 1 });
  });

  test("counts a missing report", () => {
    expect(summarizeReports([{ step: "interop", report: null }], ["interop"])).toEqual({
      passed: 0,
      failed: 1,
      problems: ["interop: no report"],
    });
  });

  test("counts a step that failed with all its tests passed, as with an error outside of a test", () => {
    const reports = [{ step: "test", report: report("passed") }];
    expect(summarizeReports(reports, ["lint", "test"])).toEqual({
      passed: 1,
      failed: 2,
      problems: ["lint: the step failed", "test: the step failed"],
    });
  });
});
