import { readFileSync } from "node:fs";
import type { AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import { SqliteConfig } from "./config.ts";
import { createSqliteBackend } from "./sqlite-backend.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const sqlite: AuditBackendProvider<SqliteConfig> = {
  id: "sqlite",
  summary: "An SQLite file on this machine, shared by all its processes",
  config: SqliteConfig,
  open: async (config, { baseDir }) => createSqliteBackend(config, baseDir),
};

/** The plugin: one audit backend, `sqlite`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-audit-sqlite",
    version,
    description: "Keeps the ledger in an SQLite file.",
  },
  auditBackends: [sqlite],
} satisfies FloePlugin;
