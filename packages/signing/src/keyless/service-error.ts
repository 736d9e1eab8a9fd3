import { FloeError } from "@floe/core/errors";
import type { SigstoreServices } from "@floe/core/manifest";
import { show } from "../encoding/json-object.ts";

/**
 * The error for a signing service that could not be reached or refused. A service's own words are shown short and escaped,
 * and never when the token is among them.
 */
export function serviceError(
  error: unknown,
  services: SigstoreServices,
  secret: string,
): FloeError<"FLOE_SIGNING_SERVICE_FAILED"> {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const service = code.startsWith("CA_")
    ? `the certificate authority ${services.fulcioUrl}`
    : code.startsWith("TLOG_")
      ? `the transparency log ${services.rekorUrl}`
      : code.startsWith("TSA_")
        ? `the timestamp authority ${services.tsaUrl}`
        : "a service of keyless signing";
  const { status, words, network } = answerOf(error);
  const said = words === null || words.includes(secret) ? "" : `: ${show(words, 200)}`;
  const what =
    status === null
      ? network === null
        ? "gave an answer that cannot be used"
        : `cannot be reached (${network})`
      : `answered ${status}${said}`;
  const isTokenRefused = code.startsWith("CA_") && (status === 400 || status === 401);
  return new FloeError({
    code: "FLOE_SIGNING_SERVICE_FAILED",
    message: `${service} ${what}`,
    hint: isTokenRefused
      ? "The authority did not take the token: is its issuer configured there, its audience sigstore, and is it not expired?"
      : "Nothing was signed. Try again; if it stays, check artifacts.signing (fulcio_url, rekor_url, tsa_url).",
  });
}

/** Reads what the library keeps of an answer: the status, and words after it; else the code of the network. */
export function answerOf(error: unknown): {
  readonly status: number | null;
  readonly words: string | null;
  readonly network: string | null;
} {
  let network: string | null = null;
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ("statusCode" in cause && typeof cause.statusCode === "number") {
      const words = cause.message.replace(/^\(\d+\)\s*/, "");
      return { status: cause.statusCode, words: words === "" ? null : words, network: null };
    }
    if ("code" in cause && /^E[A-Z]+$|^UND_|^ERR_|TIMEOUT/.test(String(cause.code)))
      network = String(cause.code);
  }
  return { status: null, words: null, network };
}
