import type { AuditBackendError, AuditFailure } from "@floe/core/plugin";

/** Makes an error as floe expects it of an audit backend. */
export function storeError(
  failure: AuditFailure,
  message: string,
  more: { readonly hint?: string; readonly cause?: unknown; readonly indeterminate?: boolean } = {},
): AuditBackendError {
  const { cause, ...members } = more;
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), {
    failure,
    ...members,
  });
}

/** What a server or the way to it has answered, as far as anything is decided by it. */
export interface Refusal {
  /** HTTP status; `null`: there was no answer. */
  readonly status: number | null;
  /** S3's code, such as `AccessDenied`, or the system's, such as `ECONNREFUSED`. */
  readonly code: string;
  readonly message: string;
}

/** Finds out what an error of the AWS SDK is about. */
export function refusalOf(cause: unknown): Refusal {
  const error = (cause ?? {}) as {
    name?: unknown;
    code?: unknown;
    Code?: unknown;
    message?: unknown;
    $metadata?: { httpStatusCode?: unknown };
    $response?: { statusCode?: unknown };
  };
  const status = error.$metadata?.httpStatusCode ?? error.$response?.statusCode;
  const [code = ""] = [error.Code, error.code, error.name].filter(
    (given) => typeof given === "string" && given !== "Error" && given !== "",
  ) as string[];
  return {
    status: typeof status === "number" ? status : null,
    code,
    message: String(error.message ?? cause).slice(0, 500),
  };
}

/** Nothing was sent: the server could not even be reached. */
const NOT_REACHED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|ENETUNREACH|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|ERR_TLS_\w+)$/;

/** The SDK has found no keys or no region, so that nothing was sent. */
function isUnprepared({ status, code, message }: Refusal): boolean {
  return (
    status === null &&
    (/Credentials|TokenProvider/.test(code) ||
      /^(?:Region is missing|Invalid region)/.test(message))
  );
}

/** Says whether it is known that a refused write has stored nothing. */
export function isNotStored(refusal: Refusal): boolean {
  const { status, code } = refusal;
  if (status === null) return NOT_REACHED.test(code) || isUnprepared(refusal);
  // 503 and 507 are said before anything is taken; behind another 5xx, or a gateway's, it may have been.
  return status < 500 || status === 501 || status === 503 || status === 507;
}

/** Says whether it is worth asking again in a moment. */
export function isPassing({ status, code }: Refusal): boolean {
  if (status === null) return NOT_REACHED.test(code) && !/CERT|TLS|UNABLE|SIGNED/.test(code);
  if (status === 409) return code === "ConditionalRequestConflict" || code === "OperationAborted";
  // The SDK has set its clock by the answer.
  if (status === 403) return code === "RequestTimeTooSkewed";
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}

const UNKNOWN_CALLER =
  /^(?:InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|ExpiredTokenException|InvalidToken|TokenRefreshRequired|InvalidClientTokenId|UnrecognizedClientException|CredentialsProviderError|TokenProviderError|CredentialsError)$/;
const NO_ROOM =
  /^(?:QuotaExceeded|XMinioStorageFull|StorageFull|InsufficientStorage|XMinioAdminBucketQuotaExceeded|EntityTooLarge)$/;

/** Turns what the SDK has thrown into an error that says why; `what` says what was tried, for example `bucket b`. */
export function asStoreError(cause: unknown, what: string): AuditBackendError {
  if (cause instanceof Error && "failure" in cause) return cause as AuditBackendError;
  const refusal = refusalOf(cause);
  const { status, code, message } = refusal;
  const said = message === "" || message === code ? code || "no reason given" : message;
  const why = `${what}: ${said}${status === null ? "" : ` (${status}${code === "" ? "" : ` ${code}`})`}`;
  if (code === "RequestTimeTooSkewed")
    return storeError("unauthenticated", why, {
      hint: "Set the clock of this machine (timedatectl set-ntp true): S3 refuses requests that are 15 minutes off.",
      cause,
    });
  if (UNKNOWN_CALLER.test(code) || status === 401)
    return storeError("unauthenticated", why, {
      hint: "Renew the keys: audit.with.credentials_ref, or what the AWS SDK finds (environment, profile, role).",
      cause,
    });
  if (code === "NoSuchBucket")
    return storeError("unavailable", why, {
      hint: "Make the bucket, or correct audit.s3_bucket; floe makes none.",
      cause,
    });
  if (NO_ROOM.test(code) || status === 507)
    return storeError("unavailable", `there is no room in ${why}`, {
      hint: "Give the bucket room, and run the same command again.",
      cause,
    });
  if (status === 403)
    return storeError("denied", why, {
      hint: "Let these keys list the bucket, and read and write objects below the prefix; docs/guides/audit.md has a policy.",
      cause,
    });
  if (/^Region is missing/.test(message))
    return storeError("unavailable", `${what}: no region is known`, {
      hint: "Set audit.with.region or AWS_REGION.",
      cause,
    });
  if (status === 301 || code === "AuthorizationHeaderMalformed")
    return storeError("unavailable", why, {
      hint: "The bucket is in another region: set audit.with.region.",
      cause,
    });
  if (status === 501)
    return storeError("refused", why, {
      hint: "This server does not know what floe needs (If-None-Match on PutObject, ListObjectsV2).",
      cause,
    });
  if (/^Checksum mismatch/.test(message)) return storeError("corrupt", why, { cause });
  return storeError("unavailable", why, { cause });
}
