import type { S3Client } from "@aws-sdk/client-s3";
import s3 from "@floe/plugin-audit-s3";
import { describeAuditBackendContract } from "@floe/plugin-testkit";
import { type S3Server, startMoto } from "@floe/testing";
import { afterAll, beforeAll } from "vitest";
import { clientOf, makeBucket } from "./support/make-bucket.ts";

let server: S3Server;
let client: S3Client;
beforeAll(async () => {
  server = await startMoto({ signal: AbortSignal.timeout(60_000) });
  process.env["FLOE_MOTO_KEYS"] = `${server.accessKeyId}:${server.secretAccessKey}`;
  client = clientOf(server);
});
afterAll(async () => {
  client.destroy();
  await server[Symbol.asyncDispose]();
});

// A server that nobody here wrote, whose conditional writes have one winner on buckets with versions and Object Lock too.
describeAuditBackendContract(s3, "s3", {
  packageJson: new URL("../plugins/audit-s3/package.json", import.meta.url),
  module: new URL("../plugins/audit-s3/src/index.ts", import.meta.url),
  validConfigs: [{ bucket: "acme-ledgers" }],
  invalidConfigs: [{ config: {}, path: ["bucket"] }],
  rounds: 20,
  async makeStore() {
    const bucket = await makeBucket(client, { kind: "locked" });
    return {
      config: { bucket, endpoint: server.endpoint, credentials_ref: "env:FLOE_MOTO_KEYS" },
      async [Symbol.asyncDispose]() {},
    };
  },
});
