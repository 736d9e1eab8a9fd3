import type { FloeError } from "../errors/index.ts";
import { EXIT, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { LedgerPart, LedgerParts } from "../ledger/ledger-parts.ts";
import type { VerifiedEvent } from "../ledger/verify-event.ts";
import type { CallOptions } from "../ports/index.ts";
import { checkMoves, type LeftPlace, type MoveAnswers } from "./check-moves.ts";
import type { AuditFinding } from "./verdict.ts";

/** Reads and judges the ends of a ledger in the places that it was moved from, as far as those are at hand. */
export async function movesOf(
  ledger: Ledger,
  parts: LedgerParts,
  verified: readonly VerifiedEvent[] | FloeError,
  options: CallOptions,
): Promise<MoveAnswers> {
  const places: LeftPlace[] = [];
  const unread: AuditFinding[] = [];
  const at = (genesis: string): VerifiedEvent | undefined =>
    isFloeError(verified) ? undefined : verified.find(({ hash }) => hash === genesis);
  for (const [index, part] of parts.entries()) {
    const next = parts[index + 1];
    if (part.last === null || !next) continue;
    const behind = await read(ledger, part, options);
    if (isFloeError(behind)) {
      const fix = "Find out who changed it; compare with a copy that you trust.";
      unread.push({ seq: next.first, hash: null, code: behind.code, what: behind.message, fix });
    } else {
      const { mode } = part;
      places.push({ mode, beginning: at(part.genesis), next: at(next.genesis), behind });
    }
  }
  const { changed, ...answers } = checkMoves(places);
  return { ...answers, changed: [...unread, ...changed] };
}

async function read(
  ledger: Ledger,
  part: LedgerPart,
  options: CallOptions,
): Promise<VerifiedEvent[] | FloeError> {
  const behind: VerifiedEvent[] = [];
  try {
    for await (const stored of ledger.behind(part, options)) behind.push(ledger.verify(stored));
    return behind;
  } catch (cause) {
    if (isFloeError(cause) && cause.exitCode === EXIT.integrity) return cause;
    throw cause;
  }
}
