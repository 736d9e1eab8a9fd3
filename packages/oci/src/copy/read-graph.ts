import { FloeError } from "@floe/core/errors";
import type { Digest, RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { inParallel } from "../in-parallel.ts";
import { createCosignTagFinder } from "./cosign-tags.ts";
import { type GraphNode, readGraphNode } from "./graph-node.ts";

/** Indexes in indexes, and referrers of referrers. */
const MAX_DEPTH = 8;
const MAX_MANIFESTS = 1000;
const MAX_BLOBS = 10_000;
/** Of all manifests together: they are kept in memory until they are written. */
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

/** A tag under which cosign 2 keeps what belongs to an artifact. */
export interface CosignTag {
  readonly tag: string;
  readonly digest: Digest;
}

/** Everything that belongs to an artifact, read and checked. */
export interface Graph {
  readonly root: GraphNode;
  readonly nodes: ReadonlyMap<Digest, GraphNode>;
  /** Those of the nodes that are attached to another one, or stand under a tag of cosign's. */
  readonly attached: ReadonlySet<Digest>;
  readonly cosignTags: readonly CosignTag[];
  /** What was listed and is not there, or not attached to what it was listed for. */
  readonly warnings: readonly string[];
}

/** How far {@link readGraph} goes. */
export interface GraphOptions extends CallOptions {
  /** Also referrers and cosign's tags, of every manifest found. */
  readonly referrers: boolean;
  /** Requests at once. */
  readonly limit: number;
}

interface Visit {
  readonly reference: string;
  readonly raw: RawManifest | null;
  /** `subject`: what it was listed as a referrer of. */
  readonly role:
    | { readonly kind: "root" | "cosign" }
    | { readonly kind: "child"; readonly of: Digest }
    | { readonly kind: "referrer"; readonly subject: Digest };
  readonly depth: number;
  readonly referrerDepth: number;
}

/**
 * Reads a manifest with all that belongs to it: children of indexes, and with `referrers` what is attached to any of them,
 * however far. A list of referrers is a hint by whoever wrote it; what counts is the `subject` of each manifest.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - nested deeper than 8, or more than 1000 manifests
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - an index names a manifest that is not there
 */
export async function readGraph(
  from: ArtifactStore,
  root: RawManifest,
  options: GraphOptions,
): Promise<Graph> {
  const { signal, limit } = options;
  const nodes = new Map<Digest, GraphNode>();
  const attached = new Set<Digest>();
  const cosignTags: CosignTag[] = [];
  const warnings: string[] = [];
  // By what it was listed for as well: a list that is wrong must not hide what is right in another one.
  const seen = new Set<string>();
  const blobs = new Set<Digest>();
  const cosign = createCosignTagFinder(from, { signal });
  let bytes = 0;

  /** Reads one manifest and says what follows from it. */
  async function visit(one: Visit, stop: AbortSignal): Promise<Visit[]> {
    const { role, depth, referrerDepth } = one;
    const known = one.raw ?? nodes.get(one.reference as Digest)?.raw;
    const raw = known ?? (await from.getManifest(one.reference, { signal: stop }));
    if (raw === null) {
      if (role.kind === "child") throw missingChild(from, role.of, one.reference);
      warnings.push(`${one.reference} is listed and not there; it was left out`);
      return [];
    }
    const node = readGraphNode(raw);
    const { digest } = raw.descriptor;
    if (role.kind === "referrer" && node.subject !== role.subject) {
      warnings.push(
        `${digest} is listed as attached to ${role.subject} and is not; it was left out`,
      );
      return [];
    }
    if (role.kind === "cosign") cosignTags.push({ tag: one.reference, digest });
    if (role.kind === "cosign" || role.kind === "referrer") attached.add(digest);
    if (nodes.has(digest)) return [];
    nodes.set(digest, node);
    bytes += raw.bytes.byteLength;
    for (const blob of node.blobs) blobs.add(blob.digest);
    checkLimits();
    const children = node.children.map<Visit>(({ descriptor }) => ({
      reference: descriptor.digest,
      raw: null,
      role: { kind: "child", of: digest },
      depth: depth + 1,
      referrerDepth,
    }));
    if (!options.referrers) return children;
    const [referrers, tags] = await Promise.all([
      from.referrers(digest, { signal: stop }),
      cosign(digest),
    ]);
    return [
      ...children,
      ...referrers.map<Visit>((listed) => ({
        reference: listed.digest,
        raw: null,
        role: { kind: "referrer", subject: digest },
        depth: 0,
        referrerDepth: referrerDepth + 1,
      })),
      ...tags.map<Visit>((tag) => ({
        reference: tag,
        raw: null,
        role: { kind: "cosign" },
        depth: 0,
        referrerDepth: referrerDepth + 1,
      })),
    ];
  }

  function checkLimits(): void {
    if (nodes.size > MAX_MANIFESTS) throw tooMuch(`more than ${MAX_MANIFESTS} manifests`);
    if (blobs.size > MAX_BLOBS) throw tooMuch(`more than ${MAX_BLOBS} blobs`);
    if (bytes > MAX_MANIFEST_BYTES)
      throw tooMuch(`more than ${MAX_MANIFEST_BYTES} bytes of manifests`);
  }

  const start: Visit = {
    reference: root.descriptor.digest,
    raw: root,
    role: { kind: "root" },
    depth: 0,
    referrerDepth: 0,
  };
  for (let wave: Visit[] = [start]; wave.length > 0; ) {
    const found = await inParallel(wave, { limit, signal }, visit);
    wave = [];
    for (const next of found.flat()) {
      const key = `${next.reference} ${next.role.kind === "referrer" ? next.role.subject : ""}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (next.depth > MAX_DEPTH || next.referrerDepth > MAX_DEPTH)
        throw tooMuch(`manifests that refer to each other deeper than ${MAX_DEPTH}`);
      if (seen.size > 2 * MAX_MANIFESTS) throw tooMuch(`more than ${MAX_MANIFESTS} manifests`);
      wave.push(next);
    }
  }
  const node = nodes.get(root.descriptor.digest);
  if (node === undefined) throw new Error("the root of the graph was not read");
  cosignTags.sort((a, b) => (a.tag < b.tag ? -1 : 1));
  return { root: node, nodes, attached, cosignTags, warnings: warnings.sort() };
}

function tooMuch(what: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `the artifact has ${what}`,
    hint: "Copy a part of it by its digest, or without what is attached.",
  });
}

function missingChild(from: ArtifactStore, index: Digest, child: string): FloeError {
  return new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${from.repository} has the index ${index} and not its manifest ${child}`,
    hint: "The index was copied there without everything that it names. --platform copies one of its images.",
    details: { index, child },
  });
}
