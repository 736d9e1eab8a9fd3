import type { AuditBackend, AuditEntry } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import { invalidEvent, type LedgerState, leafHash, type StoredEvent } from "./event.ts";
import { actorName, EMPTY_STATE, foldState } from "./fold-state.ts";
import type { Genesis } from "./genesis.ts";
import type { LedgerMode, SharedHead } from "./oci-backend.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/** The trusted end of a ledger. */
export interface LedgerView {
  readonly genesis: Genesis;
  readonly seq: number;
  /** Leaf hash that the next event names as `prev`. */
  readonly hash: Digest;
  /** Concurrent events beside or below the head that the next event has to link; empty on strong stores. */
  readonly rivals: readonly VerifiedEvent[];
  /** Events since the last that counted which change nothing, because their authors may not change the environment. */
  readonly disregarded: readonly VerifiedEvent[];
  /** Events about which {@link Settling} decided; empty without it. */
  readonly settled: readonly VerifiedEvent[];
  readonly size: number;
  readonly state: LedgerState;
}

/** Reads events of one ledger and works out where it ends. */
export interface ViewReader {
  /** Checks stored bytes: signature, slot and ledger. */
  check(pinned: Genesis, entry: AuditEntry, options: CallOptions): Promise<VerifiedEvent>;
  /** @throws {FloeError} FLOE_LEDGER_UNSETTLED - see {@link Settling}; not with `settling` */
  view(
    pinned: Genesis,
    head: SharedHead,
    options: CallOptions & { readonly settling?: Settling | undefined },
  ): Promise<LedgerView>;
}

/**
 * What is done about the newest events when today's manifest does not let their authors change the environment and they
 * were written under another one, which may have: they count, or they have no effect. Told by nobody, nothing goes on.
 */
export type Settling = "count" | "disregard";

/** How many slots below the head are looked at one by one before the whole ledger is read. */
const NEAR_SLOTS = 8;

/**
 * How far apart beginnings may lie that were made at the same time. Those of a ledger that once was in the same place
 * are older, so that its events cannot be played back.
 */
const SAME_TIME_MS = 10 * 60_000;

/**
 * Makes the reader of an environment's ledger. On a store that serialises, the events are a chain. On one that cannot,
 * they are a graph: every event names the one before it, and the others that its writer saw and nothing had named yet.
 * What was written beside the chain and is not named by anything still counts: it is found by the number of events, and
 * folded in the order of slot and hash, so that everybody who sees the same events computes the same state.
 */
export function createViewReader(
  chain: string,
  mode: LedgerMode,
  audit: AuditBackend,
  verify: (bytes: Uint8Array, where: string) => VerifiedEvent,
  modeAt: (seq: number) => LedgerMode = () => mode,
): ViewReader {
  async function check(
    pinned: Genesis,
    entry: AuditEntry,
    options: CallOptions,
  ): Promise<VerifiedEvent> {
    const where = `${chain}#${entry.seq}`;
    const stored = verify(entry.bytes, where);
    const { event } = stored;
    if (event.seq !== entry.seq)
      throw invalidEvent(where, `it is event ${event.seq}, copied to another slot`);
    if (event.chain === pinned.chain) return stored;
    // Where several could begin the ledger at once, the beginnings that were not pinned stay beside the one that was.
    // A pin may even have been overwritten while it was read, so events that go by a rival beginning count as well.
    const beginning = event.kind === "genesis" && event.seq === 0;
    if (
      modeAt(entry.seq) === "own-tag" &&
      (beginning || (await isRival(pinned, event.chain, options)))
    )
      return stored;
    throw invalidEvent(where, "it belongs to another ledger than the environment's genesis");
  }

  async function isRival(pinned: Genesis, name: string, options: CallOptions): Promise<boolean> {
    const beginnings: VerifiedEvent[] = [];
    for await (const { bytes, seq } of audit.read(chain, 0, 0, options))
      beginnings.push(verify(bytes, `${chain}#${seq}`));
    const { event: first } =
      pinned.first === 0
        ? verify(pinned.bytes, `${chain}#0`)
        : (beginnings.find(({ event }) => event.chain === pinned.chain) ?? {});
    if (!first) return false;
    const begun = Date.parse(first.at);
    return beginnings.some(
      ({ event, authorized }) =>
        event.kind === "genesis" &&
        event.chain === name &&
        authorized &&
        Math.abs(Date.parse(event.at) - begun) <= SAME_TIME_MS,
    );
  }

  async function read(
    pinned: Genesis,
    from: number,
    to: number,
    options: CallOptions,
  ): Promise<VerifiedEvent[]> {
    const events: VerifiedEvent[] = [];
    for await (const entry of audit.read(chain, from, to, options))
      events.push(await check(pinned, entry, options));
    return events;
  }

  // Whoever can push can append; only somebody who may change the environment is believed about its state and size.
  // What others have appended is stepped over.
  async function findBase(pinned: Genesis, head: SharedHead, options: CallOptions): Promise<Base> {
    const first = leafHash(pinned.bytes);
    const beside: VerifiedEvent[] = [];
    let level = await Promise.all(head.entries.map((entry) => check(pinned, entry, options)));
    for (let seq = head.seq; ; seq -= 1) {
      level.sort(bySeqThenHash);
      const base = level.find(
        ({ event, hash, vouches }) => hash === first || (vouches && event.kind !== "genesis"),
      );
      if (base) return { base, beside: [...beside, ...level.filter((event) => event !== base)] };
      if (level.length === 0 || seq === pinned.first)
        throw invalidEvent(`${chain}#${seq}`, "the event before it is missing");
      beside.push(...level);
      level = await read(pinned, seq - 1, seq - 1, options);
    }
  }

  // An event says how many there were when it was written. As long as that and what was found beside it make up the
  // number of events that are stored, nothing else can be beside it.
  async function findBeside(
    pinned: Genesis,
    head: SharedHead,
    { base, beside }: Base,
    options: CallOptions,
  ): Promise<VerifiedEvent[]> {
    if (base.event.size + beside.length === head.count) return beside;
    if (mode === "slot")
      throw invalidEvent(
        `${chain}#${head.seq}`,
        "the ledger has a gap: events are missing before the head",
      );
    const near = new Map([base, ...beside].map((event) => [event.hash, event]));
    // What was before that was removed.
    const kept = keptOf([base, ...beside]);
    const lowest = Math.max(pinned.first + 1, kept, base.event.seq - NEAR_SLOTS);
    for (let seq = base.event.seq; seq >= lowest; seq -= 1) {
      for (const event of await read(pinned, seq, seq, options)) near.set(event.hash, event);
      const { reached } = walk(base, near, kept);
      const below = head.count - near.size;
      if (base.event.size - reached.size === below)
        return [...near.values()].filter(({ hash }) => !reached.has(hash));
    }
    const all = new Map<Digest, VerifiedEvent>();
    for (const event of await read(pinned, Math.max(pinned.first, kept), head.seq, options))
      all.set(event.hash, event);
    const { reached, missing } = walk(base, all, kept);
    const [lost] = missing;
    if (lost !== undefined)
      throw invalidEvent(`${chain}: ${lost}`, "an event that others name is missing");
    return [...all.values()].filter(({ hash }) => !reached.has(hash));
  }

  return {
    check,

    async view(pinned, head, options) {
      const found = await findBase(pinned, head, options);
      const { base } = found;
      const others = await findBeside(pinned, head, found, options);
      const unsettled = others.filter((stored) => mattersIfAuthorized(stored) && !stored.judged);
      if (unsettled.length > 0 && options.settling === undefined)
        throw notSettled(chain, unsettled);
      const counted = new Set(options.settling === "count" ? unsettled : []);
      const beside = others
        .map((stored) =>
          counted.has(stored) ? { ...stored, authorized: true, vouches: true } : stored,
        )
        .sort(bySeqThenHash);
      const top = [...beside, base].filter(({ event }) => event.seq === head.seq);
      const main = top.sort(bySeqThenHash)[0] ?? base;
      const state = beside
        .filter(changesState)
        .reduce((folded, { event }) => foldState(folded, event), stateAt(base));
      const kept = state.pruned?.seq ?? 0;
      if ((head.keptFrom ?? 0) > kept)
        throw invalidEvent(
          `${chain}#${head.keptFrom}`,
          "what was before it was removed, and nobody who may act there has signed that it is pruned",
        );
      const { reached } = walk(
        main,
        new Map([base, ...beside].map((event) => [event.hash, event])),
        kept,
      );
      const rivals = [...beside, base].filter(({ hash }) => !reached.has(hash)).sort(bySeqThenHash);
      if (mode === "slot" && main.vouches && rivals.length > 0)
        throw invalidEvent(`${chain}#${head.seq}`, "it does not follow the event before it");
      return {
        genesis: pinned,
        seq: head.seq,
        hash: main.hash,
        rivals,
        disregarded: beside.filter(mattersIfAuthorized),
        settled: unsettled,
        size: base.event.size + beside.length,
        state,
      };
    },
  };
}

/** The event that is believed about everything before it, and what was found above and beside it. */
interface Base {
  readonly base: VerifiedEvent;
  readonly beside: VerifiedEvent[];
}

// Follows the links from an event through those that are known. What an outsider names proves nothing when it is missing.
function walk(
  from: VerifiedEvent,
  known: ReadonlyMap<Digest, VerifiedEvent>,
  kept: number,
): { readonly reached: ReadonlySet<Digest>; readonly missing: readonly Digest[] } {
  const reached = new Set<Digest>([from.hash]);
  const missing: Digest[] = [];
  const pending = [from];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { prev, rivals = [], kind, seq } = next.event;
    // What a moved ledger had before is in another place, and what a pruned one had is in an archive.
    if (kind === "genesis" || seq <= kept) continue;
    for (const hash of prev === null ? rivals : [prev, ...rivals]) {
      if (reached.has(hash)) continue;
      const linked = known.get(hash);
      if (linked) {
        reached.add(hash);
        pending.push(linked);
      } else if (next.vouches) missing.push(hash);
    }
  }
  return { reached, missing };
}

// With which slot the ledger begins since it was pruned.
function keptOf(events: readonly VerifiedEvent[]): number {
  return Math.max(
    ...events.map(({ event, authorized, vouches }) =>
      Math.max(
        vouches ? (event.state.pruned?.seq ?? 0) : 0,
        authorized && event.kind === "prune" ? event.body.kept.seq : 0,
      ),
    ),
  );
}

// Anybody can begin a ledger; that it is empty then is not theirs to say. What it had before it was moved is, of whoever
// moved it.
function stateAt({ event, vouches }: VerifiedEvent): LedgerState {
  if (event.kind !== "genesis") return event.state;
  if (!event.body.continues) return EMPTY_STATE;
  if (vouches) return event.state;
  throw invalidEvent(
    `${event.environment}#${event.seq}`,
    `the ledger was moved by ${actorName(event.actor)}, who may not act in ${event.environment} by this manifest`,
  );
}

// A beginning that was not pinned, or an event by somebody who may not change the environment, has no effect.
function changesState({ event, authorized }: VerifiedEvent): boolean {
  return event.kind !== "genesis" && authorized;
}

// Who refuses or begins changes nothing, whoever it is.
function mattersIfAuthorized({ event, authorized }: VerifiedEvent): boolean {
  return !authorized && event.kind !== "genesis" && event.kind !== "refusal";
}

function notSettled(chain: string, events: readonly VerifiedEvent[]): FloeError {
  const shown = events.slice(0, 5).map(({ event }) => {
    const { key_id: key, subject } = event.actor;
    return `#${event.seq} ${event.kind} by ${actorName(event.actor)} (${subject ?? key ?? "?"}) at ${event.at}`;
  });
  const more = events.length > shown.length ? `, and ${events.length - shown.length} more` : "";
  return new FloeError({
    code: "FLOE_LEDGER_UNSETTLED",
    message: `the manifest was changed since, and does not let those act in ${chain} who wrote the newest events: ${shown.join(", ")}${more}`,
    hint: `Somebody who may act there decides: floe platform reconcile --env ${chain} --settle count --reason … if they were allowed to, --settle disregard if not. For people who leave, keep the identity and give it revoked_at.`,
    details: { environment: chain, events: events.map(({ hash }) => hash).slice(0, 100) },
  });
}

/** The order in which events count that do not follow one another. */
export function bySeqThenHash(a: StoredEvent, b: StoredEvent): number {
  return a.event.seq - b.event.seq || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0);
}
