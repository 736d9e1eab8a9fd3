import { FloeError } from "../../errors/index.ts";
import { assertReadable } from "../../ledger/assert-readable.ts";
import { invalidEvent, type LedgerEvent, leafHash } from "../../ledger/event.ts";
import { firstEvent, readGenesis } from "../../ledger/genesis.ts";
import type { LedgerView } from "../../ledger/ledger.ts";
import type { LedgerContext } from "../../ledger/ledger-context.ts";
import type { LedgerPlace } from "../../ledger/ledger-place.ts";
import type { Continues, Moved } from "../../ledger/move-body.ts";
import { type VerifiedEvent, verifyEvent } from "../../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { canonicalJson } from "../../model/canonical-json.ts";
import { type Digest, digestHex, digestOf } from "../../model/digest.ts";
import type { CallOptions } from "../../ports/index.ts";

/** The event with which a ledger goes on in another place. */
export interface Beginning {
  readonly event: LedgerEvent;
  readonly hash: Digest;
  readonly bytes: Uint8Array;
}

/**
 * Begins a ledger in another place with an event that names its end in the one before. What an interrupted run has left there
 * is taken up when it says the same; nothing counts of it before the old place says so.
 */
export async function beginThere(
  environment: EnvironmentConfig,
  view: LedgerView,
  continues: Continues,
  place: LedgerPlace,
  context: LedgerContext,
  traceId: string,
  options: CallOptions,
): Promise<Beginning> {
  const { name } = environment;
  const first = view.seq + 1;
  const shared = place.slots();
  // Another end makes another name, so that what a run has left that was overtaken is in nobody's way.
  const end = canonicalJson([view.hash, ...view.rivals.map(({ hash }) => hash)]);
  const mark = digestHex(digestOf(end)).slice(0, 12);
  place.follow({ slots: shared === null ? null : `${shared}~${first}.${mark}`, first });
  await place.prepare(options);
  const verify = (bytes: Uint8Array, where: string): VerifiedEvent =>
    verifyEvent(bytes, where, environment, context.manifest, context.verifier);
  const fitting = async (): Promise<Beginning | null> => {
    if ((await place.audit.head(name, options)) === null) return null;
    for await (const { bytes } of place.audit.read(name, first, first, options)) {
      const stored = verify(bytes, `${name}#${first}`);
      if (stored.vouches && saysSame(stored.event, view, continues)) return stored;
    }
    return null;
  };
  const left = await fitting();
  if (left) return left;
  const mine = await firstEvent(
    environment,
    context,
    place,
    { ...options, traceId },
    { view, continues },
  );
  assertReadable(mine, "genesis", place.audit, verify);
  const claim = await place.audit.claim(name, first, mine, options);
  if (claim.status === "claimed") return verify(mine, `${name}#${first}`);
  const rival = await fitting();
  if (rival) return rival;
  throw new FloeError({
    code: "FLOE_LEDGER_UNAVAILABLE",
    message: `the ledger of ${name} cannot begin in ${place.backend} (${await place.location(options)}): its first slot there holds something else`,
    hint: "Somebody else has written there. Use an empty store; nothing was changed.",
    details: { environment: name },
  });
}

function saysSame(event: LedgerEvent, view: LedgerView, continues: Continues): boolean {
  if (event.kind !== "genesis" || event.chain !== view.genesis.chain) return false;
  const rivals = view.rivals.map(({ hash }) => hash);
  return (
    canonicalJson(event.body.continues ?? null) === canonicalJson(continues) &&
    canonicalJson(event.rivals ?? []) === canonicalJson(rivals) &&
    canonicalJson(event.state) === canonicalJson(view.state) &&
    event.size === view.size + 1
  );
}

/**
 * Reads the event with which a ledger goes on where the end of the old place says.
 * @throws {FloeError} FLOE_LEDGER_EVENT_INVALID - it is not there
 */
export async function readBeginning(
  environment: EnvironmentConfig,
  { slots, first, genesis }: Moved,
  place: LedgerPlace,
  { manifest, verifier }: LedgerContext,
  options: CallOptions,
): Promise<Beginning> {
  const { name } = environment;
  const where = `${name}#${first}`;
  place.follow({ slots: slots ?? null, first });
  if ((await place.audit.head(name, options)) !== null)
    for await (const { bytes } of place.audit.read(name, first, first, options)) {
      if (leafHash(bytes) !== genesis) continue;
      const stored = verifyEvent(bytes, where, environment, manifest, verifier);
      readGenesis(stored.event, where);
      return stored;
    }
  throw invalidEvent(
    where,
    "the old place names it as the beginning of the new one, and it is not there",
  );
}
