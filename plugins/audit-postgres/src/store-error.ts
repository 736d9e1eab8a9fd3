import type { AuditBackendError, AuditFailure } from "@floe/core/plugin";

/** What is told beside the message. */
interface More {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly indeterminate?: boolean;
}

/** Makes an error as floe expects it of an audit backend. */
export function storeError(
  failure: AuditFailure,
  message: string,
  more: More = {},
): AuditBackendError {
  const { cause, ...members } = more;
  return Object.assign(new Error(message, cause === undefined ? {} : { cause }), {
    failure,
    ...members,
  });
}

const TABLES =
  "docs/guides/audit.md has the SQL for the tables and for a role that may only add events.";

// By SQLSTATE, or the beginning of one: https://www.postgresql.org/docs/15/errcodes-appendix.html. Those of FL are floe's own,
// see schema.ts.
const FAILURES: readonly (readonly [code: RegExp, failure: AuditFailure, hint?: string])[] = [
  [/^FL00[13]$/, "refused"],
  [/^FL00[24]$/, "corrupt", "Somebody changed the table. Restore the database from a copy."],
  [/^28/, "unauthenticated", "Check the user and the password of the database URL."],
  [
    /^25006$/,
    "denied",
    "The server or the role is read-only (default_transaction_read_only, or a standby): name the primary, with a role that may write.",
  ],
  [/^42501$/, "denied", `Give the role of the database URL the right to add events. ${TABLES}`],
  [/^3D000$/, "unavailable", `Create the database. ${TABLES}`],
  [
    /^(?:42P01|3F000|42703|42883)$/,
    "corrupt",
    "floe's tables were removed or changed. Restore the database from a copy.",
  ],
  [
    /^53100$/,
    "unavailable",
    "Free some space on the server's disk, and run the same command again.",
  ],
  [
    /^53300$/,
    "unavailable",
    "The server takes no more connections; try again, or raise max_connections.",
  ],
  [
    /^(?:55P03|57014)$/,
    "unavailable",
    "Another session holds the table. Try again, or look into pg_stat_activity.",
  ],
  [
    /^XX00[12]$/,
    "corrupt",
    "The server found damage on its disk. Restore the database from a copy.",
  ],
  [/^(?:22|23)/, "refused"],
];

/** Turns what the driver has thrown into an error that says why. `location` names the database without secrets. */
export function asStoreError(cause: unknown, location: string, more: More = {}): AuditBackendError {
  if (cause instanceof Error && "failure" in cause) return cause as AuditBackendError;
  const code = codeOf(cause);
  const [, failure = "unavailable", hint] = FAILURES.find(([known]) => known.test(code)) ?? [];
  const why = cause instanceof AggregateError ? String(cause.errors[0]) : (cause as Error).message;
  return storeError(failure, `${location}: ${why || code}`, {
    ...(hint === undefined ? {} : { hint }),
    ...more,
    cause,
  });
}

/**
 * Says whether the server has answered that it did nothing: an error of severity ERROR undoes its statement. After anything
 * else (FATAL, a lost connection, silence) the statement may have been committed.
 */
export function isUndone(cause: unknown): boolean {
  const { severity } = cause as { readonly severity?: unknown };
  return (
    severity === "ERROR" && /^[0-9A-Z]{5}$/.test(codeOf(cause)) && !codeOf(cause).startsWith("08")
  );
}

function codeOf(cause: unknown): string {
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  return typeof code === "string" ? code : "";
}
