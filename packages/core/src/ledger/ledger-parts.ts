import type { AuditEntry } from "../contract/index.ts";
import { EXIT, FloeError, isFloeError } from "../errors/index.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import { invalidEvent, leafHash } from "./event.ts";
import { type Genesis, readGenesis, type Verify } from "./genesis.ts";
import { guardBackend } from "./guard-backend.ts";
import type { LedgerContext } from "./ledger-context.ts";
import type { LedgerPlace } from "./ledger-place.ts";
import type { Continues } from "./move-body.ts";
import { createOciBackend, type LedgerMode, type SharingBackend } from "./oci-backend.ts";
import { shiftBackend } from "./shift-backend.ts";
import type { TagLists } from "./tag-lists.ts";

/** What of a ledger is in one place. */
export interface LedgerPart {
  readonly backend: string;
  readonly location: string;
  readonly mode: LedgerMode;
  /** Number and leaf hash of the genesis there. */
  readonly first: number;
  readonly genesis: Digest;
  /** Number of the newest event that the ledger has there; `null`: it goes on there. */
  readonly last: number | null;
  /** How many events the ledger had before this part. */
  readonly before: number;
  /** `null`: the manifest names no store where it is, or that one cannot be asked. */
  readonly audit: SharingBackend | null;
  /** Why the store that the manifest names cannot be asked; `null`: it can, or none is named. */
  readonly problem: FloeError | null;
}

/** The places that a ledger has been in, oldest first. What lies before a place that cannot be read is not known. */
export type LedgerParts = readonly LedgerPart[];

/**
 * Finds the places that a ledger was in by what its beginning in each says about the one before.
 * @param kept - number of the event that it begins with since it was pruned; places before are not looked for
 */
export async function findParts(
  environment: EnvironmentConfig,
  pinned: Genesis,
  place: LedgerPlace,
  context: LedgerContext,
  lists: TagLists,
  verify: Verify,
  kept: number,
  options: CallOptions,
): Promise<LedgerParts> {
  const parts: LedgerPart[] = [
    {
      backend: place.backend,
      location: await place.location(options),
      mode: place.mode,
      first: pinned.first,
      genesis: leafHash(pinned.bytes),
      last: null,
      before: pinned.continues?.size ?? 0,
      audit: place.audit,
      problem: null,
    },
  ];
  for (let past = pinned.continues; past !== null && past.seq >= kept; ) {
    const { backend, location, mode, first, genesis, seq: last } = past;
    const about = { backend, location, mode, first, genesis, last };
    let next: Continues | null = null;
    try {
      const audit = await openPast(past, environment, context, lists, options);
      next = audit && (await continuesOf(audit, past, environment, verify, options));
      parts.unshift({ ...about, before: next?.size ?? 0, audit, problem: null });
    } catch (cause) {
      options.signal.throwIfAborted();
      // What is not as it was written is no reason to look away; what cannot be asked says nothing of what it holds.
      if (!isFloeError(cause) || cause.exitCode === EXIT.integrity) throw cause;
      parts.unshift({ ...about, before: 0, audit: null, problem: cause });
    }
    past = next;
  }
  return parts;
}

async function openPast(
  { backend, location, slots, mode, first }: Continues,
  { name }: EnvironmentConfig,
  context: LedgerContext,
  lists: TagLists,
  options: CallOptions,
): Promise<SharingBackend | null> {
  if (backend === "oci")
    return createOciBackend(context.store, mode, context.clock, lists, () => first);
  for (const store of context.pastStores ?? []) {
    if (store.id !== backend) continue;
    const guarded = guardBackend(store, () => slots ?? "", name);
    const named = await guarded.ask("could not be opened", options, async (open) => open.location);
    if ((named ?? store.id) === location) return shiftBackend(guarded, () => first);
  }
  return null;
}

async function continuesOf(
  audit: SharingBackend,
  { first, genesis }: Continues,
  { name }: EnvironmentConfig,
  verify: Verify,
  options: CallOptions,
): Promise<Continues | null> {
  if (first === 0) {
    // Whether it can be asked at all is known from here on.
    await audit.head(name, options);
    return null;
  }
  const where = `${name}#${first}`;
  for await (const { bytes } of audit.read(name, first, first, options))
    if (leafHash(bytes) === genesis)
      return readGenesis(verify(bytes, where).event, where).continues;
  throw invalidEvent(where, "the ledger was moved to where it should be, and it is missing there");
}

/** Reads the events of a ledger in all its places as if they were in one. */
export async function* readParts(
  parts: LedgerParts,
  environment: string,
  from: number,
  to: number | undefined,
  options: CallOptions,
): AsyncGenerator<AuditEntry> {
  const oldest = parts[0]?.first ?? 0;
  if (from < oldest) throw pastUnnamed(environment, oldest, null);
  for (const part of parts) {
    const first = Math.max(from, part.first);
    const last = part.last === null ? to : Math.min(part.last, to ?? part.last);
    if (last !== undefined && last < first) continue;
    if (!part.audit) throw part.problem ?? pastUnnamed(environment, (part.last ?? 0) + 1, part);
    yield* part.audit.read(environment, first, last, options);
  }
}

/**
 * Says whether events cannot be read because of where they are: it is not named, or cannot be asked. Where one place could not
 * be asked, whatever store fails next says as little about the ledger.
 */
export function isOutOfReach(cause: unknown, parts: LedgerParts): boolean {
  if (!isFloeError(cause) || cause.exitCode === EXIT.integrity) return false;
  return cause.code === "FLOE_LEDGER_PAST_UNNAMED" || parts.some(({ problem }) => problem !== null);
}

/** The error for events in a place that the manifest does not name. */
export function pastUnnamed(
  environment: string,
  first: number,
  part: { readonly backend: string; readonly location: string } | null,
): FloeError {
  const where = part ? `${part.backend} (${part.location})` : "another place";
  return new FloeError({
    code: "FLOE_LEDGER_PAST_UNNAMED",
    message: `the events of ${environment} before ${first} are in ${where}, from where the ledger was moved, and the manifest does not say how to read it`,
    hint: "Name it in audit.previous, as audit named it before the ledger was moved.",
    details: { environment },
  });
}
