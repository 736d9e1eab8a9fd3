import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { Finding, FindingKind, Score } from "../finding.ts";
import { findingIds } from "../finding-ids.ts";
import type { Scanner, ScanReport } from "../scan-report.ts";
import { parseSeverity, type Severity, severityOfScore } from "../severity.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

const Properties = z
  .object({
    "security-severity": z.union([z.string(), z.number()]).nullish(),
    tags: z.array(z.string()).nullish(),
  })
  .nullish();

const Rule = z.object({
  id: optionalText,
  defaultConfiguration: z.object({ level: optionalText }).nullish(),
  properties: Properties,
});

const Component = z.object({
  name: optionalText,
  version: optionalText,
  semanticVersion: optionalText,
  informationUri: optionalText,
  rules: z.array(Rule).optional(),
});

const Result = z.object({
  ruleId: optionalText,
  ruleIndex: optionalNumber,
  rule: z
    .object({
      id: optionalText,
      index: optionalNumber,
      toolComponent: z.object({ index: optionalNumber, name: optionalText }).nullish(),
    })
    .nullish(),
  level: optionalText,
  kind: optionalText,
  message: z.object({ text: optionalText }).nullish(),
  locations: z
    .array(
      z.object({
        physicalLocation: z
          .object({
            artifactLocation: z.object({ uri: optionalText }).nullish(),
            region: z.object({ startLine: optionalNumber, startColumn: optionalNumber }).nullish(),
          })
          .nullish(),
      }),
    )
    .nullish(),
  suppressions: z.array(z.object({ status: optionalText })).nullish(),
  baselineState: optionalText,
  properties: Properties,
});

const Run = z.object({
  tool: z.object({
    driver: Component.extend({ name: z.string() }),
    extensions: z.array(Component).optional(),
  }),
  invocations: z.array(z.object({ executionSuccessful: z.boolean().nullish() })).nullish(),
  // Absent or null says that the tool did not get as far as to have results (SARIF 2.1.0, 3.14.23).
  results: z.array(Result),
  properties: z.object({ repoDigests: z.array(z.string()).nullish() }).nullish(),
});

const Report = z.object({ version: z.literal("2.1.0"), runs: z.array(Run) });

type SarifRun = z.infer<typeof Run>;
type SarifResult = z.infer<typeof Result>;
type SarifRule = z.infer<typeof Rule>;

const SECRET_TOOLS = /gitleaks|trufflehog|detect-secrets|secret/i;

/** Whether a value looks like a SARIF log. */
export function isSarif(value: unknown): boolean {
  return typeof value === "object" && value !== null && "runs" in value && "version" in value;
}

/**
 * Reads a SARIF 2.1.0 log. Results of kind `fail` count that are not suppressed and not absent; severity is
 * `security-severity` of the result or its rule, then the level.
 *
 * @throws {Error} when it is of another shape, or a tool says that it did not finish.
 */
export function readSarif(value: unknown): ScanReport {
  const { runs } = readShape(Report, value, "SARIF 2.1.0");
  for (const { tool, invocations } of runs) {
    if (invocations?.some(({ executionSuccessful }) => executionSuccessful === false)) {
      throw new Error(
        `${tool.driver.name} says that it did not finish (executionSuccessful: false): what it found by then is not the whole`,
      );
    }
  }
  const read = runs.map(readRun);
  return {
    format: "sarif",
    tool: runs.map(({ tool }) => toolName(tool.driver)).join(" and ") || "no tool",
    scanner: scannerOf(runs, read),
    findings: read.flatMap(({ findings }) => findings),
    examined: { count: runs.length, unit: "runs" },
    suppressed: read.reduce((sum, one) => sum + one.suppressed, 0),
    digests: runs.flatMap(({ properties }) =>
      (properties?.repoDigests ?? []).flatMap((text) => /@(sha\d+:\S+)$/.exec(text)?.[1] ?? []),
    ),
    licenses: [],
    marksExploited: false,
    givesEpss: false,
    notes: [],
  };
}

/** Only what it found tells what a tool looked for; and the tools of several runs are not one scanner. */
function scannerOf(
  runs: readonly SarifRun[],
  read: readonly { readonly findings: readonly Finding[] }[],
): Scanner | null {
  const [run, ...others] = runs.filter(
    (_, index) => read[index]?.findings.some(({ kind }) => kind === "vulnerability") === true,
  );
  if (!run || others.length > 0) return null;
  const { informationUri, semanticVersion, version } = run.tool.driver;
  if (!informationUri) return null;
  return { uri: informationUri, version: semanticVersion || version || undefined };
}

function toolName(driver: SarifRun["tool"]["driver"]): string {
  return [driver.name, driver.semanticVersion || driver.version].filter(Boolean).join(" ");
}

function readRun(run: SarifRun): { findings: Finding[]; suppressed: number } {
  const driver = run.tool.driver;
  const byId = new Map<string, SarifRule>();
  for (const component of [...(run.tool.extensions ?? []), driver]) {
    for (const rule of component.rules ?? []) if (rule.id) byId.set(rule.id, rule);
  }
  const findings: Finding[] = [];
  let suppressed = 0;
  for (const result of run.results) {
    if ((result.kind ?? "fail") !== "fail" || result.baselineState === "absent") continue;
    if (isSuppressed(result)) {
      suppressed += 1;
      continue;
    }
    findings.push(readResult(result, findRule(result, run, byId), driver.name));
  }
  return { findings, suppressed };
}

/** An empty list says that it is not suppressed; a status that is absent means accepted (3.35.3). */
function isSuppressed({ suppressions }: SarifResult): boolean {
  if (!suppressions || suppressions.length === 0) return false;
  return suppressions.every(({ status }) => (status ?? "accepted") === "accepted");
}

function findRule(
  result: SarifResult,
  run: SarifRun,
  byId: ReadonlyMap<string, SarifRule>,
): SarifRule | undefined {
  const at = result.rule?.toolComponent?.index;
  const component = at === undefined || at === null ? run.tool.driver : run.tool.extensions?.[at];
  const index = result.rule?.index ?? result.ruleIndex;
  const indexed = index === undefined || index === null ? undefined : component?.rules?.[index];
  const id = result.ruleId ?? result.rule?.id ?? "";
  // A result may name a part of a rule as "rule/part" (3.27.5).
  return indexed ?? byId.get(id) ?? byId.get(id.replace(/\/[^/]*$/, ""));
}

function readResult(result: SarifResult, rule: SarifRule | undefined, tool: string): Finding {
  const named = result.ruleId ?? result.rule?.id ?? rule?.id ?? "";
  const vulnerability = /\b(?:CVE-\d{4}-\d+|GHSA(?:-[0-9a-z]{4}){3})/i.exec(named)?.[0];
  const tags = [...(rule?.properties?.tags ?? []), ...(result.properties?.tags ?? [])];
  const kind: FindingKind =
    SECRET_TOOLS.test(tool) || tags.some((tag) => /^secrets?$/i.test(tag))
      ? "secret"
      : vulnerability === undefined
        ? "code"
        : "vulnerability";
  const text = result.message?.text ?? "";
  const stated = statedPackage(text);
  const place = result.locations?.[0]?.physicalLocation;
  const uri = place?.artifactLocation?.uri ?? undefined;
  const { startLine, startColumn } = place?.region ?? {};
  return {
    ...findingIds(vulnerability ?? (named || "unnamed rule")),
    kind,
    severity: severityOf(result, rule),
    scores: statedScore(result, rule),
    package: kind === "vulnerability" ? stated : undefined,
    where: uri !== undefined && startLine ? `${uri}:${startLine}` : uri,
    // The text of a secret's message may hold the secret: it is compared, and never shown.
    discriminator: `${startColumn ?? ""} ${text}`,
    fix: stated?.fixedIn ? "fixed" : "unknown",
    fixedIn: stated?.fixedIn,
    knownExploited: false,
  };
}

/** The lines that Trivy writes into its messages; SARIF itself has no place for a package. */
function statedPackage(
  text: string,
): { name: string; version: string | undefined; fixedIn: string | undefined } | undefined {
  const name = /^Package: (\S+)$/m.exec(text)?.[1];
  if (name === undefined) return undefined;
  return {
    name,
    version: /^Installed Version: (\S+)$/m.exec(text)?.[1],
    fixedIn: /^Fixed Version: (\S.*)$/m.exec(text)?.[1],
  };
}

function statedScore(result: SarifResult, rule: SarifRule | undefined): Score[] {
  const stated = securitySeverity(result, rule);
  return Number(stated) > 0 ? [{ method: "security-severity", score: String(stated) }] : [];
}

function securitySeverity(
  result: SarifResult,
  rule: SarifRule | undefined,
): string | number | null | undefined {
  return result.properties?.["security-severity"] ?? rule?.properties?.["security-severity"];
}

function severityOf(result: SarifResult, rule: SarifRule | undefined): Severity {
  const stated = securitySeverity(result, rule);
  if (stated !== undefined && stated !== null) {
    const worded = parseSeverity(String(stated));
    if (worded !== "unknown") return worded;
    const score = Number(stated);
    if (score > 0) return severityOfScore(score);
  }
  switch (result.level ?? rule?.defaultConfiguration?.level ?? "warning") {
    case "error":
      return "high";
    case "warning":
      return "medium";
    case "note":
      return "low";
    case "none":
      return "negligible";
    default:
      return "unknown";
  }
}
