import type { StandardIssue, StandardSchema } from "@floe/core/plugin";

/** Settings of the backend: `audit.with`, or the path of `database_url: sqlite:PATH`. */
export interface SqliteConfig {
  /** The database file; a relative path counts from the manifest's folder. */
  readonly path: string;
}

const DEFAULT_PATH = ".floe/audit.db";

/** By hand: every command reads the ledger, and a library for one setting would take longer to load than SQLite does. */
export const SqliteConfig: StandardSchema<unknown, SqliteConfig> = {
  "~standard": {
    version: 1,
    vendor: "@floe/plugin-audit-sqlite",
    validate(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return { issues: [{ message: "expected a map", path: [] }] };
      const { path = DEFAULT_PATH, ...rest } = value as Record<string, unknown>;
      const issues: StandardIssue[] = Object.keys(rest).map((key) => ({
        message: `unknown key ${key}`,
        path: [key],
      }));
      if (!isFile(path))
        issues.push({
          message: "expected the path of a file, of at most 4096 characters",
          path: ["path"],
        });
      return isFile(path) && issues.length === 0 ? { value: { path } } : { issues };
    },
  },
};

function isFile(path: unknown): path is string {
  return (
    typeof path === "string" &&
    path !== "" &&
    path.length <= 4096 &&
    !/[\0\r\n]/.test(path) &&
    // To SQLite these are no paths.
    path !== ":memory:" &&
    !path.startsWith("file:")
  );
}
