import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import type { Ledgers } from "../ledgers.ts";
import type { OperationOutcome } from "../operation.ts";
import { isInSync, syncEnvironment, syncReason } from "./sync-environment.ts";
import type { SyncStatus } from "./sync-registry.ts";

/**
 * Syncs the secondary registries after a promotion or rollback. The operation is done by then, whatever comes of it: a
 * registry that is incomplete is a warning, and with `strict` a reason for exit code 19.
 */
export async function syncOperation(
  outcome: OperationOutcome,
  strict: boolean,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<OperationOutcome> {
  if (outcome.kind !== "done" || context.manifest.secondaries.length === 0) return outcome;
  const { target } = outcome.plan;
  const syncs = await syncAll().catch((cause: unknown): SyncStatus[] =>
    // The ledger could not be read again: nobody was asked.
    context.manifest.secondaries.map(({ name }) => ({
      registry: name,
      repository: null,
      status: "failed",
      digest: null,
      tags: [],
      bytes: 0,
      durationMs: 0,
      problem: {
        code: "FLOE_SYNC_INCOMPLETE",
        message: cause instanceof Error ? cause.message : String(cause),
      },
      warnings: [],
    })),
  );
  async function syncAll(): Promise<SyncStatus[]> {
    if (outcome.kind !== "done") return [];
    return await syncEnvironment(ledgers.of(target), { written: outcome.tags }, context, options);
  }
  const incomplete = syncs
    .filter((status) => !isInSync(status))
    .map((status) => syncReason(target.name, status));
  const warnings = [
    ...outcome.warnings,
    ...syncs.flatMap(({ registry, warnings: own }) => own.map((text) => `${registry}: ${text}`)),
    ...(strict ? [] : incomplete.map(({ message, hint }) => `${message}. ${hint ?? ""}`)),
  ];
  return { ...outcome, syncs, warnings, incomplete: strict ? incomplete : [] };
}
