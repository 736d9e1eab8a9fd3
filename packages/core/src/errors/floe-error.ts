import { ERRORS, type ExitCode, type FloeErrorCode } from "./catalogue.ts";

const BRAND = Symbol.for("floe.error");

/** JSON values, for error details and everything that is printed with `-o json`. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** What a {@link FloeError} is made of. */
export interface FloeErrorInit<Code extends FloeErrorCode = FloeErrorCode> {
  readonly code: Code;
  /** What happened, with the offending value, in one sentence. Never a secret. */
  readonly message: string;
  /** What the user can do about it. */
  readonly hint?: string;
  /** Machine-readable facts, snake case, for `-o json`. */
  readonly details?: JsonObject;
  readonly cause?: unknown;
}

/**
 * The one error that floe throws for an operational failure. A business outcome (blocked, refused) is a value
 * instead; a bug is a plain `Error` and ends with exit code 1.
 */
export class FloeError<Code extends FloeErrorCode = FloeErrorCode> extends Error {
  readonly [BRAND] = true;
  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: JsonObject | undefined;

  constructor(init: FloeErrorInit<Code>) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = "FloeError";
    this.code = init.code;
    this.hint = init.hint;
    this.details = init.details;
  }

  /** The process exit code for this error. */
  get exitCode(): ExitCode {
    return ERRORS[this.code].exit;
  }
}

/**
 * Tells a {@link FloeError} from anything else, also one that comes from a second copy of `@floe/core` in the
 * same process (brand by `Symbol.for`, not `instanceof`).
 */
export function isFloeError<Code extends FloeErrorCode>(
  value: unknown,
  code?: Code,
): value is FloeError<Code> {
  if (typeof value !== "object" || value === null || !(BRAND in value)) return false;
  return code === undefined || (value as FloeError).code === code;
}

const KNOWN = Symbol.for("floe.known");

/** Facts by the names of the JSON outputs. */
export type KnownFacts = Readonly<Record<string, unknown>>;

/**
 * Runs an operation and hands what it had found out by the time of an error to whoever shows the error: the facts stand
 * beside it in the JSON outputs.
 */
export async function keepingKnown<T>(
  run: (known: (facts: KnownFacts) => void) => Promise<T>,
): Promise<T> {
  let facts: KnownFacts = {};
  try {
    return await run((more) => {
      facts = { ...facts, ...more };
    });
  } catch (error) {
    if (error instanceof Error && Object.isExtensible(error))
      // An aborted signal's reason is one error for all the calls that it ends: the last one's facts stand with it.
      Object.defineProperty(error, KNOWN, { value: facts, configurable: true });
    throw error;
  }
}

/** What was known of an operation when it ended with this error; empty when nothing was. */
export function knownBy(error: unknown): KnownFacts {
  const known = (error as { readonly [KNOWN]?: KnownFacts } | null)?.[KNOWN];
  return known ?? {};
}
