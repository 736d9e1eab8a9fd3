import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import type { S3Server } from "@floe/testing";

/** Makes a plain bucket on an S3 server, and returns its name. */
export async function makeBucket(
  { endpoint, ...credentials }: Omit<S3Server, symbol>,
  signal: AbortSignal,
): Promise<string> {
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const Bucket = `bench-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket }), { abortSignal: signal });
  client.destroy();
  return Bucket;
}
