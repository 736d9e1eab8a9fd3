import { readFileSync } from "node:fs";
import type { AuditBackendProvider, FloePlugin } from "@floe/core/plugin";
import { S3Config } from "./config.ts";
import { createS3Anchors } from "./s3-anchors.ts";
import { createS3Backend } from "./s3-backend.ts";

// Read, not written here a second time: a release changes the one in package.json.
const { version } = JSON.parse(
  readFileSync(new URL("../package.json", import.meta.url), "utf8"),
) as { readonly version: string };

const s3: AuditBackendProvider<S3Config> = {
  id: "s3",
  summary:
    "An S3 bucket that all machines reach, on AWS or a server that honours conditional writes",
  config: S3Config,
  // Nothing is loaded or sent before something is asked.
  open: async (config, { readSecret }) => createS3Backend(config, { readSecret }),
  openAnchors: async (config, { readSecret }) => createS3Anchors(config, { readSecret }),
};

/** The plugin: one audit backend, `s3`, which keeps checkpoints as well. */
export default {
  apiVersion: "floe.dev/v1",
  meta: {
    name: "@floe/plugin-audit-s3",
    version,
    description: "Keeps the ledger in an S3 bucket.",
  },
  auditBackends: [s3],
} satisfies FloePlugin;
