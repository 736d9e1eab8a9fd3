import { EXIT, type FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { CallOptions } from "../ports/index.ts";
import type { AuditFinding } from "./verdict.ts";

/** What to do about something that is not as it was written. */
export const RESTORE = "Compare with a copy that you trust, and restore what was there.";

/** What the store of a ledger has noticed by itself. */
export interface StoreAnswer {
  /** Somebody changed or added something. */
  readonly tampering: readonly AuditFinding[];
  /** What the store does not promise, for whoever reads the verdict. */
  readonly weaknesses: readonly string[];
}

/**
 * Asks the store for what reading does not show: older versions, deletions, what lies beside the events.
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE and the like - it cannot be asked, which says nothing about the ledger
 */
export async function askStore(ledger: Ledger, options: CallOptions): Promise<StoreAnswer> {
  const tampering: AuditFinding[] = [];
  const weaknesses: string[] = [];
  const asked = await orProblem(async () => {
    for await (const found of ledger.storeFindings(options))
      if (found.tampering)
        tampering.push({
          seq: found.seq ?? null,
          hash: null,
          code: "FLOE_LEDGER_TAMPERED",
          what: found.message,
          fix: RESTORE,
        });
      else weaknesses.push(found.message);
  });
  if (isFloeError(asked)) tampering.push(findingOf(asked));
  return { tampering, weaknesses };
}

/** What is wrong with what is stored is an answer; anything else is not, and is thrown. */
export async function orProblem<Value>(read: () => Promise<Value>): Promise<Value | FloeError> {
  try {
    return await read();
  } catch (cause) {
    if (isFloeError(cause) && cause.exitCode === EXIT.integrity) return cause;
    throw cause;
  }
}

/** An error about what is stored as a finding, with the event that it names. */
export function findingOf({ code, message, hint, details }: FloeError): AuditFinding {
  const where = details?.["event"];
  const [, slot] = /#(\d+)$/.exec(typeof where === "string" ? where : "") ?? [];
  const seq = slot === undefined ? null : Number(slot);
  return { seq, hash: null, code, what: message, fix: hint ?? RESTORE };
}
