import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import type { ScanReport } from "../scan-report.ts";
import { scoresOf } from "../scores.ts";
import { parseSeverity } from "../severity.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

const Match = z.object({
  vulnerability: z.object({
    id: z.string().min(1),
    severity: optionalText,
    namespace: optionalText,
    cvss: z
      .array(
        z.object({
          source: optionalText,
          version: optionalText,
          vector: optionalText,
          metrics: z.object({ baseScore: optionalNumber }).nullish(),
        }),
      )
      .nullish(),
    fix: z.object({ versions: z.array(z.string()).nullish(), state: optionalText }).nullish(),
    knownExploited: z.array(z.unknown()).nullish(),
    epss: z.array(z.object({ epss: optionalNumber })).nullish(),
  }),
  relatedVulnerabilities: z.array(z.object({ id: z.string() })).nullish(),
  artifact: z.object({
    name: z.string(),
    version: optionalText,
    purl: optionalText,
    locations: z.array(z.object({ path: optionalText })).nullish(),
    licenses: z.array(z.unknown()).nullish(),
  }),
});

const Report = z.object({
  matches: z.array(Match),
  ignoredMatches: z.array(z.unknown()).nullish(),
  source: z
    .object({
      type: optionalText,
      target: z.unknown().optional(),
    })
    .nullish(),
  descriptor: z
    .object({
      name: optionalText,
      version: optionalText,
      db: z
        .object({
          built: optionalText,
          schemaVersion: z.union([z.string(), z.number()]).nullish(),
          status: z
            .object({ built: optionalText, from: optionalText, schemaVersion: optionalText })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

const Target = z.object({
  userInput: optionalText,
  manifestDigest: optionalText,
  repoDigests: z.array(z.string()).nullish(),
});

/** Whether a value looks like a report of Grype. */
export function isGrype(value: unknown): boolean {
  return typeof value === "object" && value !== null && "matches" in value && "descriptor" in value;
}

/**
 * Reads a JSON report of Grype. Known exploitation and EPSS scores are taken from it where its database has them.
 *
 * @throws {Error} when it is of another shape.
 */
export function readGrype(value: unknown): ScanReport {
  const report = readShape(Report, value, "a report of Grype");
  const database = report.descriptor?.db;
  const built = database?.status?.built ?? database?.built;
  const findings = report.matches.map(readMatch);
  const enriched = database?.status != null;
  const target = report.source?.target;
  return {
    format: "grype",
    tool: `Grype${report.descriptor?.version ? ` ${report.descriptor.version}` : ""}`,
    scanner: {
      uri: "https://github.com/anchore/grype",
      version: report.descriptor?.version || undefined,
      databaseUri: database?.status?.from || undefined,
      databaseVersion: String(database?.status?.schemaVersion ?? database?.schemaVersion ?? ""),
    },
    findings,
    // The report lists what matched, not what was looked at; that there was a target is all it tells.
    examined: { count: target === undefined || target === null ? 0 : 1, unit: "targets" },
    suppressed: report.ignoredMatches?.length ?? 0,
    digests: digestsOf(report.source?.type, target),
    databaseBuilt: built ? readDate(built) : null,
    licenses: [],
    marksExploited: enriched || findings.some((one) => one.knownExploited),
    givesEpss: enriched || findings.some((one) => one.epss !== undefined),
    notes: [],
  };
}

function readMatch(match: z.infer<typeof Match>): Finding {
  const { vulnerability, artifact } = match;
  const malware = isMalwareId(vulnerability.id);
  const scores = (vulnerability.epss ?? []).flatMap(({ epss }) => epss ?? []);
  const { state } = vulnerability.fix ?? {};
  const versions = vulnerability.fix?.versions ?? [];
  return {
    ...findingIds(
      vulnerability.id,
      (match.relatedVulnerabilities ?? []).map(({ id }) => id),
    ),
    kind: malware ? "malware" : "vulnerability",
    severity: malware ? "critical" : parseSeverity(vulnerability.severity),
    ratedBy: vulnerability.namespace || undefined,
    scores: (vulnerability.cvss ?? []).flatMap(({ source, version, vector, metrics }) =>
      scoresOf({ source, version, vector, score: metrics?.baseScore }),
    ),
    package: {
      name: artifact.name,
      version: artifact.version || undefined,
      purl: artifact.purl || undefined,
    },
    where: artifact.locations?.[0]?.path || undefined,
    fix:
      state === "fixed"
        ? "fixed"
        : state === "not-fixed" || state === "wont-fix"
          ? "unfixed"
          : "unknown",
    fixedIn: versions.length > 0 ? versions.slice(0, 5).join(", ") : undefined,
    knownExploited: (vulnerability.knownExploited?.length ?? 0) > 0,
    epss: scores.length === 0 ? undefined : Math.max(...scores),
  };
}

function digestsOf(type: string | null | undefined, target: unknown): string[] {
  if (type !== "image" || typeof target !== "object" || target === null) return [];
  const { userInput, manifestDigest, repoDigests } = readShape(Target, target, "a report of Grype");
  return [
    ...(manifestDigest ? [manifestDigest] : []),
    ...[...(repoDigests ?? []), userInput ?? ""].flatMap(
      (text) => /@(sha\d+:\S+)$/.exec(text)?.[1] ?? [],
    ),
  ];
}

function readDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    throw new Error("the date of its database cannot be read (descriptor.db.built)");
  }
  return date;
}
