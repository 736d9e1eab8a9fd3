import type { AuditEntry, AuditFinding } from "../contract/index.ts";
import { EXIT, FloeError, isFloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import { assertNotMoved } from "./assert-not-moved.ts";
import { assertReadable } from "./assert-readable.ts";
import { type EventKind, invalidEvent, leafHash, type StoredEvent } from "./event.ts";
import { labelsOf, readAbout } from "./find-about.ts";
import { findPruning } from "./find-pruning.ts";
import { createFollower } from "./follow-back.ts";
import { createGenesis, findGenesis, type Genesis } from "./genesis.ts";
import type { LedgerContext } from "./ledger-context.ts";
import { findParts, type LedgerPart, type LedgerParts, readParts } from "./ledger-parts.ts";
import { type LedgerPlace, ownRepository } from "./ledger-place.ts";
import { createOciBackend, type LedgerMode, modeFor, type SharingBackend } from "./oci-backend.ts";
import { assertPinned } from "./pinned-policy.ts";
import type { Pruned } from "./prune-body.ts";
import { createViewReader, type LedgerView, type Settling } from "./read-view.ts";
import { type EventDraft, signEvent } from "./sign-event.ts";
import type { Moment, TagLists } from "./tag-lists.ts";
import { type VerifiedEvent, verifyEvent } from "./verify-event.ts";

export type { LedgerView, Settling } from "./read-view.ts";
export type { EventDraft } from "./sign-event.ts";

/** How many events are read at a time on the way back from the newest. */
const CHUNK = 32;

/** How many times a lost race for a slot is run again before the ledger counts as busy. */
const CLAIM_ATTEMPTS = 64;

/** Fully judges whether, and with what, to append after a head was read; called again after every lost race. */
export type DraftFor<Kind extends EventKind> = (view: LedgerView) => EventDraft<Kind> | null;

/** How a ledger is read. */
export interface ViewOptions extends CallOptions {
  readonly settling?: Settling | undefined;
  /** A list of tags will do that was begun after this moment. Default: the newest. */
  readonly since?: Moment | undefined;
  /** Tags of the environment that were made by hand are no sign of a ledger that is gone. Default `false`. */
  readonly adopting?: boolean;
  /** For who moves it: a ledger that goes on elsewhere is no error. Default `false`. */
  readonly moving?: boolean;
}

/** The ledger of one environment. */
export interface Ledger {
  readonly environment: EnvironmentConfig;
  readonly mode: LedgerMode;
  /**
   * The trusted end, or `null` when the environment has no ledger yet.
   * @throws {FloeError} FLOE_LEDGER_ELSEWHERE - it goes on in another place; not with `moving`
   */
  view(options: ViewOptions): Promise<LedgerView | null>;
  /** Makes the genesis when the environment has none; `true`: it did. */
  begin(
    options: CallOptions & { readonly traceId: string; readonly adopting?: boolean },
  ): Promise<boolean>;
  /** Appends an event; `null` when the draft function declined after reading the newest head. */
  append<Kind extends EventKind>(
    draftFor: DraftFor<Kind>,
    options: CallOptions & {
      /** A view that was just read: the first attempt is made on it. A slot that is taken by then is read again. */
      readonly from?: LedgerView;
      readonly settling?: Settling | undefined;
    },
  ): Promise<AppendedEvent | null>;
  /** Events in ascending order, each with its signature checked. */
  read(from: number, to: number | undefined, options: CallOptions): AsyncIterable<VerifiedEvent>;
  /**
   * The same newest first, read in small parts: whoever has seen enough stops early. Of a pruned ledger the last is the event
   * that it begins with since then, whose state is what was before.
   */
  readBack(options: CallOptions): AsyncIterable<VerifiedEvent>;
  /** At least the events about a digest, newest first: by the index of the store where it has one, else all. */
  readAbout(digest: string, options: CallOptions): AsyncIterable<VerifiedEvent>;
  /** What the index of the store where it is now says of a digest; `null`: there is none. */
  slotsAbout(digest: string, options: CallOptions): Promise<readonly number[] | null>;
  /** The stored bytes as they are, in ascending order: nothing is checked. */
  entries(
    range: { readonly from: number; readonly to?: number },
    options: CallOptions,
  ): AsyncIterable<AuditEntry>;
  /** What the store itself has noticed: other versions, deletions, what lies beside the events. */
  storeFindings(options: CallOptions): AsyncIterable<AuditFinding>;
  /** The event that the environment's tag pins, or `null` without a ledger. */
  pinned(options: CallOptions): Promise<Genesis | null>;
  /** The places that its events are in, oldest first; empty without a ledger. Those that were pruned whole are left out. */
  parts(options: CallOptions): Promise<LedgerParts>;
  /** With which event the ledger begins since it was pruned; `null`: with its genesis. */
  pruned(options: CallOptions): Promise<Pruned | null>;
  /** Removes the stored events before a slot, in every place that can be reached. They have to be pruned by then. */
  removeBefore(seq: number, options: CallOptions): Promise<void>;
  /** How events are named in the place where the one with a number is. Known after `parts` or a reading. */
  readonly modeAt: (seq: number) => LedgerMode;
  /** What is in a place behind the ledger's end there, as it is stored: the event that moved it on, and strays. */
  behind(part: LedgerPart, options: CallOptions): AsyncIterable<AuditEntry>;
  /**
   * Checks the signature of stored bytes, and nothing else.
   * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - they are no event of the environment, or not by whom they say
   */
  verify(entry: AuditEntry): VerifiedEvent;
}

/** An event that was appended, and the state that it made. */
export interface AppendedEvent extends StoredEvent {
  readonly view: LedgerView;
}

/**
 * Opens the ledger of an environment.
 * @param elsewhere - where it is when that is not the environment's own repository
 */
export function createLedger(
  environment: EnvironmentConfig,
  context: LedgerContext,
  lists: TagLists,
  elsewhere: LedgerPlace | null,
): Ledger {
  const place = elsewhere ?? inRepository(context, lists);
  const { mode } = place;
  const chain = environment.name;
  let genesis: Genesis | null = null;
  let known: LedgerParts | null = null;
  let pruning: Pruned | null = null;
  let pruningKnown = false;
  const vouchedFor = new Set<Digest>();

  const verify = (bytes: Uint8Array, where: string): VerifiedEvent =>
    verifyEvent(bytes, where, environment, context.manifest, context.verifier);

  async function parts(options: CallOptions): Promise<LedgerParts> {
    const kept = (await pruned(options))?.seq ?? 0;
    if (!genesis) return [];
    known ??= await findParts(environment, genesis, place, context, lists, verify, kept, options);
    return known;
  }

  function learn({ pruned: said }: Pick<LedgerView["state"], "pruned">): void {
    if (!said || said.seq <= (pruning?.seq ?? 0)) return;
    pruning = said;
    known = null;
  }

  async function pruned(options: CallOptions): Promise<Pruned | null> {
    if (pruningKnown) return pruning;
    // Looking for it may itself look into the places.
    pruningKnown = true;
    try {
      await anyView(options);
    } catch (cause) {
      pruningKnown = false;
      if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
      const all = genesis ? place.audit.read(chain, genesis.first, undefined, options) : null;
      pruning = all && (await findPruning(all, chain, verify));
    }
    return pruning;
  }

  const modeAt = (seq: number): LedgerMode =>
    known?.find((part) => part.last !== null && seq <= part.last)?.mode ?? mode;

  // Only where a ledger was moved, the places before are looked for, and only by who reads back as far.
  const audit: SharingBackend = {
    ...place.audit,
    async head(name, options) {
      const head = await place.audit.head(name, options);
      return head && { ...head, count: head.count + (genesis?.continues?.size ?? 0) };
    },
    async *read(name, from, to, options) {
      if (from >= (genesis?.first ?? 0)) yield* place.audit.read(name, from, to, options);
      else yield* readParts(await parts(options), name, from, to, options);
    },
  };

  const reader = createViewReader(chain, mode, audit, verify, modeAt);

  async function view(options: ViewOptions): Promise<LedgerView | null> {
    const found = await anyView(options);
    if (found && options.moving !== true) assertNotMoved(environment, found);
    return found;
  }

  async function anyView(options: ViewOptions): Promise<LedgerView | null> {
    genesis ??= await findGenesis(environment, context, place, verify, options);
    if (!genesis) return null;
    const head = await audit.head(chain, options);
    if (!head) throw await emptyLedger(chain, place, options);
    const found = await reader.view(genesis, head, options);
    learn(found.state);
    return found;
  }

  async function signed(
    view: LedgerView,
    draft: EventDraft,
    options: CallOptions,
  ): Promise<StoredEvent> {
    const stored = await signEvent(view, draft, environment, context, options);
    assertReadable(stored.bytes, draft.kind, audit, verify);
    return stored;
  }

  async function claim(stored: StoredEvent, options: CallOptions): Promise<boolean> {
    const { seq } = stored.event;
    try {
      const result = await audit.claim(chain, seq, stored.bytes, {
        ...options,
        labels: labelsOf(stored.event),
      });
      return result.status === "claimed" || leafHash(result.bytes) === stored.hash;
    } catch (cause) {
      // The answer may have been lost after the store had written: the slot itself knows.
      if (!isIndeterminate(cause)) throw cause;
      let taken = false;
      for await (const entry of audit.read(chain, seq, seq, options)) {
        if (leafHash(entry.bytes) === stored.hash) return true;
        taken = true;
      }
      if (!taken) throw cause;
      return false;
    }
  }

  async function* readBack(options: CallOptions): AsyncGenerator<VerifiedEvent> {
    genesis ??= await findGenesis(environment, context, place, verify, options);
    if (!genesis) return;
    const head = await audit.head(chain, { ...options, counted: false });
    const follow = createFollower(modeAt);
    for (let to = head?.seq ?? -1, from = 0; to >= (pruning?.seq ?? 0); to = from - 1) {
      const part: VerifiedEvent[] = [];
      // A part that cannot be read keeps nobody from what was read before it.
      from = Math.max(to < genesis.first ? 0 : genesis.first, to - CHUNK + 1, pruning?.seq ?? 0);
      const past = to < genesis.first ? await parts(options) : [];
      from = Math.max(from, ...past.filter(({ first }) => first <= to).map(({ first }) => first));
      for await (const entry of audit.read(chain, from, to, options))
        part.push(await reader.check(genesis, entry, options));
      for (const stored of part.reverse()) {
        const judged = follow(stored);
        if (judged.authorized && !stored.authorized) vouchedFor.add(stored.hash);
        if (judged.vouches && stored.event.kind !== "genesis") learn(stored.event.state);
        if (stored.event.seq < (pruning?.seq ?? 0)) return;
        yield stored.hash === pruning?.hash ? { ...judged, begins: true } : judged;
      }
    }
  }

  async function withVouching(stored: VerifiedEvent, options: CallOptions): Promise<VerifiedEvent> {
    const { event, hash, authorized } = stored;
    if (authorized || event.kind === "refusal" || event.kind === "genesis") return stored;
    if (!vouchedFor.has(hash))
      for await (const above of readBack(options)) if (above.event.seq < event.seq) break;
    return { ...stored, authorized: vouchedFor.has(hash) };
  }

  return {
    environment,
    mode,
    view,

    async begin(options): Promise<boolean> {
      genesis ??= await findGenesis(environment, context, place, verify, options);
      if (genesis) return false;
      genesis = await createGenesis(environment, context, place, verify, options);
      return true;
    },

    async append(draftFor, options): Promise<AppendedEvent | null> {
      for (let attempt = 0; attempt < CLAIM_ATTEMPTS; attempt++) {
        const before = (attempt === 0 ? options.from : undefined) ?? (await anyView(options));
        if (!before) throw invalidEvent(`${chain}#0`, "the environment has no ledger");
        const draft = draftFor(before);
        if (!draft) return null;
        assertPinned(draft.kind, environment, before);
        if (!ENDS.has(draft.kind)) assertNotMoved(environment, before);
        const stored = await signed(before, draft, options);
        if (await claim(stored, options)) {
          learn(stored.event.state);
          const after: LedgerView = {
            genesis: before.genesis,
            seq: stored.event.seq,
            hash: stored.hash,
            rivals: [],
            disregarded: [],
            settled: [],
            size: stored.event.size,
            state: stored.event.state,
          };
          // Whoever moves the ledger at the same time sees this event, or it is seen here that they do. An intent is held up by
          // its own look at the ledger.
          if (mode === "own-tag" && !SEEN.has(draft.kind)) await view(options);
          return { ...stored, view: after };
        }
        await context.clock.sleep(5 + 20 * Math.min(attempt, 10), options);
      }
      throw new FloeError({
        code: "FLOE_PROMOTION_BUSY",
        message: `the ledger of ${chain} is being written by others all the time`,
        hint: "Try again in a moment.",
      });
    },

    async *read(from, to, options): AsyncGenerator<VerifiedEvent> {
      genesis ??= await findGenesis(environment, context, place, verify, options);
      if (!genesis) return;
      const pinned = genesis;
      if (from < pinned.first) await parts(options);
      for await (const entry of audit.read(chain, from, to, options))
        yield await withVouching(await reader.check(pinned, entry, options), options);
    },

    readBack,
    async *readAbout(digest, options): AsyncGenerator<VerifiedEvent> {
      genesis ??= await findGenesis(environment, context, place, verify, options);
      if (genesis) yield* readAbout(digest, { chain, genesis, audit, reader, readBack }, options);
    },
    slotsAbout: async (digest, options) => (await audit.find?.(chain, digest, options)) ?? null,
    entries: (range, options) => audit.read(chain, range.from, range.to, options),
    async *storeFindings(options): AsyncGenerator<AuditFinding> {
      for (const part of await parts(options))
        yield* part.audit?.verifyStore?.(chain, options) ?? [];
    },
    async pinned(options) {
      genesis ??= await findGenesis(environment, context, place, verify, options);
      return genesis;
    },
    parts,
    pruned,
    async removeBefore(seq, options) {
      // Places that are pruned whole are still to be emptied, where they are found.
      const kept = await parts(options);
      const all = genesis
        ? await findParts(environment, genesis, place, context, lists, verify, 0, options).catch(
            () => kept,
          )
        : kept;
      for (const part of all) {
        const upTo = Math.min(seq - 1, part.last ?? seq - 1);
        if (upTo >= part.first) await part.audit?.prune?.(chain, upTo, options);
      }
    },
    modeAt,
    async *behind(part, options) {
      if (part.last === null || !part.audit || !genesis) return;
      const next = part.last + 1;
      // A repository that the ledger came back to has its later events behind.
      const to = part.backend === "oci" ? next : undefined;
      yield* part.audit.read(chain, next, to, options);
    },
    verify: ({ bytes, seq }) => verify(bytes, `${chain}#${seq}`),
  };
}

/** What ends an operation is let in behind a move, so that nothing stays open; who moves the ledger sees that it was. */
const ENDS: ReadonlySet<EventKind> = new Set(["outcome", "reconcile", "move"]);
/** After these nobody looks whether the ledger was moved at the same time. */
const SEEN: ReadonlySet<EventKind> = new Set([...ENDS, "intent", "refusal"]);

/** The environment's own repository as the place of its ledger. */
export function inRepository({ store, clock }: LedgerContext, lists: TagLists): LedgerPlace {
  const mode = modeFor(store);
  let first = 0;
  const audit = createOciBackend(store, mode, clock, lists, () => first);
  return ownRepository(mode, audit, (pinned) => {
    first = pinned;
  });
}

async function emptyLedger(
  environment: string,
  place: LedgerPlace,
  options: CallOptions,
): Promise<FloeError> {
  if (place.backend === "oci")
    return invalidEvent(
      `${environment}#0`,
      "the environment's genesis is pinned and its ledger is empty",
    );
  return new FloeError({
    code: "FLOE_LEDGER_MISSING",
    message: `the registry says that ${environment} has a ledger at ${await place.location(options)}, and there is none`,
    hint: "It may be on the machine where it was begun, or deleted: run floe there, or restore the store from a copy. A new one is not begun in its place.",
    details: { environment, backend: place.backend },
  });
}

function isIndeterminate(error: unknown): boolean {
  return (
    typeof error === "object" &&
    error !== null &&
    (("indeterminate" in error && error.indeterminate === true) ||
      isFloeError(error, "FLOE_REGISTRY_UNAVAILABLE"))
  );
}
