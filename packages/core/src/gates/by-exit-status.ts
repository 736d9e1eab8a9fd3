import * as z from "zod";
import type { GateReason, GateVerdict } from "../contract/index.ts";
import type { JsonObject } from "../errors/index.ts";
import type { GateConfig } from "../manifest/manifest.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import type { GateStatus, SecuritySummary } from "../model/records.ts";
import { GateError } from "./gate-error.ts";
import type { Judged } from "./judged.ts";
import { type CommandResult, tail } from "./run-command.ts";

/**
 * Judges a gate that has no plugin, or whose plugin says nothing of its command's exit status.
 * @throws {GateError} COMMAND_MISSING, REPORT_UNREADABLE - nothing to judge by, or reports that nobody reads
 */
export function byExitStatus(gate: GateConfig, ran: CommandResult | null): Judged {
  if (!ran) throw new GateError("COMMAND_MISSING", "it has neither a command nor a plugin");
  if (gate.reports.length > 0) {
    throw new GateError(
      "REPORT_UNREADABLE",
      `no plugin reads the reports of ${gate.kind}; remove reports to judge by the exit status`,
    );
  }
  const { run } = ran;
  const program = run.argv[0] ?? "the command";
  const base = {
    metrics: {},
    details: { exit_code: run.exitCode, leftover_processes: run.leftoverProcesses },
    judged_by: "exit_status" as const,
  };
  if (run.exitCode === 0)
    return {
      ...base,
      status: "passed",
      summary: `${program} ended with 0`,
      reasons: leftovers(ran),
    };
  const warn = run.exitCode !== null && gate.exitCodes.warn.includes(run.exitCode);
  const reason: GateReason = {
    code: "EXIT_STATUS",
    level: warn ? "warn" : "fail",
    message: `${program} ended with ${run.exitCode}${tail(run)}`,
    measured: run.exitCode ?? "none",
    limit: 0,
  };
  return {
    ...base,
    status: warn ? "warning" : "failed",
    summary: `${program} ended with ${run.exitCode}`,
    reasons: [reason, ...leftovers(ran)],
  };
}

/**
 * Holds a plugin's verdict against the exit status of the command.
 * @throws {GateError} CONTRADICTION - a good report beside a bad exit status
 */
// The report decides and the exit status corroborates: a good report beside a bad exit status is a contradiction, which
// nobody can judge; unless the plugin says that the findings in the report are the reason. An exit status never makes a verdict better.
export function corroborated(
  gate: GateConfig,
  verdict: GateVerdict,
  ran: CommandResult | null,
): Judged {
  const good = verdict.status === "passed" || verdict.status === "warning";
  const exitCode = ran?.run.exitCode ?? 0;
  const warn = gate.exitCodes.warn.includes(exitCode);
  const explained = verdict.explainsExitStatus === true && ran !== null && ran.reports.length > 0;
  if (ran && good && exitCode !== 0 && !warn && !explained) {
    if (ran.reports.length === 0) return byExitStatus({ ...gate, reports: [] }, ran);
    throw new GateError(
      "CONTRADICTION",
      `the report says ${verdict.status}, but the command ended with ${exitCode}${tail(ran.run)}`,
    );
  }
  const status: GateStatus = verdict.status === "passed" && warn ? "warning" : verdict.status;
  const judgedBy = !ran ? "artifact" : ran.reports.length > 0 ? "report" : "exit_status";
  return {
    status,
    summary: verdict.summary,
    reasons: [...(verdict.reasons ?? []), ...(ran ? leftovers(ran) : [])],
    metrics: verdict.metrics ?? {},
    judged_by: judgedBy,
    ...withSummary((verdict.details ?? {}) as JsonObject),
  };
}

const Summary: z.ZodType<SecuritySummary> = z.object({
  total_vulnerabilities: z.int(),
  by_severity: z.object({
    CRITICAL: z.int(),
    HIGH: z.int(),
    MEDIUM: z.int(),
    LOW: z.int(),
    UNKNOWN: z.int(),
  }),
  blocking_cves: z.array(z.string()),
  ignored_unfixed: z.int(),
});

/** A summary of vulnerabilities has a place of its own in results; what is none stays among the details. */
function withSummary(details: JsonObject): Pick<Judged, "details" | "security_summary"> {
  const { security_summary: summary, ...others } = details;
  const parsed = Summary.safeParse(summary, PARSE_ONCE);
  return parsed.success ? { details: others, security_summary: parsed.data } : { details };
}

function leftovers({ run }: CommandResult): GateReason[] {
  if (run.leftoverProcesses === 0) return [];
  return [
    {
      code: "LEFTOVER_PROCESSES",
      level: "warn",
      message: `${run.leftoverProcesses} process(es) were still running after the command had ended and were killed`,
      measured: run.leftoverProcesses,
      limit: 0,
    },
  ];
}
