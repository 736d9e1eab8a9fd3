import type { Ledger } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";

type EventOf<Kind extends VerifiedEvent["event"]["kind"]> = VerifiedEvent & {
  readonly event: Extract<VerifiedEvent["event"], { kind: Kind }>;
};

/** An operation that brought a digest into an environment: what was set out to do, and what came of it. */
export interface Entry {
  readonly intent: EventOf<"intent">;
  readonly outcome: EventOf<"outcome">;
  /** By whom the operation was taken over in between, because whoever began it was gone. */
  readonly takenOver: readonly EventOf<"reconcile">[];
}

/** How a digest came into an environment. */
export interface WayIn {
  /** The newest operation that made it what runs there: a promotion, forced or not, or a rollback. */
  readonly entry: Entry;
  /** The promotion behind it: the entry itself, or the one before the rollback. */
  readonly promotion: Entry | null;
  /** When something else was put in its place; `null`: nothing was. */
  readonly replacedAt: string | null;
}

/** What was found of a digest in a ledger. */
export type FoundWayIn =
  | { readonly kind: "entry"; readonly wayIn: WayIn }
  /** It was there before floe, and somebody has signed that it may stay. */
  | { readonly kind: "adopted"; readonly event: EventOf<"adopt"> }
  | { readonly kind: "none" };

/** What is looked for. */
export interface WantedEntry {
  /** `null`: any version of the digest. */
  readonly version: string | null;
  /** `null`: any digest of the version. */
  readonly digest: Digest | null;
  /** What came into force later than this does not count: whatever rests on it was before. */
  readonly notAfter?: Date;
}

/** Machines' clocks differ a little: what another environment's ledger has up to so much later counts as before. */
const CLOCK_DIFFERENCE_MS = 60_000;

/**
 * Looks for what brought a digest into an environment, from the newest event back. Only events that count are believed;
 * every signature on the way is checked.
 */
export async function findWayIn(
  ledger: Ledger,
  wanted: WantedEntry,
  options: CallOptions,
): Promise<FoundWayIn> {
  const limit = wanted.notAfter && wanted.notAfter.getTime() + CLOCK_DIFFERENCE_MS;
  let replacedAt: string | null = null;
  let entry: EventOf<"outcome"> | null = null;
  let promotion: EventOf<"outcome"> | null = null;
  const intents = new Map<Digest, EventOf<"intent">>();
  const takeovers: EventOf<"reconcile">[] = [];
  const entryOf = (outcome: EventOf<"outcome">, intent: EventOf<"intent">): Entry => ({
    outcome,
    intent,
    takenOver: takeovers.filter(({ event }) => event.operation === outcome.event.operation),
  });
  const complete = (): WayIn | null => {
    const entryIntent = entry && intents.get(entry.event.body.intent);
    const promotionIntent = promotion && intents.get(promotion.event.body.intent);
    if (!entry || !entryIntent || !promotion || !promotionIntent) return null;
    return {
      entry: entryOf(entry, entryIntent),
      promotion: entryOf(promotion, promotionIntent),
      replacedAt,
    };
  };
  for await (const stored of ledger.readBack(options)) {
    if (!stored.authorized) continue;
    const { event } = stored;
    if (event.kind === "adopt" && !entry) {
      if (isWanted(event.body, wanted) && isInTime(event.at, limit))
        return { kind: "adopted", event: { ...stored, event } };
      replacedAt = event.at;
    }
    if (event.kind === "outcome" && event.body.result === "succeeded") {
      const outcome = { ...stored, event };
      const body = entry ? { ...wanted, digest: entry.event.body.digest } : wanted;
      if (isWanted(event.body, body) && isInTime(event.at, limit)) {
        entry ??= outcome;
        if (event.body.action === "promote") promotion ??= outcome;
      } else if (!entry) replacedAt = event.at;
    }
    if (event.kind === "reconcile") takeovers.push({ ...stored, event });
    if (event.kind === "intent") {
      const needed = [entry, promotion].some((one) => one?.event.body.intent === stored.hash);
      if (needed) intents.set(stored.hash, { ...stored, event });
      const wayIn = complete();
      if (wayIn) return { kind: "entry", wayIn };
    }
  }
  const intent = entry && intents.get(entry.event.body.intent);
  if (!entry || !intent) return { kind: "none" };
  return {
    kind: "entry",
    wayIn: { entry: entryOf(entry, intent), promotion: null, replacedAt },
  };
}

function isWanted(
  body: { readonly version: string; readonly digest: Digest },
  { version, digest }: WantedEntry,
): boolean {
  return (
    (version === null || body.version === version) && (digest === null || body.digest === digest)
  );
}

function isInTime(at: string, limit: number | undefined): boolean {
  return limit === undefined || Date.parse(at) <= limit;
}
