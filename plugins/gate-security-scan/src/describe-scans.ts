import type { GateReason, GateScan, GateVulnerability } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { LocatedReport } from "./check-reports.ts";
import type { Finding } from "./finding.ts";
import type { ScanFormat, ScanReport } from "./scan-report.ts";

/** What floe takes of all scans; a scan that is not whole would say that there is nothing else. */
const MAX_CHARACTERS = 2 * 1024 * 1024;
const MAX_FINDINGS = 20_000;
const MAX_SCANS = 64;
const MAX_SCORES = 30;

/**
 * Describes what scanners have found, for others to read: each vulnerability that a report lists, before VEX and limits. Reports of
 * anything else (secrets, licences, code) are left out, and so are those that do not say who has scanned.
 */
export function describeScans(reports: readonly LocatedReport[]): {
  readonly scans?: readonly GateScan[];
  readonly reasons: readonly GateReason[];
} {
  const scans = reports.flatMap(({ report }) => describeScan(report) ?? []);
  if (scans.length === 0) return { reasons: [] };
  const found = scans.reduce((sum, { result }) => sum + result.length, 0);
  if (
    scans.length <= MAX_SCANS &&
    found <= MAX_FINDINGS &&
    JSON.stringify(scans).length <= MAX_CHARACTERS
  )
    return { scans, reasons: [] };
  return {
    reasons: [
      {
        code: "SEC_NOT_ATTESTED",
        level: "info",
        message: `${found} vulnerabilities are too many for a statement that others read: only the report is kept`,
        measured: found,
        limit: MAX_FINDINGS,
      },
    ],
  };
}

function describeScan({ format, scanner, databaseBuilt, findings }: ScanReport): GateScan | null {
  if (!scanner || !URL.canParse(scanner.uri)) return null;
  const { version, databaseUri, databaseVersion } = scanner;
  const db = {
    ...(databaseUri && URL.canParse(databaseUri) ? { uri: cleanText(databaseUri, 1000) } : {}),
    ...(databaseVersion ? { version: cleanText(databaseVersion, 200) } : {}),
    ...(databaseBuilt ? { lastUpdate: databaseBuilt.toISOString() } : {}),
  };
  return {
    scanner: {
      uri: cleanText(scanner.uri, 1000),
      ...(version ? { version: cleanText(version, 200) } : {}),
      ...(Object.keys(db).length > 0 ? { db } : {}),
    },
    result: findings
      .filter(({ kind }) => kind === "vulnerability" || kind === "malware")
      .map((finding) => describeFinding(finding, format)),
  };
}

function describeFinding(finding: Finding, format: ScanFormat): GateVulnerability {
  const { severity, ratedBy, scores = [], package: affected } = finding;
  const aliases = finding.ids.filter((id) => id !== finding.id).slice(0, 20);
  const { fix, fixedIn, where, knownExploited, epss } = finding;
  const text = (value: string | undefined, most: number): string | undefined =>
    (value === undefined ? "" : cleanText(value, most)) || undefined;
  const annotations = {
    package: text(affected?.name, 300),
    version: text(affected?.version, 200),
    purl: text(affected?.purl, 1000),
    where: text(where, 500),
    aliases: aliases.length > 0 ? aliases.map((alias) => cleanText(alias, 200)) : undefined,
    fix: fix === "unknown" ? undefined : fix,
    fixed_in: text(fixedIn, 200),
    known_exploited: knownExploited ? true : undefined,
    epss,
  };
  const said = Object.entries(annotations).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return {
    id: cleanText(finding.id, 300),
    severity: [
      ...(severity === "unknown"
        ? []
        : [{ method: text(ratedBy, 100) ?? format, score: severity }]),
      ...scores.slice(0, MAX_SCORES).flatMap(({ method, score }) => {
        const named = { method: text(method, 100), score: text(score, 300) };
        return named.method === undefined || named.score === undefined
          ? []
          : [{ method: named.method, score: named.score }];
      }),
    ],
    ...(said.length === 0 ? {} : { annotations: Object.fromEntries(said) }),
  };
}
