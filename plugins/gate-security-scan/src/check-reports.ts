import type { GateReason, GateSubject } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { SecurityConfig } from "./config.ts";
import type { ScanReport } from "./scan-report.ts";

/** A report, and the file that it stands in. */
export interface LocatedReport {
  readonly path: string;
  readonly report: ScanReport;
  /** Whether floe has verified that it is about the artifact, and by whom. */
  readonly attested: boolean;
}

const HOUR_MS = 3_600_000;

/**
 * Checks that each report is about this artifact, that something was looked at, and that the database was fresh.
 * Gives what is worth saying about the reports.
 *
 * @throws {Error} when a report proves nothing about the artifact.
 */
export function checkReports(
  reports: readonly LocatedReport[],
  artifact: GateSubject["artifact"],
  config: SecurityConfig,
  now: Date,
): GateReason[] {
  return reports.flatMap(({ path, report, attested }) => {
    const where = cleanText(path);
    checkExamined(where, report, config.min_packages);
    return [
      ...(attested ? [] : checkSubject(where, report, artifact)),
      ...checkDatabase(where, report, config.db_max_age, now),
      ...report.notes.map((note) => ({ where, ...note })),
    ];
  });
}

function checkExamined(where: string, report: ScanReport, least: number): void {
  const { count, unit } = report.examined;
  const itemised = unit === "packages" || unit === "components" || unit === "dependencies";
  if (count === 0 && least > 0) {
    throw new Error(
      `nothing was scanned according to ${where}: ${report.tool} looked at 0 ${unit}. ${hintFor(report)}`,
    );
  }
  if (itemised && count < least) {
    throw new Error(
      `only ${count} of at least ${least} packages were scanned according to ${where} (min_packages: ${least})`,
    );
  }
  if (!itemised && least > 1) {
    throw new Error(
      `${where} does not say how many packages were scanned, and min_packages asks for ${least}. ${hintFor(report)}`,
    );
  }
}

function hintFor({ format }: ScanReport): string {
  const allow = "where there is nothing to scan, set min_packages: 0.";
  if (format === "trivy") return `Run trivy with --list-all-pkgs; ${allow}`;
  if (format === "osv") {
    return `Run osv-scanner with --all-packages, so that a clean scan shows what it looked at; ${allow}`;
  }
  return `W${allow.slice(1)}`;
}

/** A report that names another artifact judges another artifact; one that names none is only the command's word. */
function checkSubject(
  where: string,
  report: ScanReport,
  artifact: GateSubject["artifact"],
): GateReason[] {
  if (report.digests.includes(artifact.digest)) return [];
  const [other] = report.digests;
  if (other !== undefined) {
    throw new Error(
      `${where} is about ${cleanText(other)}, and ${artifact.digest} is to be promoted: scan \${ARTIFACT_REF}, which names the digest`,
    );
  }
  return [
    {
      code: "SEC_UNBOUND",
      level: "info",
      message: `the report of ${cleanText(report.tool)} names no artifact: that it is about ${artifact.digest} rests on the gate's command`,
      where,
    },
  ];
}

function checkDatabase(
  where: string,
  report: ScanReport,
  limit: number | undefined,
  now: Date,
): GateReason[] {
  const built = report.databaseBuilt;
  if (built === undefined || built === null) {
    if (limit !== undefined) {
      throw new Error(
        `db_max_age is ${limit / 3600} hours, and ${where} does not say how old the database of ${cleanText(report.tool)} is: only Grype writes it`,
      );
    }
    if (built === undefined) return [];
    return [
      {
        code: "SEC_DB_AGE_UNKNOWN",
        level: "warn",
        message: `${where} does not say how old the vulnerability database was`,
        where,
        fix: "Use a version of the scanner that writes when its database was built.",
      },
    ];
  }
  const hours = (now.getTime() - built.getTime()) / HOUR_MS;
  if (limit === undefined || hours * 3600 <= limit) return [];
  throw new Error(
    `the vulnerability database of ${cleanText(report.tool)} is ${Math.floor(hours)} hours old, the limit is ${limit / 3600} (db_max_age; ${where}): update the database before the scan`,
  );
}
