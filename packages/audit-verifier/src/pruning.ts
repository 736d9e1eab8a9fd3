import { rootOf } from "./check-chain.ts";
import type { Range } from "./hashes.ts";
import { isCount, isDigest, own, ownText } from "./json.ts";
import type { Facts, Link } from "./read-event.ts";
import { type Finding, tampered } from "./verdict.ts";

/** What a signed event says about the events before another one: they were removed (docs/reference/records.md, "prune"). */
export interface Pruning {
  /** The event that the ledger begins with since then. */
  readonly kept: { readonly seq: number; readonly hash: string; readonly size: number };
  /** What stands for the removed events when roots are computed. */
  readonly range: Range;
  readonly checkpoint: {
    readonly size: number;
    readonly root: string;
    readonly head: string | null;
  };
  readonly archive: { readonly digest: string; readonly size: number };
  readonly by: Facts;
}

/** Where the events are that a ledger no longer has. */
export interface PrunedPast {
  readonly seq: number;
  readonly events: number;
  readonly at: string;
  readonly by: string;
  readonly archive: Pruning["archive"];
}

/** Reads a pruning out of the event that says so; its shape was looked at before. */
function readPruning(by: Facts): Pruning | null {
  const kept = own(by.body, "kept");
  const checkpoint = own(by.body, "checkpoint");
  const archive = own(by.body, "archive");
  const [seq, hash, size] = [own(kept, "seq"), own(kept, "hash"), own(kept, "size")];
  const [covered, root] = [own(checkpoint, "size"), own(checkpoint, "root")];
  const [digest, bytes] = [own(archive, "digest"), own(archive, "size")];
  const roots = own(by.body, "frontier");
  if (!isCount(seq) || !isDigest(hash) || !isCount(size) || !isCount(covered) || !isDigest(root))
    return null;
  if (!isDigest(digest) || !isCount(bytes) || !Array.isArray(roots)) return null;
  return {
    kept: { seq, hash, size },
    range: { size: size - 1, roots: roots as readonly string[] },
    checkpoint: { size: covered, root, head: ownText(checkpoint, "head") },
    archive: { digest, size: bytes },
    by,
  };
}

/** The newest pruning among events whose signers are believed. */
export function newestPruning(events: readonly Facts[]): Pruning | null {
  let newest: Pruning | null = null;
  for (const facts of events) {
    const found = facts.kind === "prune" ? readPruning(facts) : null;
    if (found && found.kept.seq > (newest?.kept.seq ?? 0)) newest = found;
  }
  return newest;
}

/**
 * Checks that what a pruning says of the removed events is so: with the events that are left it comes to the root of the
 * checkpoint that covered them.
 */
export function checkPruning(
  pruning: Pruning | null,
  links: readonly Link[],
): { readonly past: PrunedPast | null; readonly findings: Finding[]; readonly notes: string[] } {
  if (!pruning) return { past: null, findings: [], notes: [] };
  const { kept, range, checkpoint, archive, by } = pruning;
  let ones = 0;
  for (let left = range.size; left > 0; left = Math.floor(left / 2)) ones += left % 2;
  const proven =
    range.roots.length === ones && rootOf(checkpoint, links, range) === checkpoint.root;
  const { actor } = by;
  const who = actor.identity ?? actor.subject ?? actor.keyId ?? "unknown";
  const what = `it does not prove what was removed: with what is left the ${checkpoint.size} events do not come to the root of the checkpoint that it names`;
  return {
    past: { seq: kept.seq, events: range.size, at: by.at, by: who, archive },
    findings: proven ? [] : [tampered(by.slot, by.hash, what)],
    notes: [
      `the ${range.size} events before event ${kept.seq} were pruned by ${who} at ${by.at}; they are in the archive ${archive.digest} (${archive.size} bytes)`,
    ],
  };
}
