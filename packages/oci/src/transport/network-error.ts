import { FloeError, isFloeError } from "@floe/core/errors";

/** A time limit that ran out, before it is given a FloeError's form. */
export class TimeLimitError extends Error {}

const TLS_CODE =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/;

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ECONNRESET: "the connection was closed in the middle",
  EPIPE: "the connection was closed in the middle",
  ENOTFOUND: "the host name is not known",
  EAI_AGAIN: "the name server did not answer",
  ETIMEDOUT: "the connection timed out",
};

/**
 * Gives a failure of the network its code, and says in `details.retryable` whether trying again can help. An abort
 * stays what the signal's owner gave as its reason.
 */
export function toNetworkError(error: unknown, label: string, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  // A refusal of floe's own: an address that it does not go to, a proxy that says no.
  if (isFloeError(error)) return error;
  if (error instanceof TimeLimitError) {
    return unavailable(`${label}: ${error.message}`, { retryable: true, cause: error });
  }
  const code = codeOf(error);
  if (code.startsWith("HPE_") && code !== "HPE_INVALID_EOF_STATE") {
    return new FloeError({
      code: "FLOE_REGISTRY_RESPONSE_INVALID",
      message: `${label}: the answer is not HTTP that floe reads (${code})`,
      hint: "Check that host and port are a registry's; a proxy in between may answer in its place.",
      cause: error,
    });
  }
  if (/ALERT_CERTIFICATE_REQUIRED|ALERT_HANDSHAKE_FAILURE|ALERT_BAD_CERTIFICATE/.test(code)) {
    return unavailable(`${label}: the registry refused the TLS connection (${code})`, {
      retryable: false,
      hint: "It may want a client certificate: FLOE_REGISTRY_CLIENT_CERT_FILE and FLOE_REGISTRY_CLIENT_KEY_FILE.",
      cause: error,
    });
  }
  if (TLS_CODE.test(code)) {
    return unavailable(`${label}: no trusted TLS connection (${code})`, {
      retryable: false,
      hint: "Trust the registry's certificate authority (FLOE_REGISTRY_CA_FILE), or set insecure: true for plain http.",
      cause: error,
    });
  }
  const words = WORDS[code] ?? "the connection failed";
  return unavailable(`${label}: ${words}${code === "" ? "" : ` (${code})`}`, {
    retryable: code !== "ENOTFOUND",
    cause: error,
  });
}

function unavailable(
  message: string,
  rest: { readonly retryable: boolean; readonly hint?: string; readonly cause: unknown },
): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_UNAVAILABLE",
    message,
    hint: rest.hint ?? "Check the address and the network, then try again.",
    details: { retryable: rest.retryable },
    cause: rest.cause,
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}
