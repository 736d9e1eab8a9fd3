import type { StandardIssue, StandardSchema } from "@floe/core/plugin";

/** How long every event is kept from being deleted, by whom, when the bucket has Object Lock. */
export interface ObjectLock {
  /** `compliance`: nobody can shorten it. `governance`: those who have the right to bypass it can. */
  readonly mode: "compliance" | "governance";
  readonly days: number;
}

/** Settings of the backend: `audit.with`, and `s3_bucket`. */
export interface S3Config {
  readonly bucket: string;
  /** What all keys begin with; ends with `/`, or is empty. */
  readonly prefix: string;
  /** `null`: as the AWS SDK finds it; `us-east-1` beside an endpoint. */
  readonly region: string | null;
  /** Another server than AWS; `null`: AWS. Without `/` at its end. */
  readonly endpoint: string | null;
  /** The bucket stands in the path, not in the host name. Default: beside an endpoint. */
  readonly forcePathStyle: boolean;
  /** Names a secret with the keys; `null`: the AWS SDK's own chain. */
  readonly credentialsRef: string | null;
  /** `null`: what the bucket does by itself. */
  readonly objectLock: ObjectLock | null;
  /** The account that must own the bucket; `null`: any. */
  readonly expectedBucketOwner: string | null;
}

const DEFAULT_PREFIX = "floe/";
/** A century; longer is a slip of the keyboard, and cannot be taken back. */
const MOST_DAYS = 36_500;

/** By hand: every command reads the ledger, and a library for these settings would take longer to load than they take. */
export const S3Config: StandardSchema<unknown, S3Config> = {
  "~standard": {
    version: 1,
    vendor: "@floe/plugin-audit-s3",
    validate(value) {
      if (!isMap(value)) return { issues: [{ message: "expected a map", path: [] }] };
      const issues: StandardIssue[] = [];
      const report = (path: string | readonly string[], message: string): void =>
        void issues.push({ message, path: [path].flat() });
      const take = <Kind>(
        key: string,
        fallback: Kind,
        holds: (given: unknown) => given is Kind,
        message: string,
      ): Kind => {
        const given = value[key];
        if (given === undefined || holds(given)) return given ?? fallback;
        report(key, message);
        return fallback;
      };
      for (const key of Object.keys(value)) if (!KEYS.has(key)) report([], `unknown key ${key}`);

      const bucket = take("bucket", "", isBucket, "expected the name of a bucket");
      if (bucket === "" && value["bucket"] === undefined) report("bucket", "is required");
      const prefix = take(
        "prefix",
        DEFAULT_PREFIX,
        isPrefix,
        "expected a prefix such as floe/, of letters, digits, and . _ - / between them",
      );
      const region = take("region", null, isRegion, "expected a region such as eu-central-1");
      const endpoint = take(
        "endpoint",
        null,
        isEndpoint,
        "expected https://HOST[:PORT], without user name, path or query",
      );
      const forcePathStyle = take(
        "force_path_style",
        endpoint !== null,
        isBoolean,
        "expected true or false",
      );
      const credentialsRef = take(
        "credentials_ref",
        null,
        isSecretRef,
        "expected env:NAME, file:PATH or a path",
      );
      const expectedBucketOwner = take(
        "expected_bucket_owner",
        null,
        isAccount,
        "expected an account's 12 digits, in quotes",
      );
      const objectLock = parseLock(value["object_lock"], report);
      if (issues.length > 0) return { issues };
      return {
        value: {
          bucket,
          prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
          region,
          endpoint: endpoint?.replace(/\/$/, "") ?? null,
          forcePathStyle,
          credentialsRef,
          objectLock,
          expectedBucketOwner,
        },
      };
    },
  },
};

const KEYS: ReadonlySet<string> = new Set([
  "bucket",
  "prefix",
  "region",
  "endpoint",
  "force_path_style",
  "credentials_ref",
  "expected_bucket_owner",
  "object_lock",
]);

function parseLock(
  given: unknown,
  report: (path: readonly string[], message: string) => void,
): ObjectLock | null {
  if (given === undefined || given === null) return null;
  const at = "object_lock";
  if (!isMap(given)) {
    report([at], "expected a map with mode and days");
    return null;
  }
  const { mode, days, ...rest } = given;
  for (const key of Object.keys(rest)) report([at], `unknown key ${key}`);
  const isMode = mode === "compliance" || mode === "governance";
  const isDays = Number.isSafeInteger(days) && Number(days) >= 1 && Number(days) <= MOST_DAYS;
  if (!isMode) report([at, "mode"], "expected compliance or governance");
  if (!isDays) report([at, "days"], `expected a number of days from 1 to ${MOST_DAYS}`);
  return isMode && isDays ? { mode, days: Number(days) } : null;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";

function matching<Kind extends string | null>(pattern: RegExp) {
  return (value: unknown): value is Kind => typeof value === "string" && pattern.test(value);
}

const isBucket = matching<string>(/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/);
// Neither dots as a segment nor an empty one: servers and their proxies disagree about what those mean.
const isPrefix = matching<string>(
  /^(?=.{0,200}$)(?:(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+\/)*(?:(?!\.{1,2}$)[A-Za-z0-9._-]+)?$/,
);
const isRegion = matching<string | null>(/^[a-z0-9][a-z0-9-]{0,63}$/);
const isSecretRef = matching<string | null>(/^[^\0\r\n]{1,4096}$/);
const isAccount = matching<string | null>(/^\d{12}$/);

function isEndpoint(value: unknown): value is string | null {
  if (typeof value !== "string" || value.length > 300 || !URL.canParse(value)) return false;
  const { protocol, username, password, pathname, search, hash, hostname } = new URL(value);
  return (
    /^https?:$/.test(protocol) &&
    hostname !== "" &&
    `${username}${password}${search}${hash}` === "" &&
    pathname === "/"
  );
}
