import type { S3Config } from "./config.ts";

/** The place, as the registry pins it: the bucket, and the server when that is not AWS. */
export function locationOf({ bucket, prefix, endpoint }: S3Config): string {
  return endpoint === null ? `s3://${bucket}/${prefix}` : `s3:${endpoint}/${bucket}/${prefix}`;
}
