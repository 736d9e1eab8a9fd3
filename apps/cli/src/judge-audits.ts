import type { LedgerAudit } from "@floe/core";

/**
 * Says whether ledgers are well: nothing failed, and nothing of one that there is was left unseen, as its past is where a place
 * that it was moved from cannot be asked. That is allowed by name. Whether one was held against a checkpoint counts with `anchored`.
 */
export function areWell(
  audits: readonly LedgerAudit[],
  { anchored, allowed }: { readonly anchored: boolean; readonly allowed: readonly string[] },
): boolean {
  return audits.every(({ chain, verdicts }) =>
    Object.entries(verdicts).every(
      ([question, { verdict }]) =>
        verdict === "ok" ||
        (verdict === "not_checked" &&
          (chain === null ||
            allowed.includes(question) ||
            (question === "anchoring" && !anchored))),
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
