import type { Ledger } from "../ledger/ledger.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { OperationPlan } from "./operation.ts";
import { exitCodeOfReasons } from "./reason.ts";

/** How long recording a refusal may take; the refusal itself does not wait longer. */
const RECORD_MS = 10_000;

/** What was refused, as far as it was known by then. */
export interface Refused
  extends Pick<
    OperationPlan,
    | "operation"
    | "traceId"
    | "source"
    | "target"
    | "operator"
    | "claimedOperator"
    | "blocking"
    | "gates"
  > {
  /** `promote`, `rollback`, `approve`, `deny`, `accept-policy`. */
  readonly action: string;
  readonly version: string;
  /** `null`: it was refused before there was an artifact. */
  readonly artifact: { readonly name: string; readonly digest: Digest } | null;
}

/** A plan that something blocks. */
export function refusedPlan(plan: OperationPlan): Refused {
  const { version, manifest } = plan.artifact;
  return { ...plan, version, artifact: { name: plan.tag, digest: manifest.descriptor.digest } };
}

/**
 * Records that a run was refused, best effort: people ask for failures in history. It never changes the exit code, and
 * being busy is no refusal.
 */
export async function recordRefusal(
  refused: Refused,
  ledger: Ledger,
  context: FloeContext,
  options: CallOptions,
): Promise<void> {
  if (!context.signer || refused.blocking.every((reason) => reason.code === "FLOE_PROMOTION_BUSY"))
    return;
  const limited = { signal: AbortSignal.any([options.signal, AbortSignal.timeout(RECORD_MS)]) };
  try {
    // Only somebody who may change the environment begins its ledger.
    if (refused.operator?.authorized) await ledger.begin({ ...limited, traceId: refused.traceId });
    else if (!(await ledger.view(limited))) return;
    await ledger.append(
      () => ({
        kind: "refusal",
        operation: refused.operation,
        subject: refused.artifact,
        traceId: refused.traceId,
        claimedOperator: refused.claimedOperator,
        body: {
          action: refused.action,
          version: refused.version,
          digest: refused.artifact?.digest ?? null,
          source: refused.source,
          target: refused.target.name,
          exit_code: exitCodeOfReasons(refused.blocking),
          blocking: refused.blocking.map(({ code, message }) => ({
            code,
            message: message.slice(0, 500),
          })),
          gates: refused.gates.map(({ gate, status }) => ({ gate, status })),
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
