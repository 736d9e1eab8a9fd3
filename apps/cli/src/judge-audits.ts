import type { LedgerAudit } from "@floe/core";

/** Says whether ledgers are well: nothing failed, and with `anchored` each was held against a checkpoint. */
export function areWell(audits: readonly LedgerAudit[], anchored: boolean): boolean {
  return audits.every(({ chain, verdicts }) =>
    Object.entries(verdicts).every(
      ([question, { verdict }]) =>
        verdict === "ok" ||
        (verdict === "not_checked" && !(anchored && question === "anchoring" && chain !== null)),
    ),
  );
}

/** Says whether a bundle is accepted: whatever was not answered with ok has to be allowed by name, and none may have failed. */
export function isAccepted(audits: readonly LedgerAudit[], allowed: readonly string[]): boolean {
  return audits.every(({ verdicts }) =>
    Object.entries(verdicts).every(
      ([question, { verdict }]) =>
        verdict === "ok" || (verdict === "not_checked" && allowed.includes(question)),
    ),
  );
}
