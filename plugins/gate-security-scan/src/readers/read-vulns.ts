import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding, Score } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import type { ScanReport } from "../scan-report.ts";
import { severityOfVector } from "../scores.ts";
import { parseSeverity, type Severity, severityOfScore, worseSeverity } from "../severity.ts";
import { optionalText } from "./optional-fields.ts";

/** The type of the predicate, as attestations name it. */
export const VULNS = "https://in-toto.io/attestation/vulns/v0.2";

const Time = z.iso.datetime({ offset: true });

const Rating = z.object({ method: z.string(), score: z.string() });

// The specification calls both of these a list and an object.
const Severities = z.union([z.array(Rating), Rating.transform((one) => [one])]);
const Annotations = z.union([
  z.array(z.record(z.string(), z.unknown())),
  z.record(z.string(), z.unknown()).transform((one) => [one]),
]);

const Predicate = z.object({
  scanner: z.object({
    uri: z.string().min(1),
    version: optionalText,
    db: z
      .object({ uri: optionalText, version: optionalText, lastUpdate: Time.nullish() })
      .nullish(),
    result: z.array(
      z.object({
        id: z.string().min(1),
        severity: Severities.nullish(),
        annotations: Annotations.nullish(),
      }),
    ),
  }),
  metadata: z.object({ scanStartedOn: Time, scanFinishedOn: Time }),
});

/** What floe writes among the annotations; in those of others, members of other types say nothing. */
const Known = z.object({
  package: z.string().optional().catch(undefined),
  version: z.string().optional().catch(undefined),
  purl: z.string().optional().catch(undefined),
  where: z.string().optional().catch(undefined),
  platform: z.string().optional().catch(undefined),
  aliases: z.array(z.string()).optional().catch(undefined),
  fix: z.enum(["fixed", "unfixed"]).optional().catch(undefined),
  fixed_in: z.string().optional().catch(undefined),
  known_exploited: z.boolean().optional().catch(undefined),
  epss: z.number().min(0).max(1).optional().catch(undefined),
});

/** Whether a value looks like the predicate of an attestation of vulnerabilities. */
export function isVulns(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    "scanner" in value &&
    "metadata" in value &&
    !("bomFormat" in value)
  );
}

/**
 * Reads the predicate of an attestation of vulnerabilities (in-toto, vulns/v0.2). Words are severities; where there are only
 * numbers and vectors they are taken for CVSS, except chances of exploitation.
 *
 * @throws {Error} when it is of another shape: also where it does not say who has scanned, or when.
 */
export function readVulns(value: unknown): ScanReport {
  const { scanner } = readShape(Predicate, value, "an attestation of vulnerabilities");
  const { uri, version, db } = scanner;
  const findings = scanner.result.map(readResult);
  return {
    format: "vulns",
    tool: `${uri}${version ? ` ${version}` : ""}`,
    scanner: {
      uri,
      version: version || undefined,
      databaseUri: db?.uri || undefined,
      databaseVersion: db?.version || undefined,
    },
    findings,
    // It says that there was a scan, and nothing of what it looked at.
    examined: { count: 1, unit: "scans" },
    suppressed: 0,
    digests: [],
    // The specification asks for it, and most scanners do not tell it.
    databaseBuilt: db?.lastUpdate ? new Date(db.lastUpdate) : undefined,
    licenses: [],
    marksExploited: findings.some((one) => one.knownExploited),
    givesEpss: findings.some((one) => one.epss !== undefined),
    notes: [],
  };
}

function readResult(one: z.infer<typeof Predicate>["scanner"]["result"][number]): Finding {
  const known = Known.parse(Object.assign({}, ...(one.annotations ?? [])));
  const names = findingIds(one.id, known.aliases);
  const malware = names.ids.some(isMalwareId);
  const severity = one.severity ?? [];
  return {
    ...names,
    kind: malware ? "malware" : "vulnerability",
    severity: malware ? "critical" : severityOf(severity),
    scores: severity,
    package: known.package
      ? { name: known.package, version: known.version, purl: known.purl }
      : undefined,
    where: known.where ?? known.platform,
    fix: known.fix ?? "unknown",
    fixedIn: known.fixed_in,
    knownExploited: known.known_exploited ?? false,
    epss: known.epss,
  };
}

/** A number between 0 and 1 that is a chance looks like a low score, and is none. */
const CHANCE = /epss|percentile|probability|likelihood/i;

/** A word outweighs what is computed: who gives both means the word. Of several words, or several scores, the worst stands. */
function severityOf(ratings: readonly Score[]): Severity {
  const worded = ratings.map(({ score }) => parseSeverity(score)).reduce(worseSeverity, "unknown");
  if (worded !== "unknown") return worded;
  return ratings
    .filter(({ method }) => !CHANCE.test(method))
    .map(({ score }) => {
      const text = score.trim();
      return /^\d+(?:\.\d+)?$/.test(text) ? severityOfScore(Number(text)) : severityOfVector(text);
    })
    .reduce(worseSeverity, "unknown");
}
