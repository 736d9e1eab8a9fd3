import type { S3Client } from "@aws-sdk/client-s3";
import type { S3Config } from "./config.ts";
import { parseCredentials } from "./credentials.ts";
import { storeError } from "./store-error.ts";

/** Where secrets come from. */
export interface S3Services {
  readonly readSecret: (ref: string) => Promise<string>;
}

/** The SDK with a client for the bucket. */
export interface OpenClient {
  readonly sdk: typeof import("@aws-sdk/client-s3");
  readonly client: S3Client;
}

/** A connection that is not there by then will not come, in milliseconds. The rest is the caller's deadline. */
const CONNECT_MS = 4000;

/** Connections at a time; more would be of no use to a chain. */
const CONNECTIONS = 32;

/**
 * Loads the AWS SDK and makes a client. Nothing is sent.
 * @throws {AuditBackendError} unavailable - the SDK cannot be loaded; unauthenticated - the secret holds no keys
 */
export async function openClient(config: S3Config, services: S3Services): Promise<OpenClient> {
  const { credentialsRef, endpoint } = config;
  const given =
    credentialsRef === null
      ? null
      : parseCredentials(await services.readSecret(credentialsRef), credentialsRef);
  const sdk = await import("@aws-sdk/client-s3").catch((cause: unknown) => {
    throw storeError("unavailable", "@aws-sdk/client-s3 could not be loaded", {
      hint: "Reinstall it: floe plugins install @floe/plugin-audit-s3",
      cause,
    });
  });
  const region = config.region ?? (endpoint === null ? null : "us-east-1");
  const client = new sdk.S3Client({
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(given === null ? {} : { credentials: given }),
    forcePathStyle: config.forcePathStyle,
    // Requests that are tried again without a word could hide that an answer was lost: that is this plugin's to know.
    maxAttempts: 1,
    // Other servers than AWS's refuse or store what the SDK would add by itself; the checksum is given explicitly.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Another region or a redirect is a mistake in the manifest, and shall be seen as one.
    followRegionRedirects: false,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      httpsAgent: { maxSockets: CONNECTIONS },
      httpAgent: { maxSockets: CONNECTIONS },
    },
    // The terminal is floe's.
    logger: { trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  return { sdk, client };
}
