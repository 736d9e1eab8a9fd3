import type { StandardIssue, StandardSchema } from "@floe/core/plugin";
import { parseServerUrl } from "./server-url.ts";

/** Settings of the backend: `audit.with`, and the URL of `database_url: postgres://…`. */
export interface PostgresConfig {
  /** `postgres://user@host/database`, or what names it where it holds a password. */
  readonly url: { readonly is: string } | { readonly ref: string };
  /** What names the password; the one of the URL otherwise. */
  readonly passwordRef: string | null;
  /** What names the certificates (PEM) of who may vouch for the server; those of Node.js otherwise. */
  readonly caRef: string | null;
  /** The schema that holds floe's tables. */
  readonly schema: string;
}

const DEFAULT_SCHEMA = "floe";
const REFERENCES = ["url_ref", "password_ref", "ca_ref"] as const;
const KNOWN: ReadonlySet<string> = new Set(["url", "schema", ...REFERENCES]);

/** By hand: every command reads the ledger, and a library for five settings would take longer to load than to connect. */
export const PostgresConfig: StandardSchema<unknown, PostgresConfig> = {
  "~standard": {
    version: 1,
    vendor: "@floe/plugin-audit-postgres",
    validate(value) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return { issues: [{ message: "expected a map", path: [] }] };
      const given = value as Record<string, unknown>;
      const issues: StandardIssue[] = Object.keys(given)
        .filter((key) => !KNOWN.has(key))
        .map((key) => ({ message: `unknown key ${key}`, path: [key] }));
      const { url, url_ref: urlRef, schema = DEFAULT_SCHEMA } = given;
      for (const key of REFERENCES)
        if (given[key] !== undefined && !isReference(given[key]))
          issues.push({ message: "expected env:NAME, file:PATH or a path", path: [key] });
      if (url === undefined && urlRef === undefined)
        issues.push({ message: "is required: postgres://user@host/database", path: ["url"] });
      if (url !== undefined && urlRef !== undefined)
        issues.push({ message: "url is given as well", path: ["url_ref"] });
      if (url !== undefined) {
        // The message never repeats what was written: it may hold a password.
        const parsed = parseServerUrl(url);
        if ("problem" in parsed) issues.push({ message: parsed.problem, path: ["url"] });
      }
      if (!isSchemaName(schema))
        issues.push({
          message: "expected lower-case letters, digits and _, at most 63, not beginning with pg_",
          path: ["schema"],
        });
      if (issues.length > 0) return { issues };
      return {
        value: {
          url: typeof url === "string" ? { is: url } : { ref: textOf(urlRef) ?? "" },
          passwordRef: textOf(given["password_ref"]),
          caRef: textOf(given["ca_ref"]),
          schema: textOf(schema) ?? DEFAULT_SCHEMA,
        },
      };
    },
  },
};

function isReference(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= 4096;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function isSchemaName(name: unknown): boolean {
  return typeof name === "string" && /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(name);
}
