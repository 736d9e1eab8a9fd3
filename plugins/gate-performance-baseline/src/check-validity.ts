import type { GateReason } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { PerformanceConfig } from "./config.ts";
import type { Performance } from "./merge-reports.ts";
import type { PerformanceReport } from "./performance-report.ts";

/**
 * Whether anything can be said of speed at all: a service that fails answers fast. Returns what is worth a warning.
 * @throws {Error} too many failed requests, too few requests, too short, fewer runs than `repeat`
 */
export function checkValidity(
  reports: readonly PerformanceReport[],
  performance: Performance,
  config: PerformanceConfig,
): GateReason[] {
  if (performance.runs < config.repeat) {
    throw new Error(
      `repeat is ${config.repeat}, and a metric stands in only ${performance.runs} of the reports: let the command write a report for each run, and list them all under reports`,
    );
  }
  return reports.flatMap((report) => checkLoad(report, config));
}

function checkLoad(
  { path, load, notes }: PerformanceReport,
  config: PerformanceConfig,
): GateReason[] {
  const where = cleanText(path);
  const reasons: GateReason[] = notes.map((note) => ({
    code: "PERF_NOTE",
    level: "warn",
    message: `${where}: ${cleanText(note)}`,
    where,
    fix: "Look at what the tool printed; the numbers may say less than they seem to.",
  }));
  if (load === null) return reasons;
  const { requests, failed, durationMs } = load;
  const share = failed === null ? 0 : failed / requests;
  if (failed !== null && share > config.max_error_rate) {
    throw new Error(
      `${failed} of ${requests} requests failed (${percent(share)}, max_error_rate: ${percent(config.max_error_rate)}) according to ${where}: times of failing requests say nothing about speed; look at why they fail`,
    );
  }
  if (requests < config.min_requests) {
    throw new Error(
      `only ${requests} requests were sent according to ${where} (min_requests: ${config.min_requests}): measure longer`,
    );
  }
  if (durationMs !== null && durationMs < config.min_duration_seconds * 1000) {
    throw new Error(
      `it took only ${(durationMs / 1000).toFixed(2)} s according to ${where} (min_duration_seconds: ${config.min_duration_seconds}): measure longer`,
    );
  }
  const missing = [
    ...(failed === null ? ["failed requests"] : []),
    ...(durationMs === null && config.min_duration_seconds > 0 ? ["the duration"] : []),
  ];
  if (missing.length > 0) {
    reasons.push({
      code: "PERF_UNVERIFIED",
      level: "warn",
      message: `${where} does not say ${missing.join(" and ")}; that limit was not checked`,
      where,
      fix: "Let the tool write a report that has these numbers.",
    });
  }
  return reasons;
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
