import { type ArtifactComparison, compareArtifacts } from "../compare/compare-artifacts.ts";
import type { ComponentChange } from "../compare/compare-compiled.ts";
import type { ComparedArtifact, SbomComparison } from "../compare/compare-sboms.ts";
import { type FieldChange, jsonType } from "../compare/json-changes.ts";
import { isOlder } from "../compare/older-version.ts";
import type { ImpactAnalysis } from "../model/records.ts";
import type { CallOptions, SbomReader } from "../ports/index.ts";

/** How many things of a kind are named in one sentence. */
const MOST_NAMED = 5;

/**
 * Judges what it breaks to put one artifact in the place of another, by the comparison that `floe platform diff` shows.
 * BLOCKED: nothing can be compared, the kind of artifact changes, or a component goes away, or changes its type, that others
 * need which stay. RISKY: something is removed or retyped, dependencies become older, or something could not be compared.
 */
export async function analyseImpact(
  from: ComparedArtifact,
  to: ComparedArtifact,
  sboms: SbomReader | null,
  options: CallOptions,
): Promise<ImpactAnalysis> {
  const comparison = await compareArtifacts(from, to, sboms, options);
  if (!comparison)
    return {
      breaking_changes: ["one of the two artifacts cannot be read, so nothing can be compared"],
      affected_products: [],
      recommendations: ["Inspect both artifacts by hand before you rely on the rollback."],
      risk: "BLOCKED",
    };
  const { artifactType } = comparison;
  const kindChanges = artifactType.from !== artifactType.to;
  const broken = comparison.components.filter((change) => breakingOf(change).length > 0);
  const gone = new Set(
    comparison.components.filter(({ change }) => change === "removed").map(({ name }) => name),
  );
  const affected = new Set(
    broken.flatMap(({ dependents }) => dependents).filter((name) => !gone.has(name)),
  );
  const breaking = [
    ...(kindChanges
      ? [`the kind of artifact changes from ${artifactType.from} to ${artifactType.to}`]
      : []),
    ...broken.flatMap(breakingOf),
    ...breakingParts(comparison),
  ];
  const recommendations = [
    ...differingParts(comparison),
    ...comparison.notCompared,
    ...sbomRisks(comparison.sbom),
    ...(breaking.length > 0 ? ["Tell the consumers of what is removed before they notice."] : []),
  ];
  const cutsOff = broken.some(
    (change) => takesAway(change) && change.dependents.some((name) => !gone.has(name)),
  );
  return {
    breaking_changes: breaking,
    affected_products: [...affected].sort(),
    recommendations,
    risk:
      kindChanges || cutsOff
        ? "BLOCKED"
        : breaking.length > 0 || recommendations.length > 0
          ? "RISKY"
          : "SAFE",
  };
}

// What others need is no longer there: the component, or what kind of thing it is.
function takesAway({ change, fields }: ComponentChange): boolean {
  return change === "removed" || fields.some(({ path }) => path === "type");
}

function breakingOf({ name, change, type, fields, dependents }: ComponentChange): string[] {
  const needed = dependents.length === 0 ? "" : `, which ${named(dependents)} need`;
  if (change === "removed") return [`the component ${name} (${type}) is removed${needed}`];
  return fields
    .filter(({ path }) => path === "type" || path === "config" || path.startsWith("config."))
    .flatMap((field) =>
      field.path === "type"
        ? [
            `the component ${name} becomes a ${String(field.to)}, and is a ${String(field.from)} now${needed}`,
          ]
        : breakingField(field).map((what) => `component ${name}: ${what}`),
    );
}

function breakingParts({ parts }: ArtifactComparison): string[] {
  return parts.flatMap(({ name, change, from, fields }) => {
    // Layers of images have no names, and stand for nothing that others ask for.
    if (change === "removed")
      return from?.title == null ? [] : [`${name} is not in the version returned to`];
    return (fields ?? []).flatMap(breakingField).map((what) => `${name}: ${what}`);
  });
}

function breakingField({ path, change, from, to }: FieldChange): string[] {
  if (change === "removed") return [`${path} is removed`];
  if (change !== "retyped") return [];
  return [`${path || "the document"} changes from ${jsonType(from)} to ${jsonType(to)}`];
}

function differingParts({ parts, components }: ArtifactComparison): string[] {
  const opaque = parts.filter(
    ({ change, from, fields, mediaType }) =>
      fields === null &&
      (change === "changed" || (change === "removed" && from?.title === null)) &&
      !(components.length > 0 && mediaType.includes(".compiled.")),
  );
  if (opaque.length === 0) return [];
  return [
    `${named(opaque.map(({ name }) => name))} ${opaque.length === 1 ? "differs" : "differ"}, and could not be looked into: compare by hand.`,
  ];
}

function sbomRisks(sbom: SbomComparison | null): string[] {
  if (!sbom) return [];
  const { from, to, components } = sbom;
  if (components === null)
    return from.signature === to.signature
      ? []
      : ["Only one of the two has an SBOM, so what they are made of could not be compared."];
  const older = components.filter((change) => isOlder(change.to, change.from));
  if (older.length === 0) return [];
  const labels = [...new Set([from.signature, to.signature])].filter(
    (label) => label !== "verified",
  );
  const whose = labels.length === 0 ? "" : ` (by SBOMs that are ${labels.join(" and ")})`;
  const shown = older.map((change) => `${change.component} ${change.from} → ${change.to}`);
  return [
    `${older.length} ${older.length === 1 ? "dependency becomes" : "dependencies become"} older${whose}: ${named(shown)}. See that no fix is lost.`,
  ];
}

function named(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
