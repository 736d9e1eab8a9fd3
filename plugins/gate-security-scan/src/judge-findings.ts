import type { GateReason, GateVerdict, PluginJson } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { SecurityConfig } from "./config.ts";
import type { Finding, FindingKind } from "./finding.ts";
import { keepNames } from "./known-before.ts";
import { blockingReasons, countInWords, nameFinding } from "./security-reasons.ts";
import { SEVERITIES, type Severity, worseSeverity } from "./severity.ts";
import { type Blocking, judgedSeverity, type SortedFindings } from "./sort-findings.ts";

const MAX_IN_SUMMARY = 3;
// A verdict may have 256 KiB in all.
const MAX_BLOCKING_IDS = 400;
const MAX_BLOCKING_DETAILS = 50;

/** What the verdict says besides the findings that count. */
export interface Circumstances {
  /** All findings before any were set aside; the next promotion compares with them. */
  readonly all: readonly Finding[];
  /** How many vulnerabilities VEX statements excuse. */
  readonly excused: number;
  /** How many findings the scanners' own reports set aside. */
  readonly suppressed: number;
  /** What was looked at, in words. */
  readonly scope: string;
  readonly reasons: readonly GateReason[];
  readonly details: Readonly<Record<string, PluginJson>>;
}

/** Judges sorted findings. A finding of medium severity or above that does not block is a warning. */
export function judgeFindings(
  sorted: SortedFindings,
  config: SecurityConfig,
  circumstances: Circumstances,
): GateVerdict {
  const { counted, ignoredUnfixed, knownBefore } = sorted;
  const blocking = [...sorted.blocking].sort(
    (a, b) => rank(a.finding, config) - rank(b.finding, config),
  );
  const counts = countSeverities(counted);
  const reasons = [
    ...blockingReasons(blocking, counted, config),
    ...(blocking.length > 0 ? [] : belowLimit(counted, config)),
    ...setAside(sorted, circumstances),
    ...circumstances.reasons,
  ];
  const status =
    blocking.length > 0
      ? "failed"
      : reasons.some(({ level }) => level === "warn")
        ? "warning"
        : "passed";
  return {
    status,
    summary:
      blocking.length > 0
        ? blockedSummary(blocking, config)
        : openSummary(sorted, counts, circumstances),
    ...(reasons.length === 0 ? {} : { reasons }),
    metrics: {
      ...counts,
      total: counted.length,
      blocking: blocking.length,
      ignored_unfixed: ignoredUnfixed.length,
      known_before: knownBefore.length,
      excused: circumstances.excused,
      suppressed: circumstances.suppressed,
      known_exploited: counted.filter((finding) => finding.knownExploited).length,
      secrets: counted.filter(({ kind }) => kind === "secret").length,
      malware: counted.filter(({ kind }) => kind === "malware").length,
    },
    details: {
      judged_by: "report",
      security_summary: {
        total_vulnerabilities: counted.length,
        by_severity: {
          CRITICAL: counts.critical,
          HIGH: counts.high,
          MEDIUM: counts.medium,
          LOW: counts.low + counts.negligible,
          UNKNOWN: counts.unknown,
        },
        blocking_cves: [
          ...new Set(blocking.map(({ finding }) => cleanText(finding.id, 100))),
        ].slice(0, MAX_BLOCKING_IDS),
        ignored_unfixed: ignoredUnfixed.length,
      },
      by_kind: countKinds(counted),
      blocking: blocking.slice(0, MAX_BLOCKING_DETAILS).map(describeBlocking),
      ...circumstances.details,
      ...keepNames(circumstances.all),
    },
  };
}

function rank(finding: Finding, config: SecurityConfig): number {
  return SEVERITIES.indexOf(judgedSeverity(finding, config));
}

function countSeverities(findings: readonly Finding[]): Record<Severity, number> {
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

function countKinds(findings: readonly Finding[]): Record<string, number> {
  const counts: Partial<Record<FindingKind, number>> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function belowLimit(counted: readonly Finding[], config: SecurityConfig): GateReason[] {
  if (counted.length === 0) return [];
  const worst = counted.map((finding) => judgedSeverity(finding, config)).reduce(worseSeverity);
  const serious = SEVERITIES.indexOf(worst) <= SEVERITIES.indexOf("medium");
  const counts = countSeverities(counted);
  const limits = config.block_on_severity.map((one) => one.toUpperCase()).join(", ") || "none";
  return [
    {
      code: "SEC_BELOW_LIMIT",
      level: serious ? "warn" : "info",
      message: `${plural(counted.length, "finding")} let through: ${countInWords(counts)}`,
      measured: counted.length,
      limit: `blocked are ${limits}`,
      fix: "Look through them; the report has the list.",
    },
  ];
}

function setAside(
  { ignoredUnfixed, knownBefore }: SortedFindings,
  { excused, suppressed }: Circumstances,
): GateReason[] {
  const info = (code: string, message: string, measured: number): GateReason[] =>
    measured === 0 ? [] : [{ code, level: "info", message, measured }];
  return [
    ...info(
      "SEC_UNFIXED_IGNORED",
      `${plural(ignoredUnfixed.length, "vulnerability", "vulnerabilities")} without a fix ignored (ignore_unfixed): ${countInWords(countSeverities(ignoredUnfixed))}`,
      ignoredUnfixed.length,
    ),
    ...info(
      "SEC_KNOWN_BEFORE",
      `${plural(knownBefore.length, "finding")} not counted: what runs now has them too (new_only): ${countInWords(countSeverities(knownBefore))}`,
      knownBefore.length,
    ),
    ...info(
      "SEC_EXCUSED",
      `${plural(excused, "vulnerability", "vulnerabilities")} not counted: VEX statements say that they do no harm here`,
      excused,
    ),
    ...info(
      "SEC_SUPPRESSED",
      `${plural(suppressed, "finding")} not counted: the scanner's own report sets them aside`,
      suppressed,
    ),
  ];
}

function blockedSummary(blocking: readonly Blocking[], config: SecurityConfig): string {
  const named = blocking
    .slice(0, MAX_IN_SUMMARY)
    .map(({ finding }) => nameFinding(finding))
    .join(", ");
  const more = blocking.length - MAX_IN_SUMMARY;
  const counts = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  for (const { finding } of blocking) counts[judgedSeverity(finding, config)] += 1;
  return `${plural(blocking.length, "finding")} block${blocking.length === 1 ? "s" : ""} (${countInWords(counts)}): ${named}${more > 0 ? ` and ${more} more` : ""}`;
}

function openSummary(
  { counted }: SortedFindings,
  counts: Record<Severity, number>,
  { scope }: Circumstances,
): string {
  if (counted.length === 0) return `no finding that counts in ${scope}`;
  return `${plural(counted.length, "finding")} in ${scope}, none blocks: ${countInWords(counts)}`;
}

function describeBlocking({ finding, cause }: Blocking): Record<string, PluginJson> {
  return {
    id: cleanText(finding.id, 100),
    kind: finding.kind,
    severity: finding.severity.toUpperCase(),
    package: finding.package ? cleanText(finding.package.name, 120) : null,
    version: finding.package?.version ? cleanText(finding.package.version, 60) : null,
    fixed_in: finding.fixedIn === undefined ? null : cleanText(finding.fixedIn, 100),
    where: finding.where === undefined ? null : cleanText(finding.where, 200),
    because: cause,
  };
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
