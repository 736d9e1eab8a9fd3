import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import { buildPurl } from "../package-key.ts";
import type { ScanReport } from "../scan-report.ts";
import { scoresOf, severityOfVector } from "../scores.ts";
import { parseSeverity, type Severity, severityOfScore, worseSeverity } from "../severity.ts";
import { optionalText } from "./optional-fields.ts";

const Vulnerability = z.object({
  id: z.string().min(1),
  aliases: z.array(z.string()).nullish(),
  severity: z.array(z.object({ type: optionalText, score: optionalText })).nullish(),
  affected: z
    .array(
      z.object({
        package: z.object({ name: optionalText, purl: optionalText }).nullish(),
        ranges: z
          .array(z.object({ events: z.array(z.object({ fixed: optionalText })).nullish() }))
          .nullish(),
      }),
    )
    .nullish(),
  database_specific: z.object({ severity: z.unknown().optional() }).nullish(),
});

const Group = z.object({
  ids: z.array(z.string()).min(1),
  aliases: z.array(z.string()).nullish(),
  max_severity: optionalText,
});

const Report = z.object({
  results: z.array(
    z.object({
      source: z.object({ path: optionalText, type: optionalText }),
      packages: z.array(
        z.object({
          package: z.object({
            name: optionalText,
            version: optionalText,
            ecosystem: optionalText,
            commit: optionalText,
          }),
          vulnerabilities: z.array(Vulnerability).optional(),
          groups: z.array(Group).optional(),
          licenses: z.array(z.string()).nullish(),
          license_violations: z.array(z.string()).nullish(),
        }),
      ),
    }),
  ),
});

type OsvVulnerability = z.infer<typeof Vulnerability>;
type OsvPackage = z.infer<typeof Report>["results"][number]["packages"][number];

/** Whether a value looks like a report of OSV-Scanner. */
export function isOsv(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "results" in value &&
    !("SchemaVersion" in value) &&
    !("runs" in value)
  );
}

/**
 * Reads a JSON report of OSV-Scanner. Groups are counted: the records in one are the same vulnerability.
 *
 * @throws {Error} when it is of another shape.
 */
export function readOsv(value: unknown): ScanReport {
  const { results } = readShape(Report, value, "a report of OSV-Scanner");
  const packages = results.flatMap((result) =>
    result.packages.map((one) => ({ one, where: result.source.path ?? undefined })),
  );
  return {
    format: "osv",
    tool: "OSV-Scanner",
    scanner: { uri: "https://github.com/google/osv-scanner" },
    findings: packages.flatMap(({ one, where }) => findingsOf(one, where)),
    examined: { count: packages.length, unit: "packages" },
    suppressed: 0,
    digests: [],
    licenses: packages.flatMap(({ one }) =>
      (one.licenses ?? []).map((license) => ({ license, package: nameOf(one) })),
    ),
    marksExploited: false,
    givesEpss: false,
    notes: [],
  };
}

/** Ecosystems that have one type of package URL. */
const PURL_TYPES: Readonly<Record<string, string>> = {
  npm: "npm",
  PyPI: "pypi",
  Go: "golang",
  Maven: "maven",
  "crates.io": "cargo",
  Packagist: "composer",
  NuGet: "nuget",
  RubyGems: "gem",
};

function purlOf({ name, version, ecosystem }: OsvPackage["package"]): string | undefined {
  const type = PURL_TYPES[ecosystem ?? ""];
  return type && name ? buildPurl(type, name, version || undefined) : undefined;
}

function nameOf(one: OsvPackage): string {
  return one.package.name || one.package.commit || "unnamed package";
}

function findingsOf(one: OsvPackage, where: string | undefined): Finding[] {
  const records = new Map((one.vulnerabilities ?? []).map((record) => [record.id, record]));
  const groups: z.infer<typeof Group>[] = [...(one.groups ?? [])];
  const grouped = new Set(groups.flatMap(({ ids }) => ids));
  for (const id of records.keys()) if (!grouped.has(id)) groups.push({ ids: [id] });
  const affected = {
    name: nameOf(one),
    version: one.package.version || undefined,
    purl: purlOf(one.package),
  };
  const vulnerabilities = groups.map((group): Finding => {
    const members = group.ids.flatMap((id) => records.get(id) ?? []);
    const names = [
      ...group.ids,
      ...(group.aliases ?? []),
      ...members.flatMap(({ aliases }) => aliases ?? []),
    ];
    const malware = names.some(isMalwareId);
    const fixes = new Set(members.flatMap((member) => fixesOf(member, affected.name)));
    return {
      ...findingIds(names[0] ?? "", names.slice(1)),
      kind: malware ? "malware" : "vulnerability",
      severity: malware ? "critical" : severityOf(group, members),
      scores: [
        ...scoresOf({ score: group.max_severity?.trim() }),
        ...members
          .flatMap((record) => record.severity ?? [])
          .flatMap(({ type, score }) => scoresOf({ version: type, vector: score })),
      ],
      package: affected,
      where,
      fix: fixes.size > 0 ? "fixed" : "unfixed",
      fixedIn: fixes.size > 0 ? [...fixes].slice(0, 5).join(", ") : undefined,
      knownExploited: false,
    };
  });
  const violations = (one.license_violations ?? []).map(
    (license): Finding => ({
      ...findingIds(license),
      kind: "license",
      severity: "unknown",
      package: affected,
      where,
      fix: "unknown",
      knownExploited: false,
    }),
  );
  return [...vulnerabilities, ...violations];
}

function severityOf(group: z.infer<typeof Group>, members: readonly OsvVulnerability[]): Severity {
  const highest = group.max_severity?.trim() ?? "";
  if (highest !== "") return severityOfScore(Number(highest));
  const worded = members
    .map((record) => record.database_specific?.severity)
    .map((word) => (typeof word === "string" ? parseSeverity(word) : "unknown"))
    .reduce(worseSeverity, "unknown");
  // A word of any record outweighs the vectors, which are computed without knowing the package.
  if (worded !== "unknown") return worded;
  return members
    .flatMap((record) => record.severity ?? [])
    .map(({ score }) => severityOfVector(score ?? ""))
    .reduce(worseSeverity, "unknown");
}

function fixesOf(record: OsvVulnerability, name: string): string[] {
  return (record.affected ?? [])
    .filter((affected) => !affected.package?.name || affected.package.name === name)
    .flatMap((affected) => affected.ranges ?? [])
    .flatMap((range) => range.events ?? [])
    .flatMap(({ fixed }) => fixed || []);
}
