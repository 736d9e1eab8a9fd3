import type { Ledger } from "../../ledger/ledger.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at, type FloeContext } from "../context.ts";
import type { OperationDone } from "../operation.ts";
import { type Reason, reason } from "../reason.ts";
import { type SyncStatus, syncRegistry } from "./sync-registry.ts";
import { tagsOfCurrent, tagsOfLedger } from "./wanted-tags.ts";

/**
 * Brings all secondary registries up to date with an environment, side by side: with what an operation has written, or with
 * `everything` that the ledger says was ever brought there. Trouble of one is its status and does not touch the others.
 */
export async function syncEnvironment(
  ledger: Ledger,
  what: { readonly written: OperationDone["tags"] } | "everything",
  context: FloeContext,
  options: CallOptions,
): Promise<SyncStatus[]> {
  const { environment } = ledger;
  const { secondaries } = context.manifest;
  if (secondaries.length === 0) return [];
  const written = what === "everything" ? [] : what.written.filter(({ tag }) => isImmutable(tag));
  const now = async (call: CallOptions) => {
    const view = await ledger.view(call);
    return what === "everything"
      ? await tagsOfLedger(ledger, view, call)
      : tagsOfCurrent(environment.name, view, written);
  };
  function isImmutable(tag: string): boolean {
    return tag !== `latest-${environment.name}`;
  }
  const wanted = await now(options);
  const { store: from } = at(context, environment);
  const task = { environment: environment.name, from, wanted, now };
  return await Promise.all(
    secondaries.map(async (secondary) => await syncRegistry(secondary, task, context, options)),
  );
}

/** Says whether a registry holds what it should. */
export function isInSync({ status }: Pick<SyncStatus, "status">): boolean {
  return status === "synced" || status === "unchanged";
}

/** Why a secondary registry counts as incomplete. */
export function syncReason(environment: string, status: SyncStatus): Reason {
  const { registry, problem } = status;
  const why = problem?.message ?? status.status;
  return reason(
    "FLOE_SYNC_INCOMPLETE",
    `the secondary registry ${registry} does not hold what ${environment} runs: ${why}`,
    status.status === "conflict"
      ? "Somebody else wrote that tag there. Find out who, and delete it where the registry allows that; then run floe platform reconcile."
      : `${environment} itself is done. When the registry answers: floe platform reconcile --env ${environment}`,
  );
}
