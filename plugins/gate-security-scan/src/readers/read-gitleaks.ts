import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import { findingIds } from "../finding-ids.ts";
import type { ScanReport } from "../scan-report.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

// `Secret`, `Match`, `Line` and (version 7) `line` and `offender` hold the secret itself: they are not even parsed.
const Version8 = z.object({
  RuleID: z.string().min(1),
  File: z.string(),
  Commit: optionalText,
  StartLine: optionalNumber,
  StartColumn: optionalNumber,
});

const Version7 = z.object({
  rule: z.string().min(1),
  file: z.string(),
  commit: optionalText,
  lineNumber: optionalNumber,
});

const Report = z.array(z.union([Version8, Version7]));

/** Whether a value looks like a report of gitleaks. An empty list could be of anything. */
export function isGitleaks(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const first: unknown = value[0];
  if (typeof first !== "object" || first === null) return false;
  return "RuleID" in first || ("rule" in first && "offender" in first);
}

/**
 * Reads a JSON report of gitleaks, version 7 or 8. Secrets are left where they are.
 *
 * @throws {Error} when it is of another shape.
 */
export function readGitleaks(value: unknown): ScanReport {
  const list = readShape(Report, value, "a report of gitleaks");
  return {
    format: "gitleaks",
    tool: "gitleaks",
    scanner: null,
    findings: list.map(readLeak),
    // It lists leaks and nothing else: that it ran is all that an empty list says.
    examined: { count: 1, unit: "runs" },
    suppressed: 0,
    digests: [],
    licenses: [],
    marksExploited: false,
    givesEpss: false,
    notes: [],
  };
}

function readLeak(one: z.infer<typeof Report>[number], index: number): Finding {
  const leak =
    "RuleID" in one
      ? { rule: one.RuleID, file: one.File, commit: one.Commit, line: one.StartLine }
      : { rule: one.rule, file: one.file, commit: one.commit, line: one.lineNumber };
  const column = "RuleID" in one ? one.StartColumn : undefined;
  const commit = leak.commit ? ` in commit ${leak.commit.slice(0, 12)}` : "";
  return {
    ...findingIds(leak.rule),
    kind: "secret",
    severity: "unknown",
    where: `${leak.file}${leak.line ? `:${leak.line}` : ""}${commit}`,
    // Without a line nothing tells two leaks of one file apart.
    discriminator: leak.line ? String(column ?? "") : String(index),
    fix: "unknown",
    knownExploited: false,
  };
}
