import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { AuditFinding } from "./verdict.ts";

/**
 * Outcomes that do not end the intent of their operation as it was meant: whoever signs all anew has to change that as well, and
 * then its record. An intent comes before its outcome, and both are about the same artifact in the same environment.
 */
export function unboundOutcomes(events: readonly VerifiedEvent[]): AuditFinding[] {
  const intents = new Map<string, VerifiedEvent["event"] & { readonly kind: "intent" }>();
  const begun = new Map<string, number>();
  for (const { event, hash, authorized } of events) {
    if (event.kind !== "intent") continue;
    intents.set(hash, event);
    if (authorized) begun.set(event.operation, event.seq);
  }
  return events.flatMap(({ event, hash, authorized }) => {
    if (!authorized || event.kind !== "outcome") return [];
    const { operation, body, seq, environment } = event;
    const intent = intents.get(body.intent);
    const own = begun.get(operation);
    const its = `its operation ${operation} was begun by ${own === undefined ? "nothing" : `event ${own}`}`;
    const what = !intent
      ? `it ends ${body.intent}, which is no intent here; ${its}`
      : intent.operation !== operation
        ? `it ends event ${intent.seq}, the intent of another operation (${intent.operation}); ${its}`
        : intent.seq >= seq
          ? `it ends event ${intent.seq}, which does not come before it`
          : intent.body.target !== environment
            ? `it ends event ${intent.seq}, which is about ${intent.body.target}`
            : intent.body.digest !== body.digest ||
                intent.body.version !== body.version ||
                intent.body.action !== body.action
              ? `it is about the ${body.action} of ${body.version} (${body.digest}), and ends event ${intent.seq}, which is about the ${intent.body.action} of ${intent.body.version} (${intent.body.digest})`
              : null;
    const fix = "Compare with a copy that you trust.";
    return what === null ? [] : [{ seq, hash, code: "FLOE_LEDGER_TAMPERED" as const, what, fix }];
  });
}

/** Operations that ended more than once, or whose end says what did not come to be. */
export function endings(events: readonly VerifiedEvent[]): AuditFinding[] {
  const findings: AuditFinding[] = [];
  const ended = new Map<string, number>();
  const begun = new Map<string, number>();
  let last: VerifiedEvent | null = null;
  for (const stored of events) {
    const { event, hash, authorized } = stored;
    if (!authorized) continue;
    if (event.kind === "intent") begun.set(event.operation, event.seq);
    if (event.kind !== "outcome") continue;
    const before = ended.get(event.operation);
    const twice = { seq: event.seq, hash, code: "FLOE_LEDGER_DRIFT" as const };
    if (before !== undefined)
      findings.push({
        ...twice,
        what: `it is a second outcome of the ${event.body.action} of ${event.body.version}, which event ${before} has closed`,
        fix: "Two have finished the same operation. Compare the tags with floe audit drift.",
      });
    else if (
      event.body.result === "succeeded" &&
      event.state.current?.operation !== event.operation
    )
      findings.push({
        ...twice,
        what: `it says that the ${event.body.action} of ${event.body.version} succeeded, and it had no effect: another one had gone before`,
        fix: "Two operations ran at once, which a registry without exclusive tags cannot prevent. Compare the tags with floe audit drift.",
      });
    const intent = begun.get(event.operation);
    if (before === undefined && event.body.result === "succeeded") {
      if (last && intent !== undefined && last.event.seq > intent)
        findings.push({
          ...twice,
          what: `the ${event.body.action} of ${event.body.version} and that of event ${last.event.seq} ran at once`,
          fix: "A registry without exclusive tags cannot prevent it. Compare the tags with floe audit drift.",
        });
      last = stored;
    }
    if (before === undefined) ended.set(event.operation, event.seq);
  }
  return findings;
}
