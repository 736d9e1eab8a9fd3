import type { Ledger } from "../ledger/ledger.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { CallOptions } from "../ports/index.ts";
import { RESTORE } from "./ask-store.ts";
import type { AuditFinding } from "./verdict.ts";

/** Finds events that the store's index does not show to who looks for what they are about. */
export async function compareIndex(
  events: readonly VerifiedEvent[],
  ledger: Ledger,
  first: number,
  options: CallOptions,
): Promise<AuditFinding[]> {
  const findings: AuditFinding[] = [];
  const here = events.filter(({ event }) => event.seq >= first);
  const byDigest = Map.groupBy(here, ({ event }) => (event.body as { digest?: unknown }).digest);
  for (const [digest, about] of byDigest) {
    if (typeof digest !== "string") continue;
    const slots = await ledger.slotsAbout(digest, options);
    if (slots === null) return [];
    const shown = new Set(slots);
    for (const { event, hash } of about)
      if (!shown.has(event.seq))
        findings.push({
          ...{ seq: event.seq, hash, code: "FLOE_LEDGER_TAMPERED" },
          what: `the index of the store does not have it under ${digest}: lists by digest leave it out`,
          fix: RESTORE,
        });
  }
  return findings;
}
