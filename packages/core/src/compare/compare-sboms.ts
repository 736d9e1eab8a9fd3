import { FloeError, isFloeError } from "../errors/index.ts";
import type { RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";
import type { ArtifactStore, CallOptions, ReadSbom, SbomReader } from "../ports/index.ts";

/** A component that only one of two SBOMs lists, or in another version. */
export interface SbomChange {
  readonly component: string;
  readonly change: "added" | "removed" | "changed";
  /** Versions, separated by commas where there are several; `null`: it is not listed, or without one. */
  readonly from: string | null;
  readonly to: string | null;
}

/** Which SBOMs an artifact has. */
export interface SbomSide {
  /** `none`: there is no SBOM. */
  readonly signature: "verified" | "untrusted" | "unsigned" | "none";
  readonly signers: readonly string[];
  readonly referrers: readonly Digest[];
}

/** What two artifacts are made of. */
export interface SbomComparison {
  readonly from: SbomSide;
  readonly to: SbomSide;
  /** `null`: one of the two has no SBOM that can be read. */
  readonly components: readonly SbomChange[] | null;
}

/** An artifact, where it is. */
export interface ComparedArtifact {
  readonly store: ArtifactStore;
  readonly manifest: RawManifest;
}

/** Compares what the SBOMs of two artifacts list. `notCompared` gets why that is not known. */
export async function compareSboms(
  reader: SbomReader,
  from: ComparedArtifact,
  to: ComparedArtifact,
  notCompared: (what: string) => void,
  options: CallOptions,
): Promise<SbomComparison> {
  const [one, two] = await Promise.all([
    readSide(reader, from, notCompared, options),
    readSide(reader, to, notCompared, options),
  ]);
  const components = one.versions && two.versions ? changesOf(one.versions, two.versions) : null;
  return { from: one.side, to: two.side, components };
}

const NO_SBOM: SbomSide = { signature: "none", signers: [], referrers: [] };

type Versions = ReadonlyMap<string, string>;

async function readSide(
  reader: SbomReader,
  { store, manifest }: ComparedArtifact,
  notCompared: (what: string) => void,
  options: CallOptions,
): Promise<{ readonly side: SbomSide; readonly versions: Versions | null }> {
  const { digest } = manifest.descriptor;
  const read = await reader.readSboms(store, manifest, options).catch((cause: unknown) => {
    options.signal.throwIfAborted();
    if (isFloeError(cause)) return cause;
    throw cause;
  });
  if (read instanceof FloeError) {
    notCompared(`The SBOMs of ${digest} could not be read (${read.message}).`);
    return { side: NO_SBOM, versions: null };
  }
  if (!read.complete)
    notCompared(`More is attached to ${digest} than is read, so an SBOM may be missing.`);
  const [first] = read.sboms;
  if (!first) return { side: NO_SBOM, versions: null };
  const readable = read.sboms.filter(({ components }) => components !== null);
  if (readable.length < read.sboms.length)
    notCompared(`An SBOM of ${digest} is in a form that cannot be read.`);
  const side: SbomSide = {
    signature: first.signature,
    signers: [...new Set(read.sboms.flatMap(({ signer }) => signer ?? []))],
    referrers: read.sboms.map(({ referrer }) => referrer),
  };
  return { side, versions: readable.length === 0 ? null : versionsOf(readable) };
}

function versionsOf(sboms: readonly ReadSbom[]): Versions {
  const found = new Map<string, Set<string>>();
  for (const { components } of sboms)
    for (const { key, version } of components ?? []) {
      const versions = found.get(key) ?? new Set();
      if (version !== null) versions.add(version);
      found.set(key, versions);
    }
  return new Map([...found].map(([key, versions]) => [key, [...versions].sort().join(", ")]));
}

function changesOf(from: Versions, to: Versions): SbomChange[] {
  const keys = [...new Set([...from.keys(), ...to.keys()])].sort();
  return keys.flatMap((component): SbomChange[] => {
    const one = from.get(component);
    const two = to.get(component);
    if (one === two) return [];
    const change = one === undefined ? "added" : two === undefined ? "removed" : "changed";
    return [{ component, change, from: one || null, to: two || null }];
  });
}
