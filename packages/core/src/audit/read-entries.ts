import { EXIT, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerPart, LedgerParts } from "../ledger/ledger-parts.ts";
import type { Pruned } from "../ledger/prune-body.ts";
import type { CallOptions } from "../ports/index.ts";
import type { LinkProblem } from "./check-links.ts";
import { type BrokenEvent, type EventLink, readEventLink } from "./event-link.ts";

/** Everything that a ledger's store holds, and what of it could not be read. */
export interface ReadEntries {
  readonly entries: readonly (EventLink | BrokenEvent)[];
  readonly unreadable: readonly LinkProblem[];
  /** The places that they are in, oldest first. */
  readonly parts: LedgerParts;
  /** How many events the ledger has that are not at hand. */
  readonly before: number;
  /** The newest place that is not: the manifest does not name it, or it cannot be asked. `null`: all are at hand. */
  readonly away: LedgerPart | null;
  /** With which event what is at hand begins, since the ledger was pruned; `null`: with another one. */
  readonly pruned: Pruned | null;
  /** How many events are still stored that were pruned. */
  readonly leftover: number;
}

/** Stored bytes, and the slot that they are in. */
export interface StoredEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

/** How many slots past the last one that could be read are tried, where one in between cannot be. */
const LOOK_AHEAD = 64;

/**
 * Reads the stored bytes of a whole ledger. Where the store itself finds something that was changed, the rest is read slot by
 * slot, so that everything that is wrong is told, the first first.
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE and the like - the store cannot be asked, which says nothing about the ledger
 */
export async function readEntries(ledger: Ledger, options: CallOptions): Promise<ReadEntries> {
  return await readAs(ledger, ({ seq, bytes }) => readEventLink(seq, bytes), options);
}

/**
 * Reads the same without looking into the bytes.
 * @throws {FloeError} FLOE_REGISTRY_UNAVAILABLE and the like - as {@link readEntries}
 */
export async function readStored(
  ledger: Ledger,
  options: CallOptions,
): Promise<Omit<ReadEntries, "entries"> & { readonly entries: StoredEntry[] }> {
  return await readAs(ledger, ({ seq, bytes }) => ({ seq, bytes }), options);
}

/** Says where events are that are not at hand, and why they are not. */
export function whyAway({ backend, location, problem }: LedgerPart): string {
  return problem
    ? `in ${backend} (${location}), which cannot be asked: ${problem.message}`
    : `in ${backend} (${location}), and the manifest does not say how to read it (audit.previous)`;
}

async function readAs<Entry>(
  ledger: Ledger,
  read: (entry: StoredEntry) => Entry,
  options: CallOptions,
): Promise<Omit<ReadEntries, "entries"> & { readonly entries: Entry[] }> {
  const entries: Entry[] = [];
  const pruned = await ledger.pruned(options);
  const all = await ledger.parts(options);
  const index = all.findLastIndex(({ audit }) => audit === null);
  const parts = keptParts(all.slice(index + 1), pruned);
  const from = parts[0]?.first ?? 0;
  const begins = pruned?.seq === from ? pruned : null;
  const about = {
    parts,
    before: begins ? 0 : (parts[0]?.before ?? 0),
    away: all[index] ?? null,
    pruned: begins,
    leftover: await leftover(ledger, all, pruned, options),
  };
  try {
    for await (const entry of ledger.entries({ from }, options)) entries.push(read(entry));
    return { entries, unreadable: [], ...about };
  } catch (cause) {
    if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
  }
  entries.length = 0;
  const unreadable: LinkProblem[] = [];
  let last = from - 1;
  for (let seq = from; seq <= last + LOOK_AHEAD; seq += 1) {
    try {
      for await (const entry of ledger.entries({ from: seq, to: seq }, options)) {
        entries.push(read(entry));
        last = seq;
      }
    } catch (cause) {
      if (!isFloeError(cause) || cause.exitCode !== EXIT.integrity) throw cause;
      unreadable.push({ seq, hash: null, what: cause.message, kind: "link" });
      last = seq;
    }
  }
  return { entries, unreadable, ...about };
}

// The event that a pruned ledger begins with is for the places what a genesis is elsewhere.
function keptParts(parts: LedgerParts, pruned: Pruned | null): LedgerParts {
  if (!pruned) return parts;
  const { seq, hash, size } = pruned;
  return parts.map((part) =>
    part.first <= seq && seq <= (part.last ?? seq)
      ? { ...part, first: seq, genesis: hash, before: size - 1 }
      : part,
  );
}

// The beginning of each place stays, because the registry pins it.
async function leftover(
  ledger: Ledger,
  parts: LedgerParts,
  pruned: Pruned | null,
  options: CallOptions,
): Promise<number> {
  let count = 0;
  if (pruned === null) return count;
  for (const { first, audit } of parts) {
    if (!audit || first >= pruned.seq) continue;
    const entries = audit.read(ledger.environment.name, first + 1, pruned.seq - 1, options);
    for await (const _ of entries) count += 1;
  }
  return count;
}
