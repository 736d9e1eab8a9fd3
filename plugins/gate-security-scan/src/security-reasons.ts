import type { GateReason } from "@floe/core/plugin";
import { cleanText } from "@floe/gate-kit";
import type { SecurityConfig } from "./config.ts";
import type { Finding } from "./finding.ts";
import { SEVERITIES, type Severity } from "./severity.ts";
import { type Blocking, isOf, judgedSeverity } from "./sort-findings.ts";

/** Blocking findings that get a reason of their own. */
const MAX_REASONS = 50;

/** A finding in a few words: `CVE-2024-1 in openssl 3.0.11`. */
export function nameFinding({ id, package: affected, where }: Finding): string {
  const name = cleanText(id, 100);
  if (!affected) return where === undefined ? name : `${name} at ${cleanText(where, 150)}`;
  const version = affected.version === undefined ? "" : ` ${cleanText(affected.version, 60)}`;
  return `${name} in ${cleanText(affected.name, 120)}${version}`;
}

/** A reason for each finding that blocks, the worst first, and one for those beyond the number that is shown. */
export function blockingReasons(
  blocking: readonly Blocking[],
  counted: readonly Finding[],
  config: SecurityConfig,
): GateReason[] {
  const shown = blocking.slice(0, MAX_REASONS).map((one) => reasonOf(one, config));
  const more = blocking.length - shown.length;
  return [
    ...tooMany(counted, config),
    ...shown,
    ...(more > 0
      ? [
          {
            code: "SEC_MORE_BLOCKED",
            level: "fail" as const,
            message: `${more} more findings block; the details and the report list them`,
            measured: blocking.length,
            limit: 0,
          },
        ]
      : []),
  ];
}

function tooMany(counted: readonly Finding[], config: SecurityConfig): GateReason[] {
  return SEVERITIES.flatMap((severity): GateReason[] => {
    const limit = config.max[severity];
    if (limit === undefined) return [];
    const { length: measured } = counted.filter((finding) => isOf(severity, finding, config));
    if (measured <= limit) return [];
    const word = severity.toUpperCase();
    return [
      {
        code: "SEC_TOO_MANY",
        level: "fail",
        message: `${measured} findings are ${word}, the limit is ${limit} (max.${severity})`,
        subject: word,
        measured,
        limit,
        fix: `Fix at least ${measured - limit} of them.`,
      },
    ];
  });
}

function reasonOf({ finding, cause }: Blocking, config: SecurityConfig): GateReason {
  const subject = nameFinding(finding);
  const word = severityWord(finding, config);
  const common = {
    level: "fail" as const,
    subject,
    where: cleanText(finding.package?.purl ?? finding.where ?? "the artifact", 200),
  };
  switch (cause) {
    case "malware":
      return {
        ...common,
        code: "SEC_MALWARE",
        message: `${subject} is malware`,
        measured: "malware",
        limit: "none",
        fix: `Remove ${finding.package?.name ?? "it"}, and treat what it could reach as compromised.`,
      };
    case "secret":
      return {
        ...common,
        code: "SEC_SECRET",
        message: `a secret lies in the artifact: ${subject}`,
        measured: "secret",
        limit: "none",
        fix: "Revoke the secret, then remove it: it was published with the artifact.",
      };
    case "exploited":
      return {
        ...common,
        code: "SEC_KNOWN_EXPLOITED",
        message: `${word} ${subject} is known to be exploited`,
        measured: "exploited",
        limit: "none",
        fix: howToFix(finding),
      };
    case "epss":
      return {
        ...common,
        code: "SEC_LIKELY_EXPLOITED",
        message: `${word} ${subject} has an EPSS score of ${finding.epss}, the limit is ${config.block_on.epss_above}`,
        measured: finding.epss ?? 0,
        limit: config.block_on.epss_above ?? 0,
        fix: howToFix(finding),
      };
    case "license":
      return {
        ...common,
        code: "SEC_LICENSE",
        message: `the licence ${subject} is not allowed`,
        measured: cleanText(finding.id, 100),
        limit: `not ${config.block_on.licenses.join(", ")}`.slice(0, 500),
        fix: "Replace what has this licence, or take the licence off block_on.licenses.",
      };
    case "severity":
    case "too_many":
      return {
        ...common,
        code: cause === "severity" ? "SEC_SEVERITY_BLOCKED" : "SEC_ABOVE_MAXIMUM",
        message: `${word} ${subject}${finding.fixedIn === undefined ? "" : `, fixed in ${cleanText(finding.fixedIn, 100)}`}`,
        measured: word,
        limit:
          cause === "severity"
            ? `none of ${config.block_on_severity.map((one) => one.toUpperCase()).join(", ")}`
            : `${config.max[judgedSeverity(finding, config)] ?? config.max.unknown ?? 0} of this severity`,
        fix: howToFix(finding),
      };
  }
}

function severityWord(finding: Finding, config: SecurityConfig): string {
  const judged = judgedSeverity(finding, config).toUpperCase();
  return finding.severity === "unknown" && judged !== "UNKNOWN"
    ? `UNKNOWN (judged as ${judged})`
    : judged;
}

function howToFix(finding: Finding): string {
  const name = cleanText(finding.package?.name ?? "it", 120);
  if (finding.fixedIn !== undefined)
    return `Update ${name}: fixed in ${cleanText(finding.fixedIn, 100)}.`;
  if (finding.kind === "code" || finding.kind === "misconfiguration")
    return "Correct it at the place that is named.";
  if (finding.kind === "license") return "Replace what has this licence.";
  if (finding.fix === "fixed") return `Update ${name}.`;
  return `No fix is known: remove ${name}, or say in a VEX file why it does no harm here.`;
}

/** How many findings of each severity there are, in words: `2 critical, 1 medium`. */
export function countInWords(counts: Readonly<Record<Severity, number>>): string {
  return SEVERITIES.filter((severity) => counts[severity] > 0)
    .map((severity) => `${counts[severity]} ${severity}`)
    .join(", ");
}
