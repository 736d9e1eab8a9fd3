// Prints what failed and, as the last line, "N passed, N failed". Arguments: the names of the steps that failed.
import { readFileSync } from "node:fs";
import { type StepReport, summarizeReports } from "./summarize-reports.ts";

const REPORTS = { test: ".reports/vitest.json", interop: ".reports/interop.json" };

const reports = Object.entries(REPORTS).map(([step, path]) => ({ step, report: read(path) }));
const { passed, failed, problems } = summarizeReports(reports, process.argv.slice(2));
for (const problem of problems) console.log(problem);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function read(path: string): StepReport["report"] {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    console.log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
