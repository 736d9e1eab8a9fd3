import type { GateReason } from "@floe/core/plugin";
import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import type { LicenseFact, ScanReport } from "../scan-report.ts";
import { scoresOf } from "../scores.ts";
import { parseSeverity } from "../severity.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

const Cvss = z.object({
  V2Score: optionalNumber,
  V2Vector: optionalText,
  V3Score: optionalNumber,
  V3Vector: optionalText,
  V40Score: optionalNumber,
  V40Vector: optionalText,
});

const Vulnerability = z.object({
  VulnerabilityID: z.string().min(1),
  VendorIDs: z.array(z.string()).nullish(),
  PkgName: z.string(),
  PkgPath: optionalText,
  PkgIdentifier: z.object({ PURL: optionalText }).nullish(),
  InstalledVersion: optionalText,
  FixedVersion: optionalText,
  Status: optionalText,
  Severity: optionalText,
  SeveritySource: optionalText,
  CVSS: z.record(z.string(), Cvss).nullish(),
});

const Misconfiguration = z.object({
  ID: optionalText,
  AVDID: optionalText,
  Severity: optionalText,
  Status: optionalText,
  Message: optionalText,
  CauseMetadata: z.object({ StartLine: z.number().nullish() }).nullish(),
});

const Secret = z.object({
  RuleID: z.string(),
  Severity: optionalText,
  StartLine: z.number().nullish(),
});

const License = z.object({
  Severity: optionalText,
  PkgName: optionalText,
  FilePath: optionalText,
  Name: z.string(),
});

const Package = z.object({
  Name: optionalText,
  Licenses: z.array(z.string()).nullish(),
});

// Absent where there is nothing. `null` is what this version never writes: it would be a list that got lost.
const Result = z.object({
  Target: z.string(),
  Class: optionalText,
  Packages: z.array(Package).optional(),
  Vulnerabilities: z.array(Vulnerability).optional(),
  Misconfigurations: z.array(Misconfiguration).optional(),
  Secrets: z.array(Secret).optional(),
  Licenses: z.array(License).optional(),
  ExperimentalModifiedFindings: z.array(z.unknown()).optional(),
});

const Report = z.object({
  SchemaVersion: z.literal(2),
  Trivy: z.object({ Version: optionalText }).nullish(),
  ArtifactName: optionalText,
  Metadata: z
    .object({
      OS: z
        .object({ Family: optionalText, Name: optionalText, EOSL: z.boolean().nullish() })
        .nullish(),
      RepoDigests: z.array(z.string()).nullish(),
    })
    .nullish(),
  Results: z.array(Result).optional(),
});

/** Schema 1 wrote a bare list. The `null` that it put for no findings looks like a list that got lost: refused. */
const Legacy = z.array(Result.extend({ Vulnerabilities: z.array(Vulnerability) })).min(1);

type TrivyResult = z.infer<typeof Result>;
type TrivyVulnerability = z.infer<typeof Vulnerability>;

/** Whether a value looks like a report of Trivy (schema 2, or the list of schema 1). */
export function isTrivy(value: unknown): boolean {
  if (Array.isArray(value)) {
    const first: unknown = value[0];
    return (
      typeof first === "object" && first !== null && "Target" in first && "Vulnerabilities" in first
    );
  }
  return typeof value === "object" && value !== null && "SchemaVersion" in value;
}

/**
 * Reads a JSON report of Trivy: vulnerabilities, failed misconfigurations, secrets and licences.
 *
 * @throws {Error} when it is of another shape.
 */
export function readTrivy(value: unknown): ScanReport {
  const report: z.infer<typeof Report> = Array.isArray(value)
    ? { SchemaVersion: 2, Results: readShape(Legacy, value, "a report of Trivy (schema 1)") }
    : readShape(Report, value, "a report of Trivy (schema 2)");
  const results = report.Results ?? [];
  const packages = results.reduce((sum, result) => sum + (result.Packages?.length ?? 0), 0);
  const read = results.map(readResult);
  const findings = read.flatMap((one) => one.findings);
  return {
    format: "trivy",
    tool: `Trivy${report.Trivy?.Version ? ` ${report.Trivy.Version}` : ""}`,
    scanner: seeksVulnerabilities(results)
      ? {
          uri: "https://github.com/aquasecurity/trivy",
          version: report.Trivy?.Version || undefined,
        }
      : null,
    findings,
    examined:
      packages > 0
        ? { count: packages, unit: "packages" }
        : { count: results.length, unit: "targets" },
    suppressed: read.reduce((sum, one) => sum + one.suppressed, 0),
    digests: digestsOf(report),
    licenses: results.flatMap(licensesOf),
    marksExploited: false,
    givesEpss: false,
    notes: notesOf(report, results, findings),
  };
}

/** The report does not say which of Trivy's scanners ran. Packages beside licences may have been listed for those alone. */
function seeksVulnerabilities(results: readonly TrivyResult[]): boolean {
  if (results.some(({ Vulnerabilities: listed = [] }) => listed.length > 0)) return true;
  const isOf = (...classes: readonly string[]): boolean =>
    results.some((one) => classes.includes(one.Class ?? ""));
  return isOf("os-pkgs", "lang-pkgs") && !isOf("license", "license-file");
}

function readResult(result: TrivyResult): { findings: Finding[]; suppressed: number } {
  const { Target: target } = result;
  const listed = result.Vulnerabilities ?? [];
  const counted = listed.filter((one) => one.Status !== "not_affected");
  return {
    findings: [
      ...counted.map((one) => readVulnerability(one, target)),
      ...(result.Misconfigurations ?? [])
        .filter((one) => (one.Status ?? "FAIL") === "FAIL")
        .map((one): Finding => {
          const line = one.CauseMetadata?.StartLine;
          return {
            ...findingIds(one.ID ?? one.AVDID ?? "misconfiguration"),
            kind: "misconfiguration",
            severity: parseSeverity(one.Severity),
            where: line ? `${target}:${line}` : target,
            discriminator: one.Message ?? "",
            fix: "unknown",
            knownExploited: false,
          };
        }),
      ...(result.Secrets ?? []).map(
        (one): Finding => ({
          ...findingIds(one.RuleID),
          kind: "secret",
          severity: parseSeverity(one.Severity),
          where: one.StartLine ? `${target}:${one.StartLine}` : target,
          fix: "unknown",
          knownExploited: false,
        }),
      ),
      ...(result.Licenses ?? []).map(
        (one): Finding => ({
          ...findingIds(one.Name),
          kind: "license",
          severity: parseSeverity(one.Severity),
          where: one.FilePath || one.PkgName || target,
          fix: "unknown",
          knownExploited: false,
        }),
      ),
    ],
    suppressed: listed.length - counted.length + (result.ExperimentalModifiedFindings?.length ?? 0),
  };
}

function readVulnerability(one: TrivyVulnerability, target: string): Finding {
  const malware = isMalwareId(one.VulnerabilityID);
  return {
    ...findingIds(one.VulnerabilityID, one.VendorIDs ?? []),
    kind: malware ? "malware" : "vulnerability",
    severity: malware ? "critical" : parseSeverity(one.Severity),
    ratedBy: one.SeveritySource || undefined,
    scores: Object.entries(one.CVSS ?? {}).flatMap(([source, cvss]) => [
      ...scoresOf({ source, version: "2", score: cvss.V2Score, vector: cvss.V2Vector }),
      ...scoresOf({ source, version: "3", score: cvss.V3Score, vector: cvss.V3Vector }),
      ...scoresOf({ source, version: "4", score: cvss.V40Score, vector: cvss.V40Vector }),
    ]),
    package: {
      name: one.PkgName,
      version: one.InstalledVersion || undefined,
      purl: one.PkgIdentifier?.PURL || undefined,
    },
    where: one.PkgPath || target,
    fix: fixOf(one),
    fixedIn: one.FixedVersion || undefined,
    knownExploited: false,
  };
}

function fixOf(one: TrivyVulnerability): Finding["fix"] {
  if (one.FixedVersion || one.Status === "fixed") return "fixed";
  return one.Status === "unknown" || one.Status === "under_investigation" ? "unknown" : "unfixed";
}

function licensesOf(result: TrivyResult): LicenseFact[] {
  const found = (result.Licenses ?? []).map((one) => ({
    license: one.Name,
    package: one.PkgName || one.FilePath || result.Target,
  }));
  const listed = (result.Packages ?? []).flatMap((one) =>
    (one.Licenses ?? []).map((license) => ({ license, package: one.Name ?? result.Target })),
  );
  return [...found, ...listed];
}

function digestsOf(report: z.infer<typeof Report>): string[] {
  const named = [...(report.Metadata?.RepoDigests ?? []), report.ArtifactName ?? ""];
  // Metadata.ImageID is the digest of the configuration, not of the manifest.
  return named.flatMap((text) => /@(sha\d+:\S+)$/.exec(text)?.[1] ?? []);
}

function notesOf(
  report: z.infer<typeof Report>,
  results: readonly TrivyResult[],
  findings: readonly Finding[],
): GateReason[] {
  const notes: GateReason[] = [];
  const system = report.Metadata?.OS;
  if (system?.EOSL === true) {
    const name = `${system.Family ?? "the distribution"} ${system.Name ?? ""}`.trim();
    notes.push({
      code: "SEC_OS_END_OF_LIFE",
      level: "warn",
      message: `${name} is past its end of life: new vulnerabilities are no longer published for it, so that few findings mean little`,
      subject: name,
      fix: "Build on a release that is still maintained.",
    });
  }
  const severe = new Set(["critical", "high"]);
  const vulnerabilities = findings.filter((one) => one.kind === "vulnerability");
  if (
    vulnerabilities.length > 1 &&
    results.some((one) => one.Class === "os-pkgs") &&
    vulnerabilities.every((one) => severe.has(one.severity))
  ) {
    notes.push({
      code: "SEC_LOOKS_FILTERED",
      level: "warn",
      message: `nothing below HIGH is among ${vulnerabilities.length} vulnerabilities of an operating system: the report looks filtered by --severity`,
      measured: vulnerabilities.length,
      fix: "Run trivy without --severity and --ignore-unfixed; this gate's own settings decide.",
    });
  }
  return notes;
}
