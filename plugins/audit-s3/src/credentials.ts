import { storeError } from "./store-error.ts";

/** Keys as the AWS SDK takes them. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const FORMS =
  "Write ACCESS_KEY_ID:SECRET_ACCESS_KEY, or JSON with access_key_id, secret_access_key and, for keys that expire, session_token.";

/**
 * Reads what a `credentials_ref` names: `ID:SECRET`, or JSON `{access_key_id, secret_access_key, session_token?}`.
 * @throws {AuditBackendError} unauthenticated - it is neither; its content is not shown
 */
export function parseCredentials(text: string, ref: string): S3Credentials {
  const found = text.trimStart().startsWith("{") ? fromJson(text) : fromPair(text.trim());
  if (!found) throw storeError("unauthenticated", `${ref} holds no keys for S3`, { hint: FORMS });
  return found;
}

function fromPair(text: string): S3Credentials | null {
  const [, accessKeyId, secretAccessKey] = /^([\w.-]{1,128}):(\S{1,1024})$/.exec(text) ?? [];
  return accessKeyId === undefined || secretAccessKey === undefined
    ? null
    : { accessKeyId, secretAccessKey };
}

function fromJson(text: string): S3Credentials | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const {
    access_key_id: id,
    secret_access_key: secret,
    session_token: token,
  } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof secret !== "string" || id === "" || secret === "")
    return null;
  if (token !== undefined && typeof token !== "string") return null;
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token === undefined ? {} : { sessionToken: token }),
  };
}
