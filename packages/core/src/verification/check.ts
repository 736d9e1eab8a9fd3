import { EXIT, type FloeError, type FloeErrorCode, isFloeError } from "../errors/index.ts";
import { type Reason, reason } from "../promotion/reason.ts";

/** What a check came to. `not_checked` is never `ok`: what was not looked at says nothing. */
export type CheckStatus = "ok" | "failed" | "not_checked" | "warning";

/** What is checked, in the order in which it is. */
export type CheckName =
  | "ledger"
  | "history"
  | "standing"
  | "tags"
  | "way_in"
  | "record"
  | "signer"
  | "policy"
  | "gates"
  | "overrides"
  | "signature_then"
  | "approvals"
  | "separation"
  | "soak"
  | "summary"
  | "current_policy"
  | "path"
  | "place"
  | "artifact_signature";

/** One thing that was looked at. */
export interface Check {
  readonly check: CheckName;
  readonly environment: string;
  readonly status: CheckStatus;
  /** What was seen, in one sentence. */
  readonly summary: string;
  /** What to do about it; `null` with `ok`. */
  readonly fix: string | null;
  /** Only with `failed` and `not_checked`: it decides the exit code. */
  readonly code: FloeErrorCode | null;
}

/** Makes checks of one environment. */
export interface Checks {
  ok(check: CheckName, summary: string): Check;
  warning(check: CheckName, summary: string, fix: string): Check;
  failed(check: CheckName, code: FloeErrorCode, summary: string, fix: string): Check;
  notChecked(check: CheckName, summary: string, fix: string): Check;
}

/** Makes checks of an environment. */
export function checksOf(environment: string): Checks {
  return {
    ok: (check, summary) => ({ check, environment, status: "ok", summary, fix: null, code: null }),
    warning: (check, summary, fix) => ({
      ...{ check, environment, status: "warning", summary, fix, code: null },
    }),
    failed: (check, code, summary, fix) => ({
      ...{ check, environment, status: "failed", summary, fix, code },
    }),
    notChecked: (check, summary, fix) => ({
      ...{ check, environment, status: "not_checked", summary, fix },
      code: "FLOE_VERIFY_UNJUDGED",
    }),
  };
}

/**
 * What stands in the way of trust: everything that failed or was not checked. What was tampered with comes first, since
 * it is the more serious news.
 */
export function blockingOf(checks: readonly Check[]): Reason[] {
  const reasons = checks.flatMap(({ check, environment, code, summary, fix }) =>
    code === null
      ? []
      : [reason(code, `${environment}: ${check}: ${summary}`, fix === null ? undefined : fix)],
  );
  const isIntegrity = ({ exitCode }: Reason): boolean => exitCode === EXIT.integrity;
  return [...reasons.filter(isIntegrity), ...reasons.filter((one) => !isIntegrity(one))];
}

/**
 * Gives the error that says something about what is stored: it was changed, or is gone. Any other, such as a registry that
 * does not answer, says nothing about it.
 */
export function evidenceOf(cause: unknown): FloeError | null {
  if (!isFloeError(cause)) return null;
  const gone = cause.code === "FLOE_ARTIFACT_NOT_FOUND";
  return gone || cause.exitCode === EXIT.integrity ? cause : null;
}
