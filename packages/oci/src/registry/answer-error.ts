import { FloeError, type FloeErrorCode } from "@floe/core/errors";
import type { HttpAnswer } from "../transport/http-message.ts";
import { terminalSafe } from "../transport/terminal-safe.ts";
import { parseRetryAfter } from "./retry.ts";

/** The most of an error body that is read. */
export const MAX_ERROR_BYTES = 64 * 1024;

const MAX_QUOTED = 300;

interface RegistryWords {
  /** The first error's code in upper case, or `null` if the body is not in the specified form. */
  readonly code: string | null;
  readonly message: string;
}

/**
 * Gives an error answer its code (distribution-spec, "Error Codes"). `details` has the HTTP status, the registry's
 * own code and whether repeating can help.
 */
export function answerError(
  answer: HttpAnswer,
  body: Uint8Array,
  context: { readonly now: Date; readonly redact: (text: string) => string },
): FloeError {
  const words = readWords(body, context.redact);
  const { status } = answer;
  const { code, hint } = meaningOf(status, words);
  const retryable = isRetryable(status);
  const retryAfter = parseRetryAfter(answer.headers["retry-after"], context.now);
  const quoted = words.message;
  return new FloeError({
    code,
    message: `${answer.label}: the registry answered ${status}${
      words.code === null ? "" : ` ${words.code}`
    }${quoted === "" ? "" : `: ${quoted}`}`,
    ...(hint === null ? {} : { hint }),
    details: {
      retryable,
      status,
      registry_code: words.code,
      ...(retryable && retryAfter !== null ? { retry_after_ms: retryAfter } : {}),
    },
  });
}

function isRetryable(status: number): boolean {
  return [408, 429, 499, 500, 502, 503, 504, 522].includes(status);
}

function meaningOf(
  status: number,
  words: RegistryWords,
): { code: FloeErrorCode; hint: string | null } {
  if (status === 401) {
    return {
      code: "FLOE_REGISTRY_UNAUTHORIZED",
      hint: "Check the registry's credentials and what the account may do.",
    };
  }
  if (status === 403) {
    return {
      code: "FLOE_REGISTRY_DENIED",
      hint: "The account lacks a permission, or a rule of the registry forbids this.",
    };
  }
  if (status === 407) {
    return {
      code: "FLOE_REGISTRY_UNAVAILABLE",
      hint: "The proxy wants other credentials: HTTP_PROXY=http://user:password@host:port.",
    };
  }
  if (status === 429) {
    return {
      code: "FLOE_REGISTRY_UNAVAILABLE",
      hint: "The registry limits requests; wait, then try again.",
    };
  }
  if (status >= 500 || isRetryable(status)) {
    return {
      code: "FLOE_REGISTRY_UNAVAILABLE",
      hint: "The registry has trouble; try again later.",
    };
  }
  if (status === 404) {
    return {
      code: "FLOE_ARTIFACT_NOT_FOUND",
      hint:
        words.code === "NAME_UNKNOWN"
          ? "The repository does not exist; some registries want it created before the first push."
          : null,
    };
  }
  if (status === 413) {
    return {
      code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
      hint: "The registry or a proxy before it limits the size of uploads; raise that limit.",
    };
  }
  if (words.code === "DIGEST_INVALID") {
    return { code: "FLOE_DIGEST_MISMATCH", hint: "What arrived is not what was sent; try again." };
  }
  return status >= 400
    ? { code: "FLOE_REGISTRY_REFUSED", hint: null }
    : { code: "FLOE_REGISTRY_RESPONSE_INVALID", hint: "Check that the address is a registry's." };
}

/** Says whether a refusal of a tag's PUT can mean that the tag is immutable and taken; registries differ. */
export function mayMeanTaken(error: FloeError): boolean {
  return [400, 403, 405, 409, 412].includes(Number(error.details?.["status"]));
}

/** Says whether the registry's words say that a tag cannot be overwritten or removed. */
export function saysImmutable(error: FloeError): boolean {
  return mayMeanTaken(error) && /immutab|overwrit|locked|protected tag/i.test(error.message);
}

function readWords(body: Uint8Array, redact: (text: string) => string): RegistryWords {
  const text = new TextDecoder().decode(body.subarray(0, MAX_ERROR_BYTES));
  try {
    const json: unknown = JSON.parse(text);
    const first: unknown =
      typeof json === "object" && json !== null && "errors" in json && Array.isArray(json.errors)
        ? json.errors[0]
        : null;
    if (typeof first === "object" && first !== null) {
      const { code, message } = first as { code?: unknown; message?: unknown };
      return {
        code: typeof code === "string" ? quote(code, redact).toUpperCase().slice(0, 60) : null,
        message: typeof message === "string" ? quote(message, redact) : "",
      };
    }
  } catch {
    // Not the specified form: an HTML page of a proxy, or nothing at all.
  }
  return { code: null, message: /^\s*</.test(text) ? "" : quote(text, redact) };
}

/** Secrets go before anything is cut: a part of one would not be recognised any more. */
function quote(text: string, redact: (text: string) => string): string {
  const line = redact(terminalSafe(redact(text)));
  return line.length > MAX_QUOTED ? `${line.slice(0, MAX_QUOTED)}…` : line;
}
