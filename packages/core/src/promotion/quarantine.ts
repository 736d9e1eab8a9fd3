import { isFloeError } from "../errors/index.ts";
import { actorName } from "../ledger/fold-state.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { latestTag } from "../model/tag.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertLatestNotCut } from "./assert-not-cut.ts";
import { pinReasons } from "./checks/check-pin.ts";
import { at, type FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { notAppended } from "./operation-errors.ts";
import { judgeOperator } from "./operator.ts";
import { publishQuarantine, type QuarantineEvent } from "./publish-quarantine.ts";
import { type Reason, reason } from "./reason.ts";
import { requireReason } from "./require-reason.ts";
import {
  parseVersionArgument,
  type ResolvedArtifact,
  readArtifact,
  resolveArtifact,
} from "./resolve-artifact.ts";

/** What a quarantine, or the end of one, is asked for. */
export interface QuarantineRequest {
  /** `v1.2.3`, or `v1.2.3@sha256:…`. */
  readonly version: string;
  /** Default: all. */
  readonly environments?: readonly string[] | undefined;
  readonly reason: string;
  readonly claimedOperator?: string | undefined;
}

/** What became of it in one environment. */
export interface QuarantinedIn {
  readonly environment: string;
  /** Whether the digest is kept out now; `null`: not known, see `problem`. */
  readonly held: boolean | null;
  /** `false`: it was so already, or could not be done. */
  readonly changed: boolean;
  /** The environment runs this digest now, which a quarantine does not end. */
  readonly running: boolean;
  readonly by: string | null;
  readonly at: string | null;
  /** Hash of the event; `null` without a change. */
  readonly event: string | null;
  /** Tag of the published copy; `null`: there is none. */
  readonly statement: string | null;
  /** Why it could not be done; the other environments are done all the same. */
  readonly problem: Reason | null;
}

/** What a quarantine came to. */
export interface QuarantineOutcome {
  readonly action: "quarantine" | "unquarantine";
  readonly version: string;
  readonly digest: Digest;
  readonly reason: string;
  readonly environments: readonly QuarantinedIn[];
  /** Why environments could not be done, in their order. */
  readonly blocking: readonly Reason[];
  readonly warnings: readonly string[];
  readonly traceId: string;
}

/**
 * Keeps a digest out of environments, or lets it in again: one signed event in each ledger. What cannot be done in one
 * environment does not keep it from the others, and the same command again does the rest.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND, FLOE_VERSION_DIGEST_MISMATCH
 */
export async function setQuarantine(
  action: "quarantine" | "unquarantine",
  request: QuarantineRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<QuarantineOutcome> {
  const { manifest } = context;
  const text = requireReason(action, request.reason);
  const environments = request.environments
    ? [...new Set(request.environments)].map((name) => findEnvironment(manifest, name))
    : manifest.environments;
  const artifact = await findArtifact(request.version, context, options);
  const { digest } = artifact.manifest.descriptor;
  const traceId = traceIdOf(context);
  const wanted = { action, artifact, text, traceId, claimedOperator: request.claimedOperator };
  const results: QuarantinedIn[] = [];
  const warnings: string[] = [];
  for (const environment of environments) {
    try {
      const here = at(context, environment);
      results.push(await setIn(environment, wanted, warnings, here, ledgers, options));
    } catch (cause) {
      if (options.signal.aborted || !isFloeError(cause)) throw cause;
      results.push(notDone(environment.name, reason(cause.code, cause.message, cause.hint)));
    }
  }
  for (const { environment, running } of results)
    if (action === "quarantine" && running)
      warnings.push(
        `${environment} RUNS ${artifact.version} NOW, and goes on running it: a quarantine keeps it from entering. Roll back: floe rollback --env ${environment} --reason …`,
      );
  return {
    action,
    version: artifact.version,
    digest,
    reason: text,
    environments: results,
    blocking: results.flatMap(({ problem }) => problem ?? []),
    warnings,
    traceId,
  };
}

// What has to be kept out may have lost its tag already: then its digest says which it is.
async function findArtifact(
  argument: string,
  context: FloeContext,
  options: CallOptions,
): Promise<ResolvedArtifact> {
  const { version, digest } = parseVersionArgument(argument, context.manifest);
  const { store, manifest } = context;
  if (digest !== null && !(await store.resolve(version, options)))
    return await readArtifact(store, { version, digest }, options);
  return await resolveArtifact(store, manifest, { version, digest }, options);
}

interface Wanted {
  readonly action: "quarantine" | "unquarantine";
  readonly artifact: ResolvedArtifact;
  readonly text: string;
  readonly traceId: string;
  readonly claimedOperator: string | undefined;
}

async function setIn(
  environment: EnvironmentConfig,
  wanted: Wanted,
  warnings: string[],
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<QuarantinedIn> {
  const { action, artifact, text, traceId, claimedOperator } = wanted;
  const { name } = environment;
  const { digest } = artifact.manifest.descriptor;
  const { problem } = judgeOperator(environment, context, claimedOperator);
  if (problem) return notDone(name, problem);
  const ledger = ledgers.of(environment);
  const body = { version: artifact.version, digest, reason: text };
  const draft = {
    kind: action,
    operation: uuidV7(context.store.now(), context.host.randomBytes(10)),
    subject: { name: artifact.reference.slice(0, artifact.reference.indexOf("@")), digest },
    traceId,
    claimedOperator,
    body,
  };
  const before = await ledger.view(options);
  const [pinned] = pinReasons(environment, before);
  if (pinned) return notDone(name, pinned);
  let late = null as Reason | null;
  let done: QuarantineEvent | null = null;
  let changed = false;
  if (isDue(action, digest, text, before)) {
    const append = async (): Promise<QuarantineEvent | null> => {
      await ledger.begin({ ...options, traceId });
      await assertLatestNotCut(ledger, await ledger.view(options), context, options);
      return quarantineEvent(
        await ledger.append((view) => {
          late = pinReasons(environment, view)[0] ?? null;
          return late === null && isDue(action, digest, text, view) ? draft : null;
        }, options),
      );
    };
    done = await append().catch((cause: unknown) => {
      throw notAppended(action, name, cause, options);
    });
    if (late) return notDone(name, late);
    changed = done !== null;
  }
  done ??= before ? await findEvent(action, digest, ledger, options) : null;
  const statement = done && (await published(done, artifact, warnings, context, options));
  const latest = await context.store.resolve(latestTag(name), options);
  return {
    environment: name,
    held: action === "quarantine",
    changed,
    running: latest?.digest === digest,
    by: done && actorName(done.event.actor),
    at: done?.event.at ?? null,
    event: changed ? (done?.hash ?? null) : null,
    statement,
    problem: null,
  };
}

// The same words again change nothing: an interrupted command is run again. Another reason is news.
function isDue(
  action: Wanted["action"],
  digest: Digest,
  text: string,
  view: LedgerView | null,
): boolean {
  const holds = view?.state.holds.filter((hold) => hold.digest === digest) ?? [];
  if (action === "unquarantine") return holds.length > 0;
  return !holds.some((hold) => hold.kind === "quarantine" && hold.reason === text);
}

function quarantineEvent(
  stored: Pick<VerifiedEvent, "event" | "hash"> | null,
): QuarantineEvent | null {
  if (stored?.event.kind !== "quarantine" && stored?.event.kind !== "unquarantine") return null;
  return { event: stored.event, hash: stored.hash };
}

/** So many events ago an interrupted command may have been for its copy to be written now. */
const LOOK_BACK = 200;

// An interrupted run may have left its event without the copy.
async function findEvent(
  action: Wanted["action"],
  digest: Digest,
  ledger: Ledger,
  options: CallOptions,
): Promise<QuarantineEvent | null> {
  let seen = 0;
  for await (const stored of ledger.readBack(options)) {
    seen += 1;
    if (seen > LOOK_BACK) return null;
    if (!stored.authorized) continue;
    const found = quarantineEvent(stored);
    if (found?.event.body.digest !== digest) continue;
    return found.event.kind === action ? found : null;
  }
  return null;
}

// The ledger is what counts; the copy is for those who look at the artifact with other tools.
async function published(
  done: QuarantineEvent,
  artifact: ResolvedArtifact,
  warnings: string[],
  context: FloeContext,
  options: CallOptions,
): Promise<string | null> {
  try {
    return await publishQuarantine(done, artifact, context, options);
  } catch (cause) {
    if (options.signal.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const { kind, environment } = done.event;
    warnings.push(
      `the ${kind} in ${environment} counts, but its copy beside the artifact could not be written (${why}); the same command again writes it`,
    );
    return null;
  }
}

function notDone(environment: string, problem: Reason): QuarantinedIn {
  return {
    environment,
    held: null,
    changed: false,
    running: false,
    by: null,
    at: null,
    event: null,
    statement: null,
    problem,
  };
}
