import { FloeError } from "../errors/index.ts";
import type { LedgerEvent } from "../ledger/event.ts";
import { bySeqThenHash } from "../ledger/read-view.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { findEnvironment } from "../promotion/environments.ts";
import type { Ledgers } from "../promotion/ledgers.ts";

/** Which event `floe audit show` is about: a number, an identifier, or the start of a hash. */
export interface EventRequest {
  readonly environment: string;
  readonly event: string;
}

/** An event whole, as it was signed. */
export interface ShownEvent {
  readonly hash: Digest;
  /** Today's name of who signed; `null`: nobody whom the manifest knows. */
  readonly signedBy: string | null;
  /** `false`: it has no effect, since its author may not do this there. */
  readonly authorized: boolean;
  readonly event: LedgerEvent;
  /** The signed bundle as it is stored; stock tools verify it. */
  readonly bytes: Uint8Array;
}

/** Behind `sha256:`; fewer characters name too many. */
const SHORTEST_HASH = 6;

/**
 * Finds events; on a store that cannot serialise, several may have one number.
 * @throws {FloeError} FLOE_LEDGER_EVENT_NOT_FOUND - no such event
 */
export async function showEvents(
  { environment: name, event: wanted }: EventRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ShownEvent[]> {
  const ledger = ledgers.of(findEnvironment(context.manifest, name));
  const found = [];
  const seq = /^\d{1,15}$/.test(wanted) ? Number(wanted) : null;
  if (seq !== null) for await (const stored of ledger.read(seq, seq, options)) found.push(stored);
  else
    for await (const stored of ledger.readBack(options)) {
      const hex = wanted.replace(/^sha256:/, "").toLowerCase();
      const byHash = hex.length >= SHORTEST_HASH && stored.hash.startsWith(`sha256:${hex}`);
      if (byHash || stored.event.id === wanted || stored.event.operation === wanted)
        found.push(stored);
    }
  if (found.length === 0)
    throw new FloeError({
      code: "FLOE_LEDGER_EVENT_NOT_FOUND",
      message: `the ledger of ${name} has no event ${JSON.stringify(wanted.slice(0, 100))}`,
      hint: `Give a number, an id, an operation, or the start of a hash; see floe audit list --env ${name}.`,
    });
  return found.sort(bySeqThenHash).map(({ hash, signedBy, authorized, event, bytes }) => ({
    hash,
    signedBy,
    authorized,
    event,
    bytes,
  }));
}
