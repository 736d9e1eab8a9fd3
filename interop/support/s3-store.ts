import type { S3Server } from "@floe/testing";
import { clientOf, makeBucket } from "./make-bucket.ts";

/** Ledgers in a bucket of their own: what the manifest and the environment say of it. */
export interface S3Store {
  readonly audit: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string>>;
}

/** Makes a plain bucket on a server. */
export async function s3Store(server: S3Server): Promise<S3Store> {
  const client = clientOf(server);
  const bucket = await makeBucket(client, { kind: "plain" });
  client.destroy();
  const { endpoint, accessKeyId, secretAccessKey } = server;
  return {
    audit: {
      backend: "s3",
      s3_bucket: bucket,
      with: { endpoint, credentials_ref: "env:LEDGER_KEYS" },
    },
    env: { LEDGER_KEYS: `${accessKeyId}:${secretAccessKey}` },
  };
}
