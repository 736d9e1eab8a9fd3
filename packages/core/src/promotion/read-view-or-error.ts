import { EXIT, type FloeError, isFloeError } from "../errors/index.ts";
import type { Ledger, LedgerView } from "../ledger/ledger.ts";
import type { CallOptions } from "../ports/index.ts";

/** Reads a ledger's view; that it cannot be believed is an answer here. */
export async function readViewOrError(
  ledger: Ledger,
  options: CallOptions,
): Promise<LedgerView | null | FloeError> {
  try {
    return await ledger.view(options);
  } catch (cause) {
    if (isFloeError(cause) && cause.exitCode === EXIT.integrity) return cause;
    throw cause;
  }
}
