import { createHash } from "node:crypto";
import { FloeError, isFloeError } from "../../errors/index.ts";
import type { EventBody } from "../../ledger/event.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import { bySeqThenHash } from "../../ledger/read-view.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { authorize } from "../../model/identity.ts";
import { traceIdOf } from "../../model/trace-id.ts";
import { uuidV7 } from "../../model/uuid.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../../promotion/context.ts";
import { findEnvironment } from "../../promotion/environments.ts";
import type { Ledgers } from "../../promotion/ledgers.ts";
import { judgeOperator } from "../../promotion/operator.ts";
import { readAnchor } from "../anchor.ts";
import { auditLedgers } from "../audit-ledger.ts";
import { makeBundle } from "../bundle/make-bundle.ts";
import { verifyAuditBundle } from "../bundle/verify-bundle.ts";
import { checkLinks, rootOf } from "../check-links.ts";
import type { Checkpoint } from "../checkpoint.ts";
import { verifyCheckpoint } from "../checkpoint-signature.ts";
import { type CompactRange, extendRange } from "../compact-range.ts";
import { pruningOf } from "../pruning-of.ts";
import { readEntries } from "../read-entries.ts";
import { chooseKept, type LiveDigests, type NeededEvent, neededEvents } from "./choose-kept.ts";
import { liveDigests } from "./live-digests.ts";

/** Where what is removed is put first. */
export interface PruneArchive {
  /** Writes an audit bundle, for good before it returns. Nothing is overwritten. */
  write(lines: readonly string[]): Promise<void>;
  /** Reads what was written. */
  read(): AsyncIterable<Uint8Array>;
}

/** What `floe audit prune` is asked for. */
export interface PruneRequest {
  /** Default: every environment that has a ledger. */
  readonly environment?: string | undefined;
  /** Only what is older. Default: what the manifest's retention does not keep. */
  readonly before?: Date | undefined;
  /** `null`: nothing is to be removed that was not pruned before. */
  readonly archive: PruneArchive | null;
  /** Says what would be done. Default `false`. */
  readonly dryRun?: boolean;
  readonly claimedOperator?: string | undefined;
}

/** What pruning an environment's ledger came to. */
export interface PrunedLedger {
  readonly environment: string;
  /** `planned`: by a dry run; `finished`: what an earlier run has pruned was still stored; `nothing`: all stays. */
  readonly status: "pruned" | "planned" | "finished" | "nothing";
  /** How many events were removed, or would be. */
  readonly removed: number;
  /** The event that the ledger begins with afterwards; `null`: as before. */
  readonly kept: { readonly seq: number; readonly hash: Digest; readonly at: string } | null;
  /** Everything that is removed is older. */
  readonly before: string;
  /** How many events the checkpoint covers that proves what was there; `null`: none does. */
  readonly covered: number | null;
  /** Events that are old enough and stay, because something rests on them; the oldest first. */
  readonly needed: readonly NeededEvent[];
  readonly archive: { readonly digest: Digest; readonly size: number } | null;
}

/**
 * Removes what the manifest's retention does not keep from the beginning of ledgers: first a bundle of everything is written
 * and read back, then each ledger says in a signed event what is removed and where it is, then it is removed. The same command
 * finishes what was interrupted. Nothing goes that anything rests on, or that no checkpoint covers.
 * @throws {FloeError} FLOE_LEDGER_PRUNE_REFUSED - the manifest keeps everything, or more than is asked for; no checkpoint
 * @throws {FloeError} FLOE_NOT_AUTHORIZED, FLOE_SIGNER_MISSING - by whom nobody would believe it
 * @throws {FloeError} FLOE_LEDGER_TAMPERED - a ledger is not what was written: nothing of it is removed
 */
export async function pruneLedgers(
  request: PruneRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<PrunedLedger[]> {
  const { manifest } = context;
  const environments =
    request.environment === undefined
      ? manifest.environments
      : [findEnvironment(manifest, request.environment)];
  const before = cutoff(request, context);
  for (const environment of environments) assertMay(environment, at(context, environment));
  const live = await liveDigests(context, ledgers, options);
  const plans: Plan[] = [];
  for (const environment of environments) {
    const here = { environment, context: at(context, environment), ledgers };
    const plan = await planPruning(here, before, live, options);
    if (plan) plans.push(plan);
  }
  const wanted = plans.filter(({ kept }) => kept !== null);
  if (request.dryRun === true) return plans.map((plan) => answer(plan, null, true));
  if (wanted.length > 0 && !request.archive)
    throw refused(
      `${wanted.map(({ environment, removed }) => `${removed} events of ${environment.name}`).join(", ")} would be removed, and no archive is named`,
      "Name a file that is kept: --archive FILE. See first what would go with --dry-run.",
    );
  const archive =
    wanted.length > 0 && request.archive
      ? await writeArchive(request, request.archive, wanted, context, ledgers, options)
      : null;
  const done: PrunedLedger[] = [];
  for (const plan of plans) {
    if (plan.kept && archive) await appendPruning(plan, plan.kept, archive, request, options);
    const { ledger, leftover, pruned } = plan;
    const seq = (plan.kept?.event.seq ?? (leftover > 0 ? pruned : 0)) || 0;
    if (seq > 0) await removePruned(ledger, seq, options);
    done.push(answer(plan, archive, false));
  }
  return done;
}

async function removePruned(ledger: Ledger, seq: number, options: CallOptions): Promise<void> {
  try {
    await ledger.removeBefore(seq, options);
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    const { code, message, hint = "" } = cause;
    const { name } = ledger.environment;
    throw new FloeError({
      code,
      message: `the ledger of ${name} says what is pruned, and not all of it could be removed: ${message}`,
      hint: `${hint} The same command removes it once that works; nothing is lost.`.trim(),
      cause,
    });
  }
}

interface Plan {
  readonly environment: EnvironmentConfig;
  readonly context: FloeContext;
  readonly ledger: Ledger;
  readonly view: LedgerView;
  readonly before: Date;
  readonly checkpoint: Checkpoint | null;
  readonly needed: readonly NeededEvent[];
  /** `null`: nothing is removed. */
  readonly kept: VerifiedEvent | null;
  readonly removed: number;
  readonly frontier: CompactRange;
  readonly adopted: NonNullable<EventBody<"prune">["adopted"]>;
  /** How many events are still stored that were pruned before, and before which slot. */
  readonly leftover: number;
  readonly pruned: number | null;
}

function answer(
  { environment, kept, removed, before, checkpoint, needed, leftover }: Plan,
  archive: PrunedLedger["archive"],
  dryRun: boolean,
): PrunedLedger {
  const status = kept ? (dryRun ? "planned" : "pruned") : leftover > 0 ? "finished" : "nothing";
  return {
    environment: environment.name,
    status: dryRun && status === "finished" ? "planned" : status,
    removed: removed + leftover,
    kept: kept && { seq: kept.event.seq, hash: kept.hash, at: kept.event.at },
    before: before.toISOString(),
    covered: checkpoint?.size ?? null,
    needed,
    archive: kept ? archive : null,
  };
}

function cutoff({ before }: PruneRequest, { manifest, store }: FloeContext): Date {
  const { retentionMs } = manifest.audit;
  if (retentionMs === null)
    throw refused(
      "the manifest keeps every event",
      "Say how long they are kept: artifacts.promotion.audit.retention, at least 730d.",
    );
  const latest = new Date(store.now().getTime() - retentionMs);
  if (before && before > latest)
    throw refused(
      `events of ${before.toISOString()} are kept: by artifacts.promotion.audit.retention those since ${latest.toISOString()} are`,
      "Give an earlier time, or leave --before out.",
    );
  return before ?? latest;
}

function assertMay(environment: EnvironmentConfig, context: FloeContext): void {
  const { problem } = judgeOperator(environment, context, undefined);
  if (!problem) return;
  const { code, message, hint } = problem;
  throw new FloeError({ code, message, ...(hint === null ? {} : { hint }) });
}

interface Here {
  readonly environment: EnvironmentConfig;
  readonly context: FloeContext;
  readonly ledgers: Ledgers;
}

async function planPruning(
  { environment, context, ledgers }: Here,
  before: Date,
  live: LiveDigests,
  options: CallOptions,
): Promise<Plan | null> {
  const { name } = environment;
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  if (!view) return null;
  const [audit] = await auditLedgers({ environment: name }, context, ledgers, options);
  const bad = Object.values(audit?.verdicts ?? {}).find(({ verdict }) => verdict === "failed");
  if (bad)
    throw new FloeError({
      code: "FLOE_LEDGER_TAMPERED",
      message: `nothing of the ledger of ${name} is removed as it is: ${bad.summary}`,
      hint: `See floe audit verify --env ${name}.`,
      details: { environment: name },
    });
  const read = await readEntries(ledger, options);
  if (read.before > 0)
    throw refused(
      `the first ${read.before} events of ${name} are in a place that the manifest does not name`,
      "Name it in audit.previous: what is removed is put into the archive first.",
    );
  const linked = checkLinks(read.entries, read.parts, read.pruned ? read.pruned.size - 1 : 0);
  const events: VerifiedEvent[] = [];
  for await (const stored of ledger.readBack(options)) events.push(stored);
  events.sort(bySeqThenHash);
  const { range } = pruningOf(read, linked, events);
  if (!range) throw new Error("what was pruned before was judged by now");
  const checkpoint = await coveringCheckpoint(environment, view, context, options);
  const covered =
    checkpoint && rootOf(checkpoint, linked.events, range) === checkpoint.root ? checkpoint : null;
  const needed = neededEvents(events, live, opinionsOf(view, context));
  const limits = { before, needed, removed: range.size };
  const allowed = chooseKept(events, linked, ledger.modeAt, {
    ...limits,
    covered: Number.POSITIVE_INFINITY,
  });
  const kept = chooseKept(events, linked, ledger.modeAt, {
    ...limits,
    covered: covered?.size ?? 0,
  });
  if (allowed && !kept)
    throw refused(
      `${covered ? `the newest checkpoint of ${name} covers ${covered.size} events only` : `no checkpoint covers the ledger of ${name}`}, so that nobody could tell what was removed`,
      `Make one: floe audit checkpoint --env ${name}`,
    );
  const gone = kept ? events.slice(0, events.indexOf(kept)) : [];
  const old = before.toISOString();
  return {
    ...{ environment, context, ledger, view, before, kept, removed: gone.length },
    checkpoint: covered,
    needed: needed.filter(({ seq }) =>
      events.some(({ event }) => event.seq === seq && event.at < old),
    ),
    frontier: extendRange(
      range,
      gone.map(({ hash }) => hash),
    ),
    adopted: adoptedTags(events, gone),
    leftover: read.leftover,
    pruned: read.pruned?.seq ?? null,
  };
}

async function coveringCheckpoint(
  environment: EnvironmentConfig,
  { genesis }: LedgerView,
  { manifest, store, verifier }: FloeContext,
  options: CallOptions,
): Promise<Checkpoint | null> {
  const anchor = await readAnchor(environment.name, store, options);
  const trusted = manifest.identities
    .filter(({ name }) => authorize(name, environment, manifest).granted)
    .map((identity) => identity.trusted);
  const verdict = anchor && verifyCheckpoint(anchor.note, trusted, verifier);
  return verdict?.ok && verdict.checkpoint.origin === genesis.chain ? verdict.checkpoint : null;
}

// A denial stands until it is taken back, and an approval until it is over.
function opinionsOf({ state }: LedgerView, { store }: FloeContext): Map<number, string> {
  const now = store.now().getTime();
  const standing = state.approvals.filter(
    ({ kind, expires_at: ends }) => kind === "denial" || ends === null || Date.parse(ends) > now,
  );
  return new Map(
    standing.map(({ seq, kind, by, version }) => [
      seq,
      `the ${kind} of ${version} by ${by} stands`,
    ]),
  );
}

function adoptedTags(
  events: readonly VerifiedEvent[],
  gone: readonly VerifiedEvent[],
): NonNullable<EventBody<"prune">["adopted"]> {
  const tags = new Map<string, Digest>();
  for (const { event, authorized } of events)
    if (authorized && event.kind === "prune")
      for (const { tag, digest } of event.body.adopted ?? []) tags.set(tag, digest);
  for (const { event, authorized } of gone)
    if (authorized && event.kind === "adopt") tags.set(event.body.tag, event.body.digest);
  return [...tags].map(([tag, digest]) => ({ tag, digest }));
}

async function writeArchive(
  { environment }: PruneRequest,
  archive: PruneArchive,
  plans: readonly Plan[],
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const made = await makeBundle({ environment }, context, ledgers, options);
  await archive.write(made.lines);
  const hash = createHash("sha256");
  let size = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of archive.read()) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  // What cannot be read back and verified is no archive.
  const request = { name: "the archive", chunks: counted() };
  const audits = await verifyAuditBundle(request, context.verifier);
  for (const plan of plans) {
    const { name } = plan.environment;
    const audit = audits.find((one) => one.environment === name);
    const bad = audit && Object.values(audit.verdicts).find(({ verdict }) => verdict === "failed");
    const events = audit ? audit.events : 0;
    if (bad || events < plan.removed)
      throw refused(
        `the archive that was written does not have what is to be removed of ${name}: ${bad?.summary ?? `${events} events`}`,
        "Nothing was removed. Write it to another place.",
      );
  }
  return { digest: `sha256:${hash.digest("hex")}` as Digest, size };
}

async function appendPruning(
  plan: Plan,
  { event, hash }: VerifiedEvent,
  archive: { readonly digest: Digest; readonly size: number },
  { claimedOperator }: PruneRequest,
  options: CallOptions,
): Promise<void> {
  const { context, ledger, frontier, adopted, checkpoint, before } = plan;
  if (!checkpoint) throw new Error("nothing is chosen that no checkpoint covers");
  const { size, root, head } = checkpoint;
  const operation = uuidV7(context.store.now(), context.host.randomBytes(10));
  const body = {
    kept: { seq: event.seq, hash, size: event.size },
    before: before.toISOString(),
    frontier: [...frontier.roots],
    checkpoint: { size, root, ...(head === null ? {} : { head }) },
    archive,
    ...(adopted.length > 0 ? { adopted } : {}),
  };
  const traceId = traceIdOf(context);
  await ledger.append(
    // Somebody else may have pruned as far meanwhile.
    ({ state }) =>
      (state.pruned?.seq ?? 0) >= event.seq
        ? null
        : { kind: "prune" as const, operation, subject: null, traceId, claimedOperator, body },
    options,
  );
}

function refused(message: string, hint: string): FloeError {
  return new FloeError({ code: "FLOE_LEDGER_PRUNE_REFUSED", message, hint });
}
