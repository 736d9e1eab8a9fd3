import { FloeError, type FloeErrorCode, isFloeError } from "../errors/index.ts";
import type { CallOptions } from "../ports/index.ts";

/** Errors of an append that say more than that the ledger did not accept it. */
const TELLING: readonly FloeErrorCode[] = [
  "FLOE_REGISTRY_UNAUTHORIZED",
  "FLOE_REGISTRY_DENIED",
  "FLOE_PROMOTION_BUSY",
  "FLOE_SIGNER_MISSING",
  "FLOE_IDENTITY_TOKEN_INVALID",
  "FLOE_SIGNING_SERVICE_FAILED",
  "FLOE_KMS_PLUGIN_FAILED",
  "FLOE_TRUST_ROOT_UNAVAILABLE",
  "FLOE_KEY_INVALID",
  "FLOE_STORE_BUSY",
  "FLOE_LEDGER_UNAVAILABLE",
  "FLOE_LEDGER_UNAUTHENTICATED",
  "FLOE_POLICY_NOT_ACCEPTED",
];

/** The error for an event that could not be appended before anything was changed. */
export function notAppended(
  what: string,
  environment: string,
  cause: unknown,
  options: CallOptions,
): unknown {
  if (options.signal.aborted || !isFloeError(cause)) return cause;
  if (TELLING.includes(cause.code) || cause.exitCode === 18) return cause;
  return new FloeError({
    code: "FLOE_LEDGER_UNAVAILABLE",
    message: `the ledger of ${environment} did not accept the ${what}: ${cause.message}`,
    hint: "Nothing was changed. Run the same command again when the registry answers.",
    cause,
  });
}

/** The error for an operation that has reached its commit point and not its end. */
export function afterCommit(
  done: {
    readonly action: string;
    readonly operation: string;
    readonly version: string;
    readonly environment: string;
  },
  cause: unknown,
): FloeError {
  const { action, operation, version, environment } = done;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FloeError({
    code: "FLOE_LEDGER_OUTCOME_MISSING",
    message: `${version} is committed in ${environment}, but the ${action} was not finished: ${why}`,
    hint: `Run the same command again, or floe platform reconcile --env ${environment}: both finish it.`,
    details: { operation, version, environment },
    cause,
  });
}

/**
 * The error for a registry that has kept silent for as long as closing or finishing an operation may take. Those limits
 * are not the caller's signal, which may be aborted for reasons of its own.
 */
export function tooSlow(environment: string, cause: unknown, { signal }: CallOptions): unknown {
  const ours = cause instanceof DOMException && cause.name === "TimeoutError" && !signal.aborted;
  if (!ours) return cause;
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message: `the registry of ${environment} did not answer in the time that finishing may take`,
    hint: `How far it came is not known. Run the same command again, or floe platform reconcile --env ${environment}: both finish it.`,
    details: { environment },
    cause,
  });
}
