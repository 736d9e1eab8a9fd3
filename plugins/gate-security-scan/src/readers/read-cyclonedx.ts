import { readShape } from "@floe/gate-kit";
import { z } from "zod";
import type { AffectedPackage, Finding } from "../finding.ts";
import { findingIds, isMalwareId } from "../finding-ids.ts";
import { buildPurl, parsePurl } from "../package-key.ts";
import type { LicenseFact, Scanner, ScanReport } from "../scan-report.ts";
import { scoresOf } from "../scores.ts";
import { parseSeverity, type Severity, severityOfScore, worseSeverity } from "../severity.ts";
import { optionalNumber, optionalText } from "./optional-fields.ts";

const Component = z.object({
  "bom-ref": optionalText,
  name: optionalText,
  group: optionalText,
  version: optionalText,
  purl: optionalText,
  licenses: z
    .array(
      z.object({
        license: z.object({ id: optionalText, name: optionalText }).nullish(),
        expression: optionalText,
      }),
    )
    .nullish(),
  properties: z.array(z.object({ name: optionalText, value: optionalText })).nullish(),
});

type CycloneDxComponent = z.infer<typeof Component> & {
  readonly components?: readonly CycloneDxComponent[] | null | undefined;
};

const Nested: z.ZodType<CycloneDxComponent> = Component.extend({
  get components() {
    return z.array(Nested).nullish();
  },
});

const Vulnerability = z.object({
  id: z.string().min(1),
  references: z.array(z.object({ id: optionalText })).nullish(),
  ratings: z
    .array(
      z.object({
        severity: optionalText,
        score: optionalNumber,
        method: optionalText,
        vector: optionalText,
        source: z.object({ name: optionalText }).nullish(),
      }),
    )
    .nullish(),
  recommendation: optionalText,
  affects: z.array(z.object({ ref: z.string() })).nullish(),
  analysis: z.object({ state: optionalText }).nullish(),
});

const Report = z.object({
  bomFormat: z.literal("CycloneDX"),
  metadata: z.object({ component: Nested.nullish(), tools: z.unknown().optional() }).nullish(),
  components: z.array(Nested).optional(),
  vulnerabilities: z.array(Vulnerability).optional(),
});

/** States that say that the vulnerability does no harm. */
const HARMLESS = new Set(["resolved", "resolved_with_pedigree", "false_positive", "not_affected"]);

/** Whether a value looks like a CycloneDX document. */
export function isCycloneDx(value: unknown): boolean {
  return typeof value === "object" && value !== null && "bomFormat" in value;
}

/**
 * Reads a CycloneDX document with vulnerabilities. Of several ratings the worst counts; what its own analysis calls
 * harmless is set aside.
 *
 * @throws {Error} when it is of another shape, or a list of components that nobody has scanned.
 */
export function readCycloneDx(value: unknown): ScanReport {
  const report = readShape(Report, value, "CycloneDX");
  if (report.vulnerabilities === undefined) {
    throw new Error(
      "it lists components and no vulnerabilities: it is a bill of materials, not a scan; run a scanner that writes vulnerabilities into it",
    );
  }
  const components = flatten(report.components ?? []);
  const byRef = new Map(
    components.flatMap((one) => (one["bom-ref"] ? [[one["bom-ref"], one]] : [])),
  );
  const counted = report.vulnerabilities.filter(
    ({ analysis }) => !HARMLESS.has(analysis?.state ?? ""),
  );
  return {
    format: "cyclonedx",
    tool: "CycloneDX",
    scanner: scannerOf(report.metadata?.tools),
    findings: counted.flatMap((one) => readVulnerability(one, byRef)),
    examined: { count: components.length, unit: "components" },
    suppressed: report.vulnerabilities.length - counted.length,
    digests: digestsOf(report.metadata?.component),
    licenses: components.flatMap(licensesOf),
    marksExploited: false,
    givesEpss: false,
    notes: [],
  };
}

const Tool = z.object({
  name: z.string().min(1),
  version: optionalText,
  vendor: optionalText,
  group: optionalText,
  purl: optionalText,
});

/** A list until version 1.4, then components and services. Which of several tools has scanned nobody can tell. */
const Tools = z.union([
  z.tuple([Tool]),
  z.object({ components: z.tuple([Tool]) }).transform(({ components }) => components),
]);

function scannerOf(tools: unknown): Scanner | null {
  const found = Tools.safeParse(tools);
  if (!found.success) return null;
  const [{ name, version, vendor, group, purl }] = found.data;
  const owner = group || vendor;
  const uri = purl || buildPurl("generic", owner ? `${owner}/${name}` : name);
  return uri === undefined ? null : { uri, version: version || undefined };
}

function flatten(components: readonly CycloneDxComponent[]): CycloneDxComponent[] {
  return components.flatMap((one) => [one, ...flatten(one.components ?? [])]);
}

function readVulnerability(
  one: z.infer<typeof Vulnerability>,
  byRef: ReadonlyMap<string, CycloneDxComponent>,
): Finding[] {
  const names = findingIds(
    one.id,
    (one.references ?? []).flatMap(({ id }) => id ?? []),
  );
  const malware = names.ids.some(isMalwareId);
  const advice = one.recommendation?.trim() || undefined;
  const refs = one.affects ?? [];
  return (refs.length === 0 ? [{ ref: "" }] : refs).map(({ ref }): Finding => {
    const affected = ref === "" ? undefined : affectedPackage(ref, byRef);
    return {
      ...names,
      kind: malware ? "malware" : "vulnerability",
      severity: malware ? "critical" : worstRating(one),
      scores: (one.ratings ?? []).flatMap((rating) =>
        // OWASP's method, and an organisation's own, are on scales of their own.
        /^CVSSv/.test(rating.method ?? "")
          ? scoresOf({ ...rating, source: rating.source?.name, version: rating.method })
          : [],
      ),
      package: affected,
      where: affected?.purl ?? (ref || undefined),
      fix: /upgrade|update/i.test(advice ?? "") ? "fixed" : "unknown",
      fixedIn: advice?.slice(0, 200),
      knownExploited: false,
    };
  });
}

function affectedPackage(
  ref: string,
  byRef: ReadonlyMap<string, CycloneDxComponent>,
): AffectedPackage {
  const component = byRef.get(ref);
  if (component) {
    const group = component.group ? `${component.group}/` : "";
    return {
      name: `${group}${component.name ?? ref}`,
      version: component.version || undefined,
      purl: component.purl || undefined,
    };
  }
  const text = purlOfRef(ref);
  const purl = text === undefined ? null : parsePurl(text);
  return { name: purl?.name ?? ref, version: purl?.version ?? undefined, purl: text };
}

/** The package URL in a reference, which may be a link into another document (`urn:cdx:serial/version#ref`). */
export function purlOfRef(ref: string): string | undefined {
  const text = ref.startsWith("urn:cdx:") ? ref.slice(ref.indexOf("#") + 1) : ref;
  return text.startsWith("pkg:") ? text : undefined;
}

/** A word outweighs the score beside it: a vendor gives both, and means the word. */
function worstRating({ ratings }: z.infer<typeof Vulnerability>): Severity {
  return (ratings ?? [])
    .map(({ severity, score }): Severity => {
      const worded = parseSeverity(severity);
      if (worded !== "unknown" || score === null || score === undefined) return worded;
      return severityOfScore(score);
    })
    .reduce(worseSeverity, "unknown");
}

function licensesOf(one: CycloneDxComponent): LicenseFact[] {
  const name = one.purl || one.name || one["bom-ref"] || "unnamed component";
  return (one.licenses ?? []).flatMap(({ license, expression }) => {
    const text = license?.id || license?.name || expression;
    return text ? [{ license: text, package: name }] : [];
  });
}

function digestsOf(component: CycloneDxComponent | null | undefined): string[] {
  if (!component) return [];
  const purl = component.purl ? parsePurl(component.purl) : null;
  const repoDigests = (component.properties ?? [])
    .filter(({ name }) => name === "aquasecurity:trivy:RepoDigest")
    .map(({ value }) => value ?? "");
  return [
    ...(purl?.type === "oci" ? [purl.version ?? ""] : []),
    component.version ?? "",
    ...repoDigests.map((text) => text.slice(text.lastIndexOf("@") + 1)),
  ].filter((text) => /^sha\d+:/.test(text));
}
