import type { SecurityConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { globMatch } from "./glob-match.ts";
import { lastingName } from "./known-before.ts";
import type { LicenseFact } from "./scan-report.ts";
import { SEVERITIES, type Severity } from "./severity.ts";

/** Why a finding blocks. */
export type BlockCause =
  | "malware"
  | "secret"
  | "exploited"
  | "epss"
  | "license"
  | "severity"
  | "too_many";

/** A finding that blocks, and the first cause of it. */
export interface Blocking {
  readonly finding: Finding;
  readonly cause: BlockCause;
}

/** Findings, sorted by what becomes of them. */
export interface SortedFindings {
  /** All that count: blocking or not. */
  readonly counted: readonly Finding[];
  readonly blocking: readonly Blocking[];
  readonly ignoredUnfixed: readonly Finding[];
  /** Left out, because what runs in the target environment has them too. */
  readonly knownBefore: readonly Finding[];
}

/** The severity by which a finding is judged: one that nobody has rated takes `unknown_as`. */
export function judgedSeverity({ severity }: Finding, config: SecurityConfig): Severity {
  return severity === "unknown" && !config.block_on_severity.includes("unknown")
    ? config.unknown_as
    : severity;
}

/**
 * Sorts findings by the settings. Neither a missing fix nor an older version that had it hides what is known to be
 * exploited, malware, secrets, or what another limit of its own forbids.
 */
export function sortFindings(
  findings: readonly Finding[],
  licenses: readonly LicenseFact[],
  known: ReadonlySet<string>,
  config: SecurityConfig,
): SortedFindings {
  const ignoredUnfixed: Finding[] = [];
  const knownBefore: Finding[] = [];
  const counted: Finding[] = [];
  const causes = new Map<Finding, BlockCause>();
  for (const finding of findings) {
    const cause = alwaysBlocks(finding, config);
    const hideable = cause === null && !finding.knownExploited;
    if (cause !== null) causes.set(finding, cause);
    if (hideable && known.has(lastingName(finding))) knownBefore.push(finding);
    else if (hideable && config.ignore_unfixed && isUnfixed(finding)) ignoredUnfixed.push(finding);
    else counted.push(finding);
  }
  for (const severity of SEVERITIES) {
    const ofThis = counted.filter((finding) => isOf(severity, finding, config));
    const limit = config.max[severity] ?? (config.block_on_severity.includes(severity) ? 0 : null);
    if (limit === null || ofThis.length <= limit) continue;
    const cause = config.max[severity] === undefined ? "severity" : "too_many";
    for (const finding of ofThis) if (!causes.has(finding)) causes.set(finding, cause);
  }
  const blocking = [...causes].map(([finding, cause]) => ({ finding, cause }));
  return {
    counted,
    blocking: [...blocking, ...forbiddenLicenses(counted, licenses, config)],
    ignoredUnfixed,
    knownBefore,
  };
}

/** Whether a finding counts towards a severity. One that nobody has rated counts as `unknown_as`, and as unknown besides. */
export function isOf(severity: Severity, finding: Finding, config: SecurityConfig): boolean {
  if (severity === "unknown") return finding.severity === "unknown";
  return judgedSeverity(finding, config) === severity;
}

function alwaysBlocks(finding: Finding, config: SecurityConfig): BlockCause | null {
  const { block_on: on } = config;
  if (finding.kind === "malware" && on.malware) return "malware";
  if (finding.kind === "secret" && on.secrets) return "secret";
  if (finding.knownExploited && on.kev !== false) return "exploited";
  if (on.epss_above !== undefined && (finding.epss ?? 0) > on.epss_above) return "epss";
  if (finding.kind === "license" && isForbidden(finding.id, config)) return "license";
  return null;
}

function isUnfixed(finding: Finding): boolean {
  return finding.kind === "vulnerability" && finding.fix === "unfixed";
}

function isForbidden(license: string, config: SecurityConfig): boolean {
  return config.block_on.licenses.some((pattern) => globMatch(pattern, license));
}

/** Licences that a scanner lists without finding fault with them. */
function forbiddenLicenses(
  counted: readonly Finding[],
  licenses: readonly LicenseFact[],
  config: SecurityConfig,
): Blocking[] {
  if (config.block_on.licenses.length === 0) return [];
  const found = new Set(
    counted.filter(({ kind }) => kind === "license").map(({ id, where }) => `${id} ${where}`),
  );
  const extra = new Map<string, LicenseFact>();
  for (const fact of licenses) {
    const key = `${fact.license} ${fact.package}`;
    if (isForbidden(fact.license, config) && !found.has(key)) extra.set(key, fact);
  }
  return [...extra.values()].map(({ license, package: name }) => ({
    cause: "license",
    finding: {
      id: license,
      ids: [license],
      kind: "license",
      severity: "unknown",
      where: name,
      fix: "unknown",
      knownExploited: false,
    },
  }));
}
