import { FloeError, isFloeError } from "../../errors/index.ts";
import type { Genesis } from "../../ledger/genesis.ts";
import { createLedger, inRepository, type Ledger, type LedgerView } from "../../ledger/ledger.ts";
import type { LedgerContext } from "../../ledger/ledger-context.ts";
import type { LedgerPlace } from "../../ledger/ledger-place.ts";
import { type LedgerStore, placeInStore } from "../../ledger/ledger-store.ts";
import type { Moved } from "../../ledger/move-body.ts";
import { assertPinned } from "../../ledger/pinned-policy.ts";
import type { AuditPlace, EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { traceIdOf } from "../../model/trace-id.ts";
import { uuidV7 } from "../../model/uuid.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../../promotion/context.ts";
import { type Ledgers, ledgerContextOf } from "../../promotion/ledgers.ts";
import { judgeOperator } from "../../promotion/operator.ts";
import { auditLedgers } from "../audit-ledger.ts";
import { type Beginning, beginThere, readBeginning } from "./begin-there.ts";
import { pinThere } from "./pin-there.ts";

/** What `floe audit move` is asked for. */
export interface MoveRequest {
  /** `audit` of the manifest that is used from then on. */
  readonly to: AuditPlace;
  readonly claimedOperator?: string | undefined;
}

/** A backend and where its store is, as a genesis pins it. */
export interface LedgerPlaceName {
  readonly backend: string;
  readonly location: string;
}

/** What moving an environment's ledger came to. */
export interface MovedLedger {
  readonly environment: string;
  /** `moved`; `already`: it was there, and nothing was written; `none`: the environment has no ledger. */
  readonly status: "moved" | "already" | "none";
  readonly from: LedgerPlaceName | null;
  readonly to: LedgerPlaceName;
  /** How many events it has in the places before. */
  readonly events: number;
  /** Leaf hash of the event with which it goes on. */
  readonly genesis: Digest | null;
}

/** How often somebody may come in between. */
const ATTEMPTS = 8;

/**
 * Lets every ledger go on in another place. What it has stays where it is: the new place begins with an event that names the
 * end of the old one, the old one ends with an event that names that beginning, and the registry then pins it. Each of these
 * writes can be the last of a run; the next one goes on.
 * @throws {FloeError} FLOE_NOT_AUTHORIZED, FLOE_SIGNER_MISSING - by whom nobody would believe it
 * @throws {FloeError} FLOE_PROMOTION_BUSY - an operation is open, or others write all the time
 * @throws {FloeError} FLOE_LEDGER_TAMPERED - a ledger is not what was written: that is not carried on
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - the new place cannot keep a ledger
 */
export async function moveLedgers(
  request: MoveRequest,
  target: LedgerStore | null,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<MovedLedger[]> {
  const { environments } = context.manifest;
  // Nobody is left halfway for want of a right that could be seen before.
  for (const environment of environments) {
    const { problem } = judgeOperator(environment, at(context, environment), undefined);
    if (problem) throw errorOf(problem);
  }
  const moves = environments.map((environment): Move => {
    const here = ledgerContextOf(context, environment);
    const open = (): LedgerPlace =>
      target
        ? placeInStore(target, environment, here)
        : inRepository(here, ledgers.listsOf(environment));
    return { environment, request, context, here, open, ledgers };
  });
  for (const move of moves) {
    const { source } = await whereIs(move, options);
    const view = await source?.view({ ...options, moving: true });
    if (view && !view.state.moved) assertIdle(move.environment.name, view);
  }
  const moved: MovedLedger[] = [];
  for (const move of moves) moved.push(await moveLedger(move, options));
  return moved;
}

interface Move {
  readonly environment: EnvironmentConfig;
  readonly request: MoveRequest;
  readonly context: FloeContext;
  readonly here: LedgerContext;
  /** Opens the place that it goes to. */
  readonly open: () => LedgerPlace;
  readonly ledgers: Ledgers;
}

interface Whereabouts {
  readonly goal: LedgerPlace;
  /** The ledger in the place that it goes to, and its beginning there; `null`: the environment has none. */
  readonly there: Ledger;
  readonly pinned: Genesis | "elsewhere" | null;
  /** Where it is moved from; `null`: there is nothing to move. */
  readonly source: Ledger | null;
}

async function whereIs(move: Move, options: CallOptions): Promise<Whereabouts> {
  const { environment, here, ledgers } = move;
  const goal = move.open();
  const there = createLedger(environment, here, ledgers.listsOf(environment), goal);
  const pinned = await there.pinned(options).catch((cause: unknown) => {
    if (isFloeError(cause, "FLOE_LEDGER_ELSEWHERE")) return "elsewhere" as const;
    throw cause;
  });
  return { goal, there, pinned, source: pinned === "elsewhere" ? ledgers.of(environment) : null };
}

async function moveLedger(move: Move, options: CallOptions): Promise<MovedLedger> {
  const { environment, here } = move;
  const { name } = environment;
  const { goal, there, pinned, source } = await whereIs(move, options);
  const to = { backend: goal.backend, location: await goal.location(options) };
  const about = { environment: name, to };
  if (pinned === null) return { ...about, status: "none", from: null, events: 0, genesis: null };
  if (pinned !== "elsewhere" || !source) {
    const parts = await there.parts(options);
    const [before, now] = [parts.at(-2), parts.at(-1)];
    const from = before ? { backend: before.backend, location: before.location } : null;
    return {
      ...about,
      status: "already",
      from,
      events: now?.before ?? 0,
      genesis: now?.genesis ?? null,
    };
  }
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const view = await source.view({ ...options, moving: true });
    if (!view) throw new Error("a ledger that is pinned has an end");
    const beginning = view.state.moved
      ? await finishSealed(view, view.state.moved, goal, source, move, options)
      : await seal(view, source, move, options);
    if (!beginning) continue;
    const [part] = (await source.parts(options)).slice(-1);
    await pinThere(environment, beginning, await source.pinned(options), here.store, options);
    const from = part ? { backend: part.backend, location: part.location } : null;
    return {
      ...about,
      status: "moved",
      from,
      events: beginning.event.size - 1,
      genesis: beginning.hash,
    };
  }
  throw busy(name, "others write to it all the time");
}

// Signs the end here. What was there until then is judged first: a cut or a change is not carried on.
async function seal(
  view: LedgerView,
  source: Ledger,
  move: Move,
  options: CallOptions,
): Promise<null> {
  const { environment, context, here, ledgers, request } = move;
  const { name } = environment;
  assertIdle(name, view);
  assertPinned("move", environment, view);
  const [audit] = await auditLedgers({ environment: name }, context, ledgers, options);
  const bad = Object.values(audit?.verdicts ?? {}).find(({ verdict }) => verdict === "failed");
  if (bad)
    throw new FloeError({
      code: "FLOE_LEDGER_TAMPERED",
      message: `the ledger of ${name} is not moved as it is: ${bad.summary}`,
      hint: `See floe audit verify --env ${name}. Nothing was changed.`,
      details: { environment: name },
    });
  const traceId = traceIdOf(context);
  const pinned = await source.pinned(options);
  const [part] = (await source.parts(options)).slice(-1);
  if (!pinned || !part) throw new Error("a ledger that has an end has a beginning");
  const { backend, location, mode, first, genesis } = part;
  const continues = {
    ...{ backend, location, mode, first, genesis },
    ...(pinned.slots === null ? {} : { slots: pinned.slots }),
    ...{ seq: view.seq, hash: view.hash, size: view.size },
  };
  const place = move.open();
  const begun = await beginThere(environment, view, continues, place, here, traceId, options);
  const slots = place.slots();
  const draft = {
    kind: "move" as const,
    operation: uuidV7(here.store.now(), context.host.randomBytes(10)),
    subject: null,
    traceId,
    claimedOperator: request.claimedOperator,
    body: {
      to: {
        backend: place.backend,
        location: await place.location(options),
        ...(slots === null ? {} : { slots }),
        mode: place.mode,
        first: begun.event.seq,
        genesis: begun.hash,
      },
    },
  };
  await source.append((now) => (now.hash === view.hash && now.size === view.size ? draft : null), {
    ...options,
    from: view,
  });
  // Whether that is the end, and the only one, is seen by looking again.
  return null;
}

// The end is signed. Where several can write at once, somebody else may have: then it is no end, and is taken back.
async function finishSealed(
  view: LedgerView,
  moved: Moved,
  goal: LedgerPlace,
  source: Ledger,
  move: Move,
  options: CallOptions,
): Promise<Beginning | null> {
  const { environment, context, here } = move;
  const { name } = environment;
  if (moved.backend !== goal.backend || moved.location !== (await goal.location(options)))
    throw new FloeError({
      code: "FLOE_LEDGER_ELSEWHERE",
      message: `the ledger of ${name} is on its way to ${moved.backend} (${moved.location}), where ${moved.by} began to move it at ${moved.at}`,
      hint: "Finish that first, with the manifest that names that place.",
      details: { environment: name },
    });
  const place = move.open();
  const beginning = await readBeginning(environment, moved, place, here, options);
  if (view.size === beginning.event.size) return beginning;
  await source.append(
    (now) =>
      now.state.moved?.operation === moved.operation
        ? {
            kind: "move" as const,
            operation: uuidV7(here.store.now(), context.host.randomBytes(10)),
            subject: null,
            traceId: traceIdOf(context),
            claimedOperator: move.request.claimedOperator,
            body: { withdraws: moved.operation },
          }
        : null,
    options,
  );
  assertIdle(name, view);
  return null;
}

function assertIdle(environment: string, { state }: LedgerView): void {
  if (state.open_intents.length > 0) throw busy(environment, "an operation is open");
}

function busy(environment: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_PROMOTION_BUSY",
    message: `the ledger of ${environment} cannot be moved now: ${why}`,
    hint: `Wait for it; what was interrupted is finished by floe platform reconcile --env ${environment}.`,
    details: { environment },
  });
}

function errorOf({
  code,
  message,
  hint,
}: NonNullable<ReturnType<typeof judgeOperator>["problem"]>) {
  return new FloeError({ code, message, ...(hint === null ? {} : { hint }) });
}
