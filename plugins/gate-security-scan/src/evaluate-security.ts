import type { GateReason, GateSubject, GateVerdict } from "@floe/core/plugin";
import { cleanText, whyNotEnded, withoutCopies } from "@floe/gate-kit";
import { checkReports, type LocatedReport } from "./check-reports.ts";
import type { SecurityConfig } from "./config.ts";
import { describeScans } from "./describe-scans.ts";
import { enrichFindings } from "./enrich-findings.ts";
import { explainsExitStatus } from "./explain-exit-status.ts";
import type { Finding } from "./finding.ts";
import { judgeFindings } from "./judge-findings.ts";
import { knownBefore } from "./known-before.ts";
import { alignIds, mergeFindings } from "./merge-findings.ts";
import { readFiles } from "./read-files.ts";
import { readScan } from "./read-scan.ts";
import { sortFindings } from "./sort-findings.ts";
import { applyVex, type Excused } from "./vex/apply-vex.ts";
import type { VexArtifact } from "./vex/match-product.ts";
import { readVex } from "./vex/read-vex.ts";
import type { VexStatement } from "./vex/vex-statement.ts";

const MAX_VEX_FILE = 16 * 1024 * 1024;
const MAX_EXCUSED_DETAILS = 50;

/** What evaluation needs besides the subject and the settings. */
export interface SecurityOptions {
  /** Where relative paths of the settings start. */
  readonly folder: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

/**
 * Judges an artifact by the reports of its scanners.
 *
 * @throws {Error} when it cannot be judged: no report, a damaged one, one of another artifact, one that scanned nothing.
 */
export async function evaluateSecurity(
  subject: GateSubject,
  config: SecurityConfig,
  options: SecurityOptions,
): Promise<GateVerdict> {
  const { signal, folder } = options;
  signal.throwIfAborted();
  refuseRun(subject);
  if (subject.reports.length === 0) {
    throw new Error(
      "there is no report to judge by: let the scanner write JSON into ${FLOE_GATE_DIR} and list the file under reports",
    );
  }
  const reports = withoutCopies(subject.reports).map(
    (report): LocatedReport => ({
      path: report.path,
      report: readScan(report, config.scanner_format),
      attested: report.attestation !== undefined,
    }),
  );
  const reasons = checkReports(reports, subject.artifact, config, options.now);

  const found = alignIds(reports.flatMap(({ report }) => report.findings));
  const statements = await readStatements(config, options);
  const { counted, excused } = applyVex(found, statements, artifactOf(subject));
  const merged = await enrichFindings(mergeFindings(counted), config, { folder, signal });
  refuseUnknown(merged, reports, config);

  const before = compareWith(subject, config);
  const sorted = sortFindings(
    merged,
    reports.flatMap(({ report }) => report.licenses),
    before.names,
    config,
  );
  const described = describeScans(reports);
  const verdict = judgeFindings(sorted, config, {
    all: found,
    excused: mergeFindings(excused.map(({ finding }) => finding)).length,
    suppressed: reports.reduce((sum, { report }) => sum + report.suppressed, 0),
    scope: reports.map(({ report }) => describeScope(report)).join(", "),
    reasons: [...before.reasons, ...reasons, ...described.reasons],
    details: {
      reports: reports.slice(0, 50).map(({ path, report }) => ({
        path: cleanText(path),
        format: report.format,
        tool: cleanText(report.tool, 100),
        examined: report.examined.count,
        unit: report.examined.unit,
        findings: report.findings.length,
        database_built: report.databaseBuilt?.toISOString() ?? null,
      })),
      excused: excused.slice(0, MAX_EXCUSED_DETAILS).map(describeExcused),
    },
  });
  const { scans } = described;
  return {
    ...verdict,
    ...(scans ? { scans } : {}),
    explainsExitStatus: explainsExitStatus(subject.run, reports),
  };
}

/** Refuses what the command line or the end of the command makes worthless, whatever the report says. */
function refuseRun({ run }: GateSubject): void {
  if (run === null) return;
  const cutShort = whyNotEnded(run);
  if (cutShort !== null)
    throw new Error(`${cutShort}; what it had reported by then proves nothing`);
  const line = run.argv.join(" ");
  if (/\bnpm\b.*\baudit\b/.test(line) && /(?:^|\s)--offline\b(?!=false)/.test(line)) {
    throw new Error(
      "npm audit --offline reports 0 vulnerabilities without asking anybody: take --offline away",
    );
  }
}

function describeScope({ examined, tool }: LocatedReport["report"]): string {
  const { count, unit } = examined;
  return `${count} ${count === 1 ? unit.replace(/s$/, "") : unit} (${cleanText(tool, 60)})`;
}

async function readStatements(
  config: SecurityConfig,
  { folder, signal }: SecurityOptions,
): Promise<VexStatement[]> {
  const statements: VexStatement[] = [];
  for (const pattern of config.vex) {
    const files = await readFiles(pattern, {
      folder,
      signal,
      setting: "vex",
      maxBytes: MAX_VEX_FILE,
    });
    statements.push(...files.flatMap(readVex));
  }
  return statements;
}

function artifactOf({ artifact }: GateSubject): VexArtifact {
  const { reference, digest, version } = artifact;
  return { repository: reference.split("@", 1)[0] ?? reference, digest, version };
}

function describeExcused({ finding, statement }: Excused): Record<string, string | null> {
  return {
    id: cleanText(finding.id, 100),
    package: finding.package ? cleanText(finding.package.name, 120) : null,
    status: statement.status,
    justification:
      statement.justification === undefined ? null : cleanText(statement.justification, 200),
    source: cleanText(statement.source, 200),
  };
}

/** A limit on something that no report tells cannot be kept: that is an error, not a pass. */
function refuseUnknown(
  findings: readonly Finding[],
  reports: readonly LocatedReport[],
  config: SecurityConfig,
): void {
  const { block_on: on } = config;
  const vulnerable = reports.filter(({ report }) =>
    report.findings.some(({ kind }) => kind === "vulnerability"),
  );
  const open = findings.some(({ kind }) => kind === "vulnerability");
  const silent = (knows: (report: LocatedReport["report"]) => boolean): string | undefined =>
    open ? vulnerable.find(({ report }) => !knows(report))?.path : undefined;
  const noKev = silent((report) => report.marksExploited);
  if (on.kev === true && config.kev_file === undefined && noKev !== undefined) {
    throw new Error(
      `block_on.kev: ${cleanText(noKev)} does not say what is known to be exploited: set kev_file`,
    );
  }
  const noEpss = silent((report) => report.givesEpss);
  if (on.epss_above !== undefined && config.epss_file === undefined && noEpss !== undefined) {
    throw new Error(
      `block_on.epss_above: ${cleanText(noEpss)} gives no EPSS scores: set epss_file`,
    );
  }
  if (on.licenses.length > 0 && reports.every(({ report }) => report.licenses.length === 0)) {
    throw new Error(
      `block_on.licenses: no report lists licences (${reports.map(({ path }) => cleanText(path)).join(", ")}): run the scanner with its licence scan`,
    );
  }
}

function compareWith(
  { baseline, target }: GateSubject,
  config: SecurityConfig,
): { readonly names: ReadonlySet<string>; readonly reasons: readonly GateReason[] } {
  if (!config.new_only) return { names: new Set(), reasons: [] };
  if (!baseline) {
    return {
      names: new Set(),
      reasons: [
        {
          code: "SEC_NO_BASELINE",
          level: "info",
          message: `new_only: nothing is known of what runs in ${target} now, so that every finding counts as new`,
        },
      ],
    };
  }
  const { names, complete } = knownBefore(baseline, config);
  if (complete) return { names, reasons: [] };
  return {
    names,
    reasons: [
      {
        code: "SEC_BASELINE_INCOMPLETE",
        level: "info",
        message: `new_only: only a part of what was found for ${baseline.version} was kept; the rest counts as new`,
      },
    ],
  };
}
