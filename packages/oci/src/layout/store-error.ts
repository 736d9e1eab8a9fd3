import { FloeError } from "@floe/core/errors";

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "Free some space on the disk; nothing was left half-written.",
  EDQUOT: "The disk quota is used up; nothing was left half-written.",
  EACCES: "Check who owns the folder and its permissions.",
  EPERM: "Check who owns the folder and its permissions.",
  EROFS: "The folder is on a read-only file system.",
  EMFILE: "Too many files are open; raise the limit with ulimit -n.",
};

/** Says whether an error comes from the operating system and names a call that failed. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "syscall" in error;
}

/** Says whether a file or folder on the way is absent. */
export function isAbsent(error: unknown): boolean {
  return isSystemError(error) && error.code === "ENOENT";
}

/**
 * Turns what the operating system says into FLOE_STORE_IO with the cause kept; everything else stays as it is, so
 * that an abort or a bug is not mistaken for a broken disk.
 */
export function toStoreError(error: unknown, folder: string): unknown {
  if (!isSystemError(error)) return error;
  const hint = error.code === undefined ? undefined : HINTS[error.code];
  return new FloeError({
    code: "FLOE_STORE_IO",
    message: `the registry folder ${folder} cannot be used: ${error.message}`,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}

/** A FLOE_STORE_INVALID error: the folder is not a layout that floe can use. */
export function invalidStore(
  message: string,
  hint: string,
  cause?: unknown,
): FloeError<"FLOE_STORE_INVALID"> {
  return new FloeError({
    code: "FLOE_STORE_INVALID",
    message,
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
