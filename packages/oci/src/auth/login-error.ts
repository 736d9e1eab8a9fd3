import { FloeError } from "@floe/core/errors";

/** What went wrong while credentials were looked for. */
export interface LoginProblem {
  /** Host and port. */
  readonly registry: string;
  /** The file, variable, helper or cloud that was asked. */
  readonly source: string;
  /** One clause, without any value that was read. */
  readonly problem: string;
  readonly hint: string;
  readonly cause?: unknown;
}

/** The error of credentials that could not be had. Nothing was asked of the registry with them. */
export function loginError(problem: LoginProblem): FloeError<"FLOE_REGISTRY_LOGIN_FAILED"> {
  const { registry, source, hint, cause } = problem;
  return new FloeError({
    code: "FLOE_REGISTRY_LOGIN_FAILED",
    message: `logging in to ${registry} with ${source} failed: ${problem.problem}`,
    hint,
    details: { retryable: false, registry, credential_source: source },
    ...(cause === undefined ? {} : { cause }),
  });
}
