import type { AuditEntry } from "../contract/index.ts";
import { isFloeError } from "../errors/index.ts";
import { prunedBy } from "./fold-state.ts";
import type { Verify } from "./genesis.ts";
import type { Pruned } from "./prune-body.ts";

/**
 * Looks through stored bytes for the newest pruning by somebody who may act there: for a ledger whose end cannot be read, so
 * that nobody's word about it can be had.
 */
export async function findPruning(
  entries: AsyncIterable<AuditEntry>,
  environment: string,
  verify: Verify,
): Promise<Pruned | null> {
  let found: Pruned | null = null;
  try {
    for await (const { bytes, seq } of entries) {
      const pruned = pruningOf(bytes, `${environment}#${seq}`, verify);
      if (pruned && pruned.seq > (found?.seq ?? 0)) found = pruned;
    }
  } catch (cause) {
    // What can be read is what there is; that the rest cannot be is told by whoever reads all of it.
    if (!isFloeError(cause)) throw cause;
  }
  return found;
}

function pruningOf(bytes: Uint8Array, where: string, verify: Verify): Pruned | null {
  try {
    const { event, authorized } = verify(bytes, where);
    return authorized && event.kind === "prune" ? prunedBy(event) : null;
  } catch (cause) {
    if (!isFloeError(cause)) throw cause;
    return null;
  }
}
