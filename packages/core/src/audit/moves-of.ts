import { EXIT, type FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerPart, LedgerParts } from "../ledger/ledger-parts.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { CallOptions } from "../ports/index.ts";
import type { AuditFinding } from "./verdict.ts";

/** What the places say that a ledger was moved from. */
export interface Moves {
  readonly findings: readonly AuditFinding[];
  readonly notes: readonly string[];
}

/**
 * Checks that each place which a ledger was moved from ends with an event that names the beginning of the next, by somebody who
 * might sign it, and that nothing was written there afterwards.
 */
export async function movesOf(
  ledger: Ledger,
  parts: LedgerParts,
  verified: readonly VerifiedEvent[] | FloeError,
  options: CallOptions,
): Promise<Moves> {
  const findings: AuditFinding[] = [];
  const notes: string[] = [];
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    if (part.last === null || !next) continue;
    const where = `${part.backend} (${part.location})`;
    const behind = await read(ledger, part, options);
    if (isFloeError(behind)) {
      findings.push(found(part, behind.code, behind.message));
      continue;
    }
    const beginning = isFloeError(verified)
      ? undefined
      : verified.find(({ hash }) => hash === next.genesis);
    const ends = behind.filter(({ event }) => event.kind === "move");
    const end = ends.find(
      ({ event, authorized }) =>
        event.kind === "move" &&
        event.body.to?.genesis === next.genesis &&
        (authorized || (beginning && isBySame({ event }, beginning))),
    );
    if (!end)
      findings.push(
        found(
          part,
          "FLOE_LEDGER_TAMPERED",
          `${where} does not say that the ledger was moved from there to where it is`,
        ),
      );
    else
      notes.push(
        `events ${part.first} to ${part.last} are in ${where}, which ends with the move of ${end.event.at}`,
      );
    const strays = behind.filter(({ event }) => event.kind !== "move" && event.kind !== "refusal");
    const [stray] = strays;
    if (!stray) continue;
    const what = `${strays.length} event${strays.length > 1 ? "s were" : " was"} written to ${where} after the ledger was moved from there (first: ${stray.event.kind} at ${stray.event.at}), without effect`;
    if (part.mode === "own-tag") notes.push(what);
    else findings.push(found(part, "FLOE_LEDGER_TAMPERED", what));
  }
  return { findings, notes };
}

async function read(
  ledger: Ledger,
  part: LedgerPart,
  options: CallOptions,
): Promise<VerifiedEvent[] | FloeError> {
  const behind: VerifiedEvent[] = [];
  try {
    for await (const stored of ledger.behind(part, options)) behind.push(stored);
    return behind;
  } catch (cause) {
    if (isFloeError(cause) && cause.exitCode === EXIT.integrity) return cause;
    throw cause;
  }
}

function found({ last }: LedgerPart, code: AuditFinding["code"], what: string): AuditFinding {
  const fix = "Find out who changed it; compare with a copy that you trust.";
  return { seq: (last ?? 0) + 1, hash: null, code, what, fix };
}

// Who has left since may not sign any more; what goes on there was vouched for by others since.
function isBySame(
  { event: { actor } }: Pick<VerifiedEvent, "event">,
  { event, authorized }: VerifiedEvent,
): boolean {
  const { key_id: key, subject, issuer } = event.actor;
  return authorized && actor.key_id === key && actor.subject === subject && actor.issuer === issuer;
}
