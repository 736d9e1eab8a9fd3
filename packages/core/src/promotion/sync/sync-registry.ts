import { isFloeError } from "../../errors/index.ts";
import type { SecondaryRegistry } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { latestTag } from "../../model/tag.ts";
import type { ArtifactStore, CallOptions, ManifestInput } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import { readArtifact } from "../resolve-artifact.ts";
import type { WantedTags } from "./wanted-tags.ts";

/** What became of one secondary registry. */
export interface SyncStatus {
  /** Its name in the manifest. */
  readonly registry: string;
  readonly repository: string | null;
  /**
   * `synced`: brought up to date; `unchanged`: it was; `conflict`: one of its immutable tags holds another digest, and was
   * left alone; `failed`: it does not hold everything.
   */
  readonly status: "synced" | "unchanged" | "conflict" | "failed";
  /** What `latest-ENV` holds there, read back; `null`: not known, or nothing. */
  readonly digest: Digest | null;
  /** Tags that were written. */
  readonly tags: readonly string[];
  /** Of blobs that were sent. */
  readonly bytes: number;
  readonly durationMs: number;
  readonly problem: { readonly code: string; readonly message: string } | null;
  readonly warnings: readonly string[];
}

/** How a secondary registry is brought up to date. */
export interface SyncTask {
  readonly environment: string;
  /** The environment's own repository. */
  readonly from: ArtifactStore;
  readonly wanted: WantedTags;
  /** What the ledger says now: somebody may have gone on meanwhile. */
  readonly now: (options: CallOptions) => Promise<WantedTags>;
}

/** Tags that are looked for at a time. */
const LOOKS_AT_ONCE = 8;

/** So often a sync looks whether the environment was changed under it. */
const MAX_ROUNDS = 3;

/**
 * Brings one secondary registry up to date by comparing: what is missing there is copied with all that is attached, its
 * immutable tags are written and `latest-ENV` follows last. Run again, it finds what is left. Nothing that never moves is
 * overwritten. Trouble is a status, never thrown.
 */
export async function syncRegistry(
  secondary: SecondaryRegistry,
  task: SyncTask,
  context: FloeContext,
  options: CallOptions,
): Promise<SyncStatus> {
  const started = context.clock.now().getTime();
  const limit = AbortSignal.timeout(secondary.timeoutSeconds * 1000);
  const signal = AbortSignal.any([options.signal, limit]);
  const progress: Progress = {
    tags: [],
    manifests: 0,
    bytes: 0,
    warnings: [],
    digest: null,
    conflicts: new Map(),
  };
  const ended = (
    status: SyncStatus["status"],
    repository: string | null,
    problem: SyncStatus["problem"],
  ): SyncStatus => ({
    registry: secondary.name,
    repository,
    status,
    digest: progress.digest,
    tags: progress.tags,
    bytes: progress.bytes,
    durationMs: context.clock.now().getTime() - started,
    problem,
    warnings: progress.warnings,
  });
  const scope = `sync ${secondary.name}`;
  let repository: string | null = null;
  try {
    const to = context.storeOf(secondary.registry);
    repository = to.repository;
    context.logger.progress({ scope, phase: "start", message: repository });
    await bringUpToDate(to, task, progress, context, { signal });
    context.logger.progress({ scope, phase: "done", message: repository });
  } catch (cause) {
    context.logger.progress({ scope, phase: "failed", message: secondary.name });
    const message = limit.aborted
      ? `not done within ${secondary.timeoutSeconds} s`
      : cause instanceof Error
        ? cause.message
        : String(cause);
    const code = isFloeError(cause) && !limit.aborted ? cause.code : "FLOE_SYNC_INCOMPLETE";
    return ended("failed", repository, { code, message });
  }
  const [conflict] = progress.conflicts.values();
  if (conflict !== undefined)
    return ended("conflict", repository, { code: "FLOE_TAG_IMMUTABLE", message: conflict });
  const changed = progress.tags.length + progress.manifests > 0;
  return ended(changed ? "synced" : "unchanged", repository, null);
}

interface Progress {
  readonly tags: string[];
  readonly warnings: string[];
  /** By tag. */
  readonly conflicts: Map<string, string>;
  manifests: number;
  bytes: number;
  digest: Digest | null;
}

async function bringUpToDate(
  to: ArtifactStore,
  task: SyncTask,
  progress: Progress,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const copied = new Set<Digest>();
  let { wanted } = task;
  for (let round = 1; ; round++) {
    await writeImmutable(to, wanted, copied, task, progress, context, options);
    const { latest } = wanted;
    if (latest !== null) {
      await bring(latest, to, copied, task, progress, context, options);
      await follow(latest, to, wanted, task, progress, options);
    }
    const now = await task.now(options);
    if (now.latest === latest || round >= MAX_ROUNDS) return;
    wanted = now;
  }
}

async function writeImmutable(
  to: ArtifactStore,
  { immutable }: WantedTags,
  copied: Set<Digest>,
  task: SyncTask,
  progress: Progress,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  const missing: (readonly [string, Digest])[] = [];
  const all = [...immutable];
  for (let start = 0; start < all.length; start += LOOKS_AT_ONCE) {
    const part = all.slice(start, start + LOOKS_AT_ONCE).map(async ([tag, digest]) => {
      const there = await to.resolve(tag, options);
      if (!there) missing.push([tag, digest]);
      else if (there.digest !== digest) conflict(tag, there.digest, digest, to, progress);
    });
    await Promise.all(part);
  }
  for (const [tag, digest] of missing) {
    const input = await bring(digest, to, copied, task, progress, context, options);
    const created = await to.createTag(tag, input, options);
    if (created.status === "taken") conflict(tag, created.digest, digest, to, progress);
    else progress.tags.push(tag);
  }
}

function conflict(
  tag: string,
  holds: Digest,
  wanted: Digest,
  { repository }: ArtifactStore,
  progress: Progress,
): void {
  progress.conflicts.set(
    tag,
    `${tag} holds ${holds} in ${repository}, and ${wanted} by the ledger; it never moves, so it is left alone`,
  );
}

/** Copies an artifact once in a sync, and gives its manifest. */
async function bring(
  digest: Digest,
  to: ArtifactStore,
  copied: Set<Digest>,
  { from }: SyncTask,
  progress: Progress,
  { copier }: FloeContext,
  options: CallOptions,
): Promise<ManifestInput> {
  const { manifest } = await readArtifact(from, { version: digest, digest }, options);
  if (!copied.has(digest)) {
    if (!copier) throw new Error("secondary registries need createFloe to be given a copier");
    const amount = await copier.copy({ from, to, digest }, options);
    progress.manifests += amount.manifests;
    progress.bytes += amount.bytes;
    progress.warnings.push(...amount.warnings);
    copied.add(digest);
  }
  return { bytes: manifest.bytes, mediaType: manifest.descriptor.mediaType };
}

// A registry that holds something else under the version's own tag is not told to run it.
async function follow(
  latest: Digest,
  to: ArtifactStore,
  { immutable }: WantedTags,
  { environment, from }: SyncTask,
  progress: Progress,
  options: CallOptions,
): Promise<void> {
  const tag = latestTag(environment);
  const isTaken = [...immutable].some(
    ([name, digest]) => digest === latest && progress.conflicts.has(name),
  );
  if (isTaken) {
    progress.digest = (await to.resolve(tag, options))?.digest ?? null;
    return;
  }
  const { manifest } = await readArtifact(from, { version: latest, digest: latest }, options);
  const input = { bytes: manifest.bytes, mediaType: manifest.descriptor.mediaType };
  const { status } = await to.moveTag(tag, input, options);
  if (status === "moved" && !progress.tags.includes(tag)) progress.tags.push(tag);
  progress.digest = latest;
}
