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

/** Says whether somebody else is writing, so that it is worth trying again. */
export function isBusy(cause: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(cause));
}

/** Turns what SQLite or the file system has thrown into an error that says why. */
export function asStoreError(cause: unknown, path: string): AuditBackendError {
  if (cause instanceof Error && "failure" in cause) return cause as AuditBackendError;
  const code = codeOf(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(code))
    return storeError("corrupt", `${path} is damaged: ${why}`, {
      hint: "Somebody or something changed the file. Restore it from a copy; floe begins no new one in its place.",
      cause,
    });
  if (/^SQLITE_(?:READONLY|PERM|AUTH)|^(?:EACCES|EPERM|EROFS)$/.test(code))
    return storeError("denied", `${path} may not be written: ${why}`, {
      hint: "Give the user that runs floe the right to write the file and its folder.",
      cause,
    });
  if (/^SQLITE_FULL|^(?:ENOSPC|EDQUOT)$/.test(code))
    return storeError("unavailable", `there is no room for ${path}: ${why}`, {
      hint: "Free some space on that file system, and run the same command again.",
      cause,
    });
  return storeError("unavailable", `${path} cannot be used: ${why}`, { cause });
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}
