import type { GateReason } from "@floe/core/plugin";
import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import { buildPurl } from "../package-key.ts";
import type { ScanReport } from "../scan-report.ts";
import { scoresOf } from "../scores.ts";
import { parseSeverity, SEVERITIES, type Severity } from "../severity.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

const Cvss = z.object({ score: optionalNumber, vectorString: optionalText }).nullish();

const Advisory = z.object({
  source: z.union([z.number(), z.string()]),
  name: optionalText,
  dependency: optionalText,
  url: optionalText,
  severity: optionalText,
  cvss: Cvss,
  range: optionalText,
});

const Counts = z.record(z.string(), z.number());

const Version2 = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      severity: optionalText,
      // Words are echoes of other packages' entries; only objects are advisories.
      via: z.array(z.union([z.string(), Advisory])),
      nodes: z.array(z.string()).nullish(),
      fixAvailable: z
        .union([
          z.boolean(),
          z.object({
            name: z.string(),
            version: z.string(),
            isSemVerMajor: z.boolean().nullish(),
          }),
        ])
        .nullish(),
    }),
  ),
  metadata: z.object({
    vulnerabilities: Counts,
    dependencies: z.object({ total: optionalNumber }),
  }),
});

const Version1 = z.object({
  advisories: z.record(
    z.string(),
    z.object({
      module_name: z.string(),
      severity: optionalText,
      cvss: Cvss,
      cves: z.array(z.string()).nullish(),
      url: optionalText,
      github_advisory_id: optionalText,
      patched_versions: optionalText,
      findings: z.array(z.object({ version: optionalText, paths: z.array(z.string()).nullish() })),
    }),
  ),
  metadata: z.object({
    vulnerabilities: Counts,
    totalDependencies: z.number(),
  }),
});

const Failure = z.object({
  message: optionalText,
  statusCode: optionalNumber,
  error: z.object({ code: optionalText, summary: optionalText, detail: optionalText }),
});

/** Whether a value looks like what `npm audit --json` prints, its failures included. */
export function isNpmAudit(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if ("auditReportVersion" in value) return true;
  if ("advisories" in value && "metadata" in value) return true;
  return "error" in value && typeof value.error === "object";
}

/**
 * Reads what `npm audit --json` prints, version 1 or 2. Advisories are counted, not the packages that they reach.
 *
 * @throws {Error} when npm says that it could not check, and for another shape.
 */
export function readNpmAudit(value: unknown): ScanReport {
  const failure = Failure.safeParse(value);
  if (failure.success) throw new Error(describeFailure(failure.data));
  const first = typeof value === "object" && value !== null && "advisories" in value;
  const { findings, dependencies, notes } = first ? readVersion1(value) : readVersion2(value);
  return {
    format: "npm-audit",
    tool: "npm audit",
    scanner: { uri: "https://github.com/npm/cli" },
    findings,
    examined: { count: dependencies, unit: "dependencies" },
    suppressed: 0,
    digests: [],
    licenses: [],
    marksExploited: false,
    givesEpss: false,
    notes,
  };
}

interface Read {
  readonly findings: readonly Finding[];
  readonly dependencies: number;
  readonly notes: readonly GateReason[];
}

function readVersion2(value: unknown): Read {
  const report = readShape(Version2, value, "a report of npm audit (version 2)");
  const entries = Object.entries(report.vulnerabilities);
  const bySource = new Map<string, Finding>();
  for (const [name, entry] of entries) {
    if (entry.via.length === 0) {
      throw new Error(`the entry of ${name} gives no advisory: a part of the report is missing`);
    }
    for (const via of entry.via) {
      if (typeof via === "string") continue;
      const own = advisoryId(via.url) ?? `npm-${via.source}`;
      const affected = via.dependency || via.name || name;
      const malware = isMalwareId(own);
      const fix = entry.fixAvailable;
      bySource.set(`${via.source} ${affected}`, {
        ...findingIds(own),
        kind: malware ? "malware" : "vulnerability",
        severity: malware ? "critical" : parseSeverity(via.severity),
        scores: scoresOf({ score: via.cvss?.score, vector: via.cvss?.vectorString }),
        package: { name: affected, purl: buildPurl("npm", affected) },
        where: entry.nodes?.[0] ?? undefined,
        fix: fix === undefined || fix === null ? "unknown" : fix === false ? "unfixed" : "fixed",
        fixedIn:
          typeof fix === "object" && fix !== null
            ? `${fix.name}@${fix.version}${fix.isSemVerMajor ? " (a new major version)" : ""}`
            : undefined,
        knownExploited: false,
      });
    }
  }
  const findings = [...bySource.values()];
  const { total, ...counts } = report.metadata.vulnerabilities;
  if (total === undefined || total > entries.length || (total > 0 && findings.length === 0)) {
    throw new Error(
      `it announces ${total ?? "no number of"} vulnerable packages and lists ${entries.length} with ${findings.length} advisories: a part of it is missing`,
    );
  }
  return {
    findings,
    dependencies: report.metadata.dependencies.total ?? 0,
    notes: compareTotals(counts, findings),
  };
}

function readVersion1(value: unknown): Read {
  const report = readShape(Version1, value, "a report of npm audit (version 1)");
  const findings = Object.entries(report.advisories).map(([key, advisory]): Finding => {
    const own = advisory.github_advisory_id || advisoryId(advisory.url) || `npm-${key}`;
    const versions = [...new Set(advisory.findings.flatMap(({ version }) => version ?? []))];
    const patched = advisory.patched_versions?.trim() ?? "";
    const unfixed = patched === "<0.0.0" || patched === "";
    return {
      ...findingIds(own, advisory.cves ?? []),
      kind: "vulnerability",
      severity: parseSeverity(advisory.severity),
      scores: scoresOf({ score: advisory.cvss?.score, vector: advisory.cvss?.vectorString }),
      package: {
        name: advisory.module_name,
        version: versions.length === 1 ? versions[0] : undefined,
        purl: buildPurl(
          "npm",
          advisory.module_name,
          versions.length === 1 ? versions[0] : undefined,
        ),
      },
      where: advisory.findings[0]?.paths?.[0] ?? undefined,
      fix: unfixed ? "unfixed" : "fixed",
      fixedIn: unfixed ? undefined : patched,
      knownExploited: false,
    };
  });
  const announced = Object.values(report.metadata.vulnerabilities).reduce((a, b) => a + b, 0);
  if (announced > 0 && findings.length === 0) {
    throw new Error(`it announces ${announced} vulnerabilities and lists none`);
  }
  return {
    findings,
    dependencies: report.metadata.totalDependencies,
    notes: compareTotals(report.metadata.vulnerabilities, findings),
  };
}

function advisoryId(url: string | null | undefined): string | undefined {
  return /\b((?:GHSA|MAL)-[\w-]+)$/.exec(url ?? "")?.[1];
}

/** npm counts packages or paths, which says nothing of the number; but not of a worse kind than is listed. */
function compareTotals(
  counts: Readonly<Record<string, number>>,
  findings: readonly Finding[],
): GateReason[] {
  const announced = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([word]) => SEVERITIES.indexOf(parseSeverity(word)));
  const listed = findings.map(({ severity }) => SEVERITIES.indexOf(severity));
  const worst = Math.min(...announced, SEVERITIES.length);
  if (worst >= Math.min(...listed, SEVERITIES.length)) return [];
  const word = (SEVERITIES[worst] as Severity).toUpperCase();
  return [
    {
      code: "SEC_TOTALS_WORSE",
      level: "warn",
      message: `the totals of npm audit announce ${word}, but no advisory in it is that severe; the advisories were judged`,
      measured: word,
      fix: "Look the package up in the report: an advisory may have been changed meanwhile.",
    },
  ];
}

function describeFailure({ message, statusCode, error }: z.infer<typeof Failure>): string {
  const what = [error.code, error.summary || message, statusCode ? `status ${statusCode}` : ""]
    .filter((part) => part)
    .join(", ");
  const hint =
    error.code === "ENOLOCK"
      ? "make a lock file with npm install --package-lock-only"
      : "look whether the registry of the run serves advisories";
  return `npm audit could not check (${what}); this is not a finding: ${hint}`;
}
