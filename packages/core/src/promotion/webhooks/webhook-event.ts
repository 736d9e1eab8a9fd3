import type { LedgerEvent } from "../../ledger/event.ts";
import { actorName } from "../../ledger/fold-state.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { WebhookEvent } from "../../manifest/webhook.ts";

/** What a webhook is told about one event of a ledger, the same whenever it is told. */
export interface Notice {
  readonly event: WebhookEvent;
  readonly at: string;
  readonly data: Readonly<Record<string, unknown>> & {
    /** Hash of the event. */
    readonly id: string;
    readonly environment: string;
    readonly version: string | null;
    readonly digest: string | null;
    readonly operator: string;
    readonly reason: string | null;
  };
}

/** Reads an event as what webhooks are told; `null`: it is nothing of that kind, or has no effect. */
export function noticeOf(
  { event, hash, authorized }: VerifiedEvent,
  where: { readonly project: string; readonly repository: string },
): Notice | null {
  const name = authorized ? nameOf(event) : null;
  if (name === null) return null;
  const { environment, seq, chain, at, trace_id } = event;
  const common = {
    id: hash,
    project: where.project,
    environment,
    repository: where.repository,
    operator: actorName(event.actor),
    ledger: { chain, seq, hash },
    trace_id,
  };
  if (event.kind === "outcome") {
    const { version, digest, record, tags, committed_at, rollback, overrides, operator } =
      event.body;
    const data = {
      ...common,
      operation: event.operation,
      operator: actorName(operator),
      version,
      digest,
      reason: rollback?.reason ?? null,
      record,
      tags,
      committed_at,
      overrides: overrides ?? [],
      ...(rollback ? { from: rollback.from } : {}),
    };
    return { event: name, at, data };
  }
  if (event.kind === "approval" || event.kind === "denial") {
    const { version, digest, reason, expires_at } = event.body;
    return { event: name, at, data: { ...common, version, digest, reason, expires_at } };
  }
  if (event.kind !== "lock" && event.kind !== "unlock") return null;
  const { reason } = event.body;
  return { event: name, at, data: { ...common, version: null, digest: null, reason } };
}

function nameOf(event: LedgerEvent): WebhookEvent | null {
  if (event.kind === "outcome") return event.body.result === "succeeded" ? event.body.action : null;
  if (event.kind === "lock" || event.kind === "unlock") return event.kind;
  if (event.kind === "approval") return "approve";
  return event.kind === "denial" ? "deny" : null;
}
