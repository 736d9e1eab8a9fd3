import { FloeError } from "../errors/index.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { EnvironmentConfig, RegistryConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import { NO_SOURCE } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { disregarded } from "../promotion/disregarded.ts";
import { findEnvironment } from "../promotion/environments.ts";
import { createLedgers, type Ledgers } from "../promotion/ledgers.ts";
import type { Reason } from "../promotion/reason.ts";
import { asPinned } from "./as-pinned.ts";
import { blockingOf, type Check, checksOf, evidenceOf } from "./check.ts";
import { checkArtifact } from "./check-artifact.ts";
import { checkPath, checkPlace } from "./check-path.ts";
import { checkLatest, checkVersionTag } from "./check-tags.ts";
import { checkTransitions } from "./check-transitions.ts";
import { findWayIn, type WantedEntry } from "./find-way-in.ts";
import { type StepFindings, type VerifiedStep, verifyStep } from "./verify-step.ts";

/** What is asked about an environment. */
export interface VerifyRequest {
  readonly environment: string;
  /** Asks about this version instead of what the environment runs. */
  readonly version?: string | undefined;
  /** Asks about this digest; with a version, both have to fit. */
  readonly digest?: Digest | undefined;
  /** Not by today's policy: an error instead of a warning. */
  readonly requireCurrentPolicy?: boolean;
  /**
   * The store is a copy that somebody named: records of another repository are to be expected, and the ledger may be of
   * another kind of store. Default `false`.
   */
  readonly copy?: boolean;
}

/** Whether what an environment holds is there by a complete chain of valid records, and why (not). */
export interface EnvironmentVerification {
  readonly environment: string;
  readonly version: string | null;
  readonly digest: Digest | null;
  /** Whether the environment runs it now. */
  readonly current: boolean;
  /** Nothing failed, and nothing that had to be checked was not. */
  readonly trusted: boolean;
  /** From the environment that was asked about back to the first. */
  readonly path: readonly VerifiedStep[];
  readonly checks: readonly Check[];
  /** What stands in the way of trust; empty when it is trusted. */
  readonly blocking: readonly Reason[];
}

/**
 * Verifies what an environment holds: walks from it through the signed records back to the first environment, and judges
 * each by the policy in force then. Reads only, and runs no gate. Without a version or digest it is about what the
 * environment runs by its ledger.
 * @throws {FloeError} FLOE_ENVIRONMENT_NOT_FOUND - no such environment
 * @throws {FloeError} FLOE_VERIFY_NOTHING - nothing was ever promoted there, or not what was asked for
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE, FLOE_REGISTRY_UNAUTHORIZED - it could not be looked at
 */
export async function verifyEnvironment(
  request: VerifyRequest,
  given: FloeContext,
  options: CallOptions,
): Promise<EnvironmentVerification> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = request.copy === true ? await inCopy(environment, given, options) : given;
  const here = at(context, environment);
  const ledgers = createLedgers(context);
  const checks = checksOf(environment.name);
  const nothing = { environment: environment.name, version: null, digest: null, current: false };
  const read = await readLedger(ledgers.of(environment), options);
  if (read instanceof FloeError) {
    const hint = read.hint ?? "Compare with a copy that you trust.";
    const all = [checks.failed("ledger", read.code, read.message, hint)];
    return { ...nothing, trusted: false, path: [], checks: all, blocking: blockingOf(all) };
  }
  const wanted = wantedEntry(request, read, environment.name);
  const walk: Walk = { request, context, ledgers, options, checks: [], steps: [] };
  walk.checks.push(
    ledgerCheck(environment, ledgers.of(environment), read),
    await checkLatest(environment, read, ledgers, checks, here, options),
  );
  const found = read && (await walkBack(environment, read, wanted, walk));
  if (!found) {
    // Without a ledger nothing can be said of it, and a tag that is there all the same was written without floe.
    if (walk.checks.some(({ status }) => status === "failed"))
      return { ...nothing, ...summed(walk) };
    throw notThere(environment.name, request);
  }
  walk.checks.push(
    ...(await checkVersionTag(found, checks, here, options)),
    ...checkTransitions(walk.steps, context),
    ...checkPath(environment, walk.steps, context.manifest, request.requireCurrentPolicy === true),
    ...checkPlace(walk.steps, environment.name, context, request.copy === true),
    await checkArtifact(found.digest, found.version, environment, here, options),
  );
  const current = read.state.current?.digest === found.digest;
  return { environment: environment.name, ...found, current, ...summed(walk) };
}

// A copy is one place for all: an environment's own repository is not asked. Ledgers of other repositories may be of another
// kind than the one that is asked about.
async function inCopy(
  asked: EnvironmentConfig,
  given: FloeContext,
  options: CallOptions,
): Promise<FloeContext> {
  const stores = new Map<string, ArtifactStore>();
  for (const { name, registry } of [asked, ...given.manifest.environments])
    if (!stores.has(registry.uri))
      stores.set(registry.uri, await asPinned(given.store, name, options));
  const storeOf = ({ uri }: RegistryConfig): ArtifactStore => stores.get(uri) ?? given.store;
  return { ...given, store: storeOf(asked.registry), storeOf };
}

interface Walk {
  readonly request: VerifyRequest;
  readonly context: FloeContext;
  readonly ledgers: Ledgers;
  readonly options: CallOptions;
  readonly checks: Check[];
  readonly steps: StepFindings[];
}

function summed({
  checks,
  steps,
}: Walk): Pick<EnvironmentVerification, "trusted" | "path" | "checks" | "blocking"> {
  const blocking = blockingOf(checks);
  return { trusted: blocking.length === 0, path: steps.map(({ step }) => step), checks, blocking };
}

/** A ledger's end, or what is wrong with it; trouble with reading it throws. */
async function readLedger(
  ledger: Ledger,
  options: CallOptions,
): Promise<LedgerView | null | FloeError> {
  try {
    return await ledger.view(options);
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (evidence) return evidence;
    throw cause;
  }
}

function wantedEntry(
  { version, digest }: VerifyRequest,
  view: LedgerView | null,
  environment: string,
): WantedEntry | null {
  if (version !== undefined || digest !== undefined)
    return { version: version ?? null, digest: digest ?? null };
  const current = view?.state.current;
  if (current) return { version: current.version, digest: current.digest };
  if (view) throw notThere(environment, {});
  return null;
}

function ledgerCheck(
  environment: EnvironmentConfig,
  ledger: Ledger,
  view: LedgerView | null,
): Check {
  const checks = checksOf(environment.name);
  const [stranger, ...more] = disregarded(environment.name, view);
  if (stranger)
    return checks.failed(
      "ledger",
      stranger.code,
      `${stranger.message}${more.length > 0 ? `, and ${more.length} more` : ""}`,
      stranger.hint ?? "Find out who.",
    );
  if (!view) return checks.ok("ledger", "there is none, and no tag of the environment");
  const kind =
    ledger.mode === "slot" ? "strong" : "advisory: the registry cannot serialise writers";
  return checks.ok("ledger", `${view.size} events, ${kind}`);
}

/** Walks from an environment back to the first; gives what was found in the one that was asked about. */
async function walkBack(
  asked: EnvironmentConfig,
  view: LedgerView,
  wanted: WantedEntry | null,
  walk: Walk,
): Promise<{ readonly version: string; readonly digest: Digest } | null> {
  let environment = asked;
  let next = wanted;
  let here: LedgerView | null = view;
  let found: { readonly version: string; readonly digest: Digest } | null = null;
  const visited = new Set<string>();
  while (next && here) {
    visited.add(environment.name);
    const { context, ledgers, options, request } = walk;
    const checks = checksOf(environment.name);
    const way = await findIn(ledgers.of(environment), next, options);
    if (way instanceof FloeError) {
      const fix = way.hint ?? "Compare with a copy that you trust.";
      walk.checks.push(checks.failed("ledger", way.code, way.message, fix));
      return found;
    }
    if (way.kind === "adopted") {
      const { body, at } = way.event.event;
      found ??= { version: body.version, digest: body.digest };
      walk.checks.push(
        checks.failed(
          "way_in",
          "FLOE_VERIFY_UNTRUSTED",
          `${body.version} was adopted by ${way.event.signedBy ?? "somebody"} at ${at} (${body.reason}): it was there before floe, no gate was run and nothing is known of where it came from`,
          "Promote a version through the path.",
        ),
      );
      return found;
    }
    if (way.kind === "none") {
      if (found)
        walk.checks.push(
          checks.failed(
            "way_in",
            "FLOE_VERIFY_UNTRUSTED",
            `the ledger of ${environment.name} has no committed promotion of ${next.version ?? next.digest} before it went on`,
            "The chain is incomplete: promote it through the path again.",
          ),
        );
      return found;
    }
    const { wayIn } = way;
    const { version, digest } = wayIn.entry.outcome.event.body;
    const step = await verifyStep(
      {
        environment,
        wayIn,
        view: here,
        asked: found === null,
        requireCurrentPolicy: request.requireCurrentPolicy === true,
      },
      at(context, environment),
      ledgers,
      options,
    );
    found ??= { version, digest };
    walk.steps.push(step);
    walk.checks.push(...step.checks);
    if (!wayIn.promotion) return found;
    const { source } = wayIn.promotion.intent.event.body;
    if (source === NO_SOURCE) return found;
    const before = context.manifest.environments.find(({ name }) => name === source);
    if (!before || visited.has(source)) {
      walk.checks.push(
        checks.failed(
          "way_in",
          "FLOE_VERIFY_UNTRUSTED",
          `it came from ${source}, which ${before ? "it has come from already" : "today's manifest does not have"}`,
          "The chain cannot be followed: promote it through the path again.",
        ),
      );
      return found;
    }
    next = { version, digest, notAfter: new Date(wayIn.promotion.intent.event.at) };
    environment = before;
    const read = await readLedger(ledgers.of(before), options);
    if (read instanceof FloeError || !read) {
      const there = checksOf(source);
      const why = read ? read.message : `${source} has no ledger`;
      const fix = read?.hint ?? "Restore it from a copy.";
      walk.checks.push(there.failed("ledger", read?.code ?? "FLOE_LEDGER_MISSING", why, fix));
      return found;
    }
    here = read;
    walk.checks.push(ledgerCheck(before, ledgers.of(before), read));
  }
  return found;
}

async function findIn(
  ledger: Ledger,
  wanted: WantedEntry,
  options: CallOptions,
): Promise<Awaited<ReturnType<typeof findWayIn>> | FloeError> {
  try {
    return await findWayIn(ledger, wanted, options);
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (evidence) return evidence;
    throw cause;
  }
}

function notThere(
  environment: string,
  { version, digest }: Pick<VerifyRequest, "version" | "digest">,
): FloeError {
  const what = version ?? digest;
  return new FloeError({
    code: "FLOE_VERIFY_NOTHING",
    message:
      what === undefined
        ? `nothing was ever promoted to ${environment}`
        : `${what} was never promoted to ${environment}`,
    hint: `See what is where: floe status${what === undefined ? "" : `, floe platform history --env ${environment}`}`,
    details: { environment, version: version ?? null, digest: digest ?? null },
  });
}
