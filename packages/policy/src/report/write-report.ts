import type { EnforcementReport } from "./enforcement-report.ts";

/** What a report can be written as. */
export type ReportFormat = "json" | "sarif" | "html" | "junit";

/** Writes a report in a format; only what that one needs is loaded. */
export async function writeReport(
  report: EnforcementReport,
  format: ReportFormat,
): Promise<string> {
  switch (format) {
    case "json":
      return (await import("./report-json.ts")).reportJson(report);
    case "sarif":
      return (await import("./report-sarif.ts")).reportSarif(report);
    case "html":
      return (await import("./report-html.ts")).reportHtml(report);
    case "junit":
      return (await import("./report-junit.ts")).reportJunit(report);
    default: {
      const unknown: never = format;
      throw new Error(`unknown report format ${String(unknown)}`);
    }
  }
}
