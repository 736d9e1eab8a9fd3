import { FloeError } from "@floe/core/errors";
import type { Descriptor, Digest, RawManifest } from "@floe/core/model";
import type { ArtifactStore, ManifestInput } from "@floe/core/ports";
import { inParallel } from "../in-parallel.ts";
import { copyBlobs } from "./copy-blobs.ts";
import { copyCosignTag } from "./copy-cosign-tag.ts";
import type { CopiedTag, CopyProgress, CopyReport, CopyTag } from "./copy-report.ts";
import type { GraphNode, Platform } from "./graph-node.ts";
import { choosePlatform } from "./platform.ts";
import { inRanks } from "./rank-nodes.ts";
import { type Graph, readGraph } from "./read-graph.ts";

export { parsePlatform } from "./platform.ts";

const DEFAULT_CONCURRENCY = 4;

/** What {@link copyArtifact} copies. */
export interface CopyRequest {
  readonly from: ArtifactStore;
  readonly to: ArtifactStore;
  /** Tag or digest at the source. */
  readonly reference: string;
  /** Given at the destination when everything else is there, in this order. Default: none. */
  readonly tags?: readonly CopyTag[];
  /** Also what is attached, however far, and cosign's tags. Default `true`. */
  readonly referrers?: boolean;
  /** Only this one of an index's manifests, which has another digest. */
  readonly platform?: Platform;
  /** Blobs and requests at once. Default 4. */
  readonly concurrency?: number;
}

/** How {@link copyArtifact} is run. */
export interface CopyArtifactOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/**
 * Copies an artifact with all that belongs to it, byte for byte: its digest stays. Blobs come before manifests, manifests
 * before what is attached to them, and tags last, when everything was found at the destination. A copy that is cut off leaves
 * no tag; the next one goes on where it ended, and one that has nothing to do changes nothing.
 *
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the source has no such reference, or lacks a part of it
 * @throws {FloeError} FLOE_TAG_IMMUTABLE - an immutable tag holds another digest; found out before anything is copied
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - the source gives other bytes than those of a digest
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than floe copies as one artifact
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a manifest that floe cannot read, or the destination lost something
 */
export async function copyArtifact(
  request: CopyRequest,
  { signal, onProgress }: CopyArtifactOptions,
): Promise<CopyReport> {
  const { from, to, tags = [], referrers = true } = request;
  const limit = request.concurrency ?? DEFAULT_CONCURRENCY;
  const [named, holds] = await bothOf(
    fetchSource(from, request.reference, signal),
    inParallel(tags, { limit, signal }, async ({ tag }, stop) => {
      return (await to.resolve(tag, { signal: stop }))?.digest ?? null;
    }),
  );
  const root =
    request.platform === undefined
      ? named
      : await choosePlatform(from, named, request.platform, { signal });
  const { digest, mediaType } = root.descriptor;
  const held = checkTags(tags, holds, digest);
  const platformWarning =
    digest === named.descriptor.digest
      ? []
      : [
          `only ${digest} was copied; the index ${named.descriptor.digest}, and what is signed or attached for it, is another artifact`,
        ];
  const base = { digest, mediaType, sourceDigest: named.descriptor.digest };
  if (from.repository === to.repository) {
    // What is attached hangs on the digest, so it is there already.
    return {
      ...base,
      manifests: { copied: 0, skipped: 1 },
      blobs: { copied: 0, mounted: 0, skipped: 0 },
      bytes: 0,
      referrers: {},
      tags: await writeTags(to, tags, root, signal),
      foreignLayers: [],
      warnings: platformWarning,
    };
  }
  const graph = await readGraph(from, root, { referrers, limit, signal });
  const nodes = [...graph.nodes.values()];

  // A tag that is absent says enough of its manifest: putting it again costs no more than to ask.
  const unasked = held === "absent" ? digest : null;
  const present = new Set<Digest>(held === "held" ? [digest] : []);
  await inParallel(nodes, { limit, signal }, async ({ raw }, stop) => {
    const { digest: one } = raw.descriptor;
    if (one === unasked || present.has(one)) return;
    if ((await to.resolve(one, { signal: stop })) !== null) present.add(one);
  });

  const blobs = new Map<Digest, Descriptor>();
  const expected = new Set<Digest>();
  for (const { raw, blobs: own } of nodes) {
    for (const blob of own) {
      blobs.set(blob.digest, blob);
      if (present.has(raw.descriptor.digest)) expected.add(blob.digest);
    }
  }
  const { bytes, ...counts } = await copyBlobs({
    ...{ from, to, blobs: [...blobs.values()], expected, limit, signal, onProgress },
  });

  const written = await writeManifests(to, graph, { present, limit, signal });
  await checkWritten(to, written, { limit, signal });
  const warnings = [...platformWarning, ...graph.warnings];
  const cosignTags: CopiedTag[] = [];
  for (const tag of graph.cosignTags) {
    const copied = await copyCosignTag(to, graph, tag, signal);
    if (typeof copied === "string") warnings.push(copied);
    else cosignTags.push(copied);
  }
  return {
    ...base,
    manifests: { copied: written.length, skipped: nodes.length - written.length },
    blobs: counts,
    bytes,
    referrers: countAttached(graph),
    tags: [...cosignTags, ...(await writeTags(to, tags, root, signal))],
    foreignLayers: nodes.flatMap((node) => node.foreign),
    warnings,
  };
}

/**
 * Fetches what is to be copied.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the source has no such reference
 */
export async function fetchSource(
  from: ArtifactStore,
  reference: string,
  signal: AbortSignal,
): Promise<RawManifest> {
  const found = await from.getManifest(reference, { signal });
  if (found !== null) return found;
  throw new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${from.repository} has no ${reference}`,
    hint: "See what is there: floe artifact list",
    details: { reference },
  });
}

/** Waits for both, and of two failures throws the first one's. */
async function bothOf<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}

/** Refuses what could only fail after everything was copied, and says how the first tag stands. */
function checkTags(
  tags: readonly CopyTag[],
  holds: readonly (Digest | null)[],
  digest: Digest,
): "held" | "absent" | "unknown" {
  let state: "held" | "absent" | "unknown" = "unknown";
  for (const [index, { tag, mutable }] of tags.entries()) {
    const held = holds[index] ?? null;
    if (held === digest) state = "held";
    else if (held === null) state = state === "unknown" ? "absent" : state;
    else if (!mutable) throw taken(tag, held);
  }
  return state;
}

async function writeManifests(
  to: ArtifactStore,
  graph: Graph,
  options: {
    readonly present: ReadonlySet<Digest>;
    readonly limit: number;
    readonly signal: AbortSignal;
  },
): Promise<GraphNode[]> {
  const { present, limit, signal } = options;
  const listed = new Map<Digest, Promise<ReadonlySet<Digest>>>();
  const listedFor = (subject: Digest): Promise<ReadonlySet<Digest>> => {
    const before = listed.get(subject);
    if (before !== undefined) return before;
    const asked = to
      .referrers(subject, { signal })
      .then((found) => new Set(found.map((descriptor) => descriptor.digest)));
    listed.set(subject, asked);
    return asked;
  };
  const written: GraphNode[] = [];
  for (const rank of inRanks(graph.nodes)) {
    await inParallel(rank, { limit, signal }, async (node, stop) => {
      const { digest } = node.raw.descriptor;
      if (present.has(digest)) {
        // It may have come without its place in the list, by a tool that knows nothing of referrers.
        if (node.subject === null || (await listedFor(node.subject)).has(digest)) return;
      }
      const manifest = inputOf(node.raw);
      if (node.subject === null) await to.putManifest(manifest, { signal: stop });
      else await to.attach(manifest, { signal: stop });
      written.push(node);
    });
  }
  return written;
}

/** Looks for everything that was written: an answer that it was accepted is not yet a proof that it is there. */
async function checkWritten(
  to: ArtifactStore,
  written: readonly GraphNode[],
  options: { readonly limit: number; readonly signal: AbortSignal },
): Promise<void> {
  await inParallel(written, options, async ({ raw }, signal) => {
    const { digest, size } = raw.descriptor;
    const found = await to.resolve(digest, { signal });
    if (found?.digest === digest && found.size === size) return;
    throw lost(to, `the manifest ${digest}`);
  });
  const bySubject = Map.groupBy(
    written.filter((node) => node.subject !== null),
    (node) => node.subject as Digest,
  );
  await inParallel([...bySubject], options, async ([subject, nodes], signal) => {
    const found = new Set((await to.referrers(subject, { signal })).map(({ digest }) => digest));
    const missing = nodes.find(({ raw }) => !found.has(raw.descriptor.digest));
    if (missing !== undefined)
      throw lost(
        to,
        `${missing.raw.descriptor.digest} in the list of what ${subject} has attached`,
      );
  });
}

async function writeTags(
  to: ArtifactStore,
  tags: readonly CopyTag[],
  root: RawManifest,
  signal: AbortSignal,
): Promise<CopiedTag[]> {
  const written: CopiedTag[] = [];
  for (const { tag, mutable } of tags) {
    if (mutable) {
      const { status } = await to.moveTag(tag, inputOf(root), { signal });
      written.push({ tag, status });
      continue;
    }
    const result = await to.createTag(tag, inputOf(root), { signal });
    if (result.status === "taken") throw taken(tag, result.digest);
    written.push({ tag, status: result.status });
  }
  return written;
}

function countAttached(graph: Graph): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const types = [...graph.attached]
    .filter((digest) => graph.nodes.get(digest)?.subject !== null)
    .map((digest) => graph.nodes.get(digest)?.artifactType ?? "unknown")
    .sort();
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
}

function inputOf({ bytes, descriptor }: RawManifest): ManifestInput {
  return { bytes, mediaType: descriptor.mediaType };
}

function taken(tag: string, digest: Digest): FloeError {
  return new FloeError({
    code: "FLOE_TAG_IMMUTABLE",
    message: `${tag} holds ${digest} at the destination already and never moves`,
    hint: "Give the copy another tag. Tags that may move are listed under artifacts.tags.mutable in the manifest.",
    details: { tag, digest },
  });
}

function lost(to: ArtifactStore, what: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${to.repository} accepted ${what} and does not have it`,
    hint: "Something removes content as it is written, or reads go to a copy that lags behind. No tag was written.",
  });
}
