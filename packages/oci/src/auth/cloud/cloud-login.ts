import { isFloeError } from "@floe/core/errors";
import type { ConnectionOptions } from "../../transport/connections.ts";
import { loginError } from "../login-error.ts";
import { orAborted } from "../single-flight.ts";

/** What a cloud is asked for. */
export interface CloudRequest {
  /** `host[:port]` as configured. */
  readonly registry: string;
  /** Where the registry's requests go to. */
  readonly origin: URL;
  /** The environment, which the clouds' own packages read as well. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For everything that is asked until there are credentials. */
  readonly timeoutMs: number;
  readonly now: () => Date;
  /** Nobody has named this cloud: where it offers no identity, the answer is `null` and not an error. */
  readonly optional: boolean;
  /** How the registry itself is reached. */
  readonly connection: ConnectionOptions;
}

/** Thrown by a cloud's part where it has something of its own to say; the message is shown. */
export class CloudProblem extends Error {
  readonly hint: string | null;

  constructor(message: string, hint: string | null = null) {
    super(message);
    this.hint = hint;
  }
}

const MAX_QUOTED = 300;

/**
 * Runs a cloud's part within its time, and gives whatever it throws the form of all login errors.
 * @throws {FloeError} FLOE_REGISTRY_LOGIN_FAILED - it failed or took too long
 */
export async function cloudLogin<Result>(
  context: {
    readonly registry: string;
    readonly source: string;
    readonly hint: string;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { registry, source, timeoutMs, signal } = context;
  const limit = AbortSignal.timeout(timeoutMs);
  const both = AbortSignal.any([signal, limit]);
  try {
    return await orAborted(run(both), both);
  } catch (error) {
    signal.throwIfAborted();
    if (isFloeError(error)) throw error;
    const problem = limit.aborted
      ? `no answer within ${timeoutMs / 1000} seconds`
      : describeFailure(error);
    const hint = (error instanceof CloudProblem ? error.hint : null) ?? context.hint;
    throw loginError({ registry, source, problem, hint, cause: cleanCause(error) });
  }
}

/** When to renew: some time before the end, but never at once again. */
export function renewAt(expiresAt: Date, marginMs: number, now: Date): Date {
  const soonest = Math.min(now.getTime() + 60_000, expiresAt.getTime());
  return new Date(Math.max(expiresAt.getTime() - marginMs, soonest));
}

/** One line of what a cloud's package threw, without what looks like a secret. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return "an error without a message";
  if (error instanceof CloudProblem) return error.message;
  // Parsers and the language itself quote what they were given, and what is not in form may still hold a token.
  const quotes = error instanceof SyntaxError || error instanceof TypeError;
  if (quotes || /JSON|Unexpected token|deserializ/i.test(error.message))
    return "an answer is not what it should be";
  const line = error.message
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .split(" ")
    .map((word) => (looksSecret(word) ? "***" : word))
    .join(" ");
  const text = line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
  return error.name === "Error" ? text : `${error.name.slice(0, 80)}: ${text}`;
}

/** Tokens are long and mix what words, addresses and names of roles do not. */
function looksSecret(word: string): boolean {
  return (
    /[A-Za-z0-9+=._~-]{20,}/.test(word) &&
    /\d/.test(word) &&
    /[A-Z]/.test(word) &&
    /[a-z]/.test(word)
  );
}

/** The same error as a plain one: those of the clouds' packages carry whole requests and answers with them. */
function cleanCause(error: unknown): Error {
  const clean = new Error(describeFailure(error));
  if (error instanceof Error) clean.name = error.name.slice(0, 80);
  return clean;
}
