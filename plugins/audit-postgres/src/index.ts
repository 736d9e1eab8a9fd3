import { readFileSync } from "node:fs";
import type { AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import { PostgresConfig } from "./config.ts";
import { createPostgresBackend } from "./postgres-backend.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const postgres: AuditBackendProvider<PostgresConfig> = {
  id: "postgres",
  summary: "A PostgreSQL database, shared by all machines that reach it",
  config: PostgresConfig,
  open: async (config, options) => await createPostgresBackend(config, options),
};

/** The plugin: one audit backend, `postgres`. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-audit-postgres",
    version,
    description: "Keeps the ledger in PostgreSQL.",
  },
  auditBackends: [postgres],
} satisfies FloePlugin;
