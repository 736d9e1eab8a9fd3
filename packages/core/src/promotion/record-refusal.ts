import type { Ledger } from "../ledger/ledger.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { OperationPlan } from "./operation.ts";
import { exitCodeOfReasons } from "./reason.ts";

/** How long recording a refusal may take; the refusal itself does not wait longer. */
const RECORD_MS = 10_000;

/**
 * Records that a run was refused, best effort: people ask for failures in history. It never changes the exit code, and
 * being busy is no refusal.
 */
export async function recordRefusal(
  plan: OperationPlan,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  if (!context.signer || plan.blocking.every((reason) => reason.code === "FLOE_PROMOTION_BUSY"))
    return;
  const limited = { signal: AbortSignal.any([options.signal, AbortSignal.timeout(RECORD_MS)]) };
  try {
    // Only somebody who may change the environment begins its ledger.
    if (plan.operator?.authorized) await ledger.begin({ ...limited, traceId: plan.traceId });
    else if (!(await ledger.view(limited))) return;
    await ledger.append(
      () => ({
        kind: "refusal",
        operation: plan.operation,
        subject: { name: plan.tag, digest: plan.artifact.manifest.descriptor.digest },
        traceId: plan.traceId,
        claimedOperator: plan.claimedOperator,
        body: {
          action: plan.action,
          version: plan.artifact.version,
          digest: plan.artifact.manifest.descriptor.digest,
          source: plan.source,
          target: plan.target.name,
          exit_code: exitCodeOfReasons(plan.blocking),
          blocking: plan.blocking.map(({ code, message }) => ({
            code,
            message: message.slice(0, 500),
          })),
          gates: plan.gates.map(({ gate, status }) => ({ gate, status })),
        },
      }),
      limited,
    );
  } catch (cause) {
    context.logger.warn(
      `the refusal could not be recorded: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
  }
}
