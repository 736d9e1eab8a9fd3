import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3Server } from "@floe/testing";

/** What a bucket keeps: `locked` has Object Lock, with `days` a default retention in compliance mode. */
export type BucketKind =
  | { readonly kind: "plain" | "versioned" }
  | { readonly kind: "locked"; readonly days?: number };

/** A client of a server, as its owner has one. The caller destroys it. */
export function clientOf({ endpoint, ...credentials }: Omit<S3Server, symbol>): S3Client {
  return new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
}

/** Makes a bucket that nobody has used, and returns its name. */
export async function makeBucket(client: S3Client, bucket: BucketKind): Promise<string> {
  const Bucket = `floe-${randomUUID()}`;
  const locked = bucket.kind === "locked";
  await client.send(
    new CreateBucketCommand({ Bucket, ...(locked ? { ObjectLockEnabledForBucket: true } : {}) }),
  );
  if (bucket.kind === "versioned")
    await client.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
  if (locked && bucket.days !== undefined)
    await client.send(
      new PutObjectLockConfigurationCommand({
        Bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: "Enabled",
          Rule: { DefaultRetention: { Mode: "COMPLIANCE", Days: bucket.days } },
        },
      }),
    );
  return Bucket;
}
