import { FloeError } from "@floe/core/errors";

/** The kinds of key that both cosign and floe can use; said in every refusal of another kind. */
const ACCEPTED = "cosign-compatible signing needs ECDSA P-256 or RSA >= 2048";

/** The error for a key that cannot be read or used. The message never holds any part of the key. */
export function keyInvalid(problem: string, cause?: unknown): FloeError<"FLOE_KEY_INVALID"> {
  return new FloeError({
    code: "FLOE_KEY_INVALID",
    message: problem,
    hint: `Use a PEM file; ${ACCEPTED}. "floe artifact keygen" and "cosign generate-key-pair" make such keys.`,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The error for an encrypted key that the password, or the lack of one, does not open. */
export function passwordWrong(
  problem: string,
  cause?: unknown,
): FloeError<"FLOE_KEY_PASSWORD_WRONG"> {
  return new FloeError({
    code: "FLOE_KEY_PASSWORD_WRONG",
    message: problem,
    hint: "Set FLOE_KEY_PASSWORD or COSIGN_PASSWORD to the password that the key was made with; an empty one counts as a password.",
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Refuses a key of a kind that cosign signs or verifies in another way than everybody else (P-384, P-521, ed25519) or
 * that is too weak, so that it fails when it is loaded and not when somebody verifies.
 * @throws {FloeError} FLOE_KEY_INVALID - anything but ECDSA P-256 and RSA of at least 2048 bits
 */
export function assertUsableKind(
  key: {
    readonly asymmetricKeyType?: string;
    readonly asymmetricKeyDetails?: {
      readonly namedCurve?: string;
      readonly modulusLength?: number;
    };
  },
  what: "private key" | "public key",
): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type === "ec" && details.namedCurve === "prime256v1") return;
  if (type === "rsa" && (details.modulusLength ?? 0) >= 2048) return;
  const detail = type === "ec" ? details.namedCurve : details.modulusLength;
  const found = `${type ?? "unknown"}${detail === undefined ? "" : ` ${detail}`}`;
  throw keyInvalid(`the ${what} is ${found}; ${ACCEPTED}`);
}
