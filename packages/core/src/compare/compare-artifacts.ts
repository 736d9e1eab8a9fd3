import { isFloeError } from "../errors/index.ts";
import type { CallOptions, SbomReader } from "../ports/index.ts";
import type { CompiledArtifact } from "../spec/compiled-artifact.ts";
import { COMPILED_MEDIA_TYPE, MAX_COMPILED_BYTES } from "../spec/compiled-media-type.ts";
import type { ComponentChange, EnvironmentChange } from "./compare-compiled.ts";
import { compareParts, type PartChange, readJson } from "./compare-parts.ts";
import { type ComparedArtifact, compareSboms, type SbomComparison } from "./compare-sboms.ts";
import { type FieldChange, jsonChanges } from "./json-changes.ts";
import { type Content, readContent } from "./read-content.ts";

/** How two artifacts differ. Nothing in it says which of them is better. */
export interface ArtifactComparison {
  /** What kind of artifact each is. */
  readonly artifactType: { readonly from: string; readonly to: string };
  /** Of two compiled artifacts; else empty. */
  readonly components: readonly ComponentChange[];
  /** What environments ask for, of two compiled artifacts; else empty. */
  readonly environments: readonly EnvironmentChange[];
  /** Config, layers, and what an index lists. */
  readonly parts: readonly PartChange[];
  readonly annotations: readonly FieldChange[];
  /** `null`: nobody reads SBOMs here. */
  readonly sbom: SbomComparison | null;
  /** What could not be compared, in sentences. */
  readonly notCompared: readonly string[];
}

/**
 * Compares two artifacts: what they are, their layers and the JSON in them, compiled components with what depends on them,
 * annotations and SBOMs. This one comparison is behind `floe platform diff` and a rollback's impact analysis. `null`: one
 * of the two manifests cannot be read.
 */
export async function compareArtifacts(
  from: ComparedArtifact,
  to: ComparedArtifact,
  sboms: SbomReader | null,
  options: CallOptions,
): Promise<ArtifactComparison | null> {
  const [one, two] = [readContent(from.manifest), readContent(to.manifest)];
  if (!one || !two) return null;
  const notCompared: string[] = [];
  const note = (what: string): void => void notCompared.push(what);
  const parts = await compareParts(
    { store: from.store, parts: one.parts },
    { store: to.store, parts: two.parts },
    note,
    options,
  );
  const compiled = parts.some((part) => part.mediaType === COMPILED_MEDIA_TYPE)
    ? await compareLayers(from, one, to, two, note, options)
    : null;
  return {
    artifactType: { from: one.artifactType, to: two.artifactType },
    components: compiled?.components ?? [],
    environments: compiled?.environments ?? [],
    parts,
    annotations: jsonChanges(one.annotations, two.annotations),
    sbom: sboms ? await compareSboms(sboms, from, to, note, options) : null,
    notCompared,
  };
}

async function compareLayers(
  from: ComparedArtifact,
  one: Content,
  to: ComparedArtifact,
  two: Content,
  note: (what: string) => void,
  options: CallOptions,
) {
  const [before, after] = [
    await readCompiled(from, one, note, options),
    await readCompiled(to, two, note, options),
  ];
  if (!before || !after) return null;
  const { compareCompiled } = await import("./compare-compiled.ts");
  return compareCompiled(before, after);
}

async function readCompiled(
  { store, manifest }: ComparedArtifact,
  { parts }: Content,
  note: (what: string) => void,
  options: CallOptions,
): Promise<CompiledArtifact | null> {
  const part = parts.find(({ mediaType }) => mediaType === COMPILED_MEDIA_TYPE);
  // That only one of the two is a compiled artifact, the parts say.
  if (!part) return null;
  const read = await readJson(store, part, { ...options, maxBytes: MAX_COMPILED_BYTES });
  if ("problem" in read) {
    note(`The compiled artifact of ${manifest.descriptor.digest} ${read.problem}.`);
    return null;
  }
  const { readCompiledValue } = await import("../spec/compiled-artifact.ts");
  try {
    return readCompiledValue(read.value, manifest.descriptor.digest);
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    note(`${cause.message}.`);
    return null;
  }
}
