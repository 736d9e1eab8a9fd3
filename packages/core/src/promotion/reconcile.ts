import { randomTraceId } from "../model/trace-id.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import { findEnvironment } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { openIntents } from "./open-intent.ts";
import { judgeOperator } from "./operator.ts";
import { busyReason } from "./plan-promotion.ts";
import type { Reason } from "./reason.ts";
import { type Recovered, recover } from "./recover.ts";

/** What reconciling came to. */
export interface ReconcileOutcome {
  readonly recovered: readonly Recovered[];
  /** Operations that cannot be finished yet, and why. */
  readonly blocking: readonly Reason[];
  readonly traceId: string;
}

/** Finishes what crashes have left open, in one environment or all of them. */
export async function reconcile(
  request: { readonly environment?: string | undefined },
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<ReconcileOutcome> {
  const { manifest } = context;
  const traceId = randomTraceId(context.host);
  const environments =
    request.environment === undefined
      ? manifest.environments
      : [findEnvironment(manifest, request.environment)];
  const recovered: Recovered[] = [];
  const blocking: Reason[] = [];
  for (const environment of environments) {
    const ledger = ledgers.of(environment);
    const view = await ledger.view(options);
    if (!view) continue;
    for (const open of await openIntents(ledger, view, context, options)) {
      if (open.state === "live") {
        blocking.push(busyReason(environment.name, open));
        continue;
      }
      const { problem } = judgeOperator(environment, context, undefined);
      if (problem) {
        blocking.push(problem);
        continue;
      }
      const who = { traceId, resolvedBy: "reconcile" as const };
      const done = await recover(open, ledger, context, who, options);
      if (done) recovered.push(done);
      else blocking.push(busyReason(environment.name, open));
    }
  }
  return { recovered, blocking, traceId };
}
