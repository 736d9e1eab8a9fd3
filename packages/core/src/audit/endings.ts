import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { AuditFinding } from "./verdict.ts";

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
