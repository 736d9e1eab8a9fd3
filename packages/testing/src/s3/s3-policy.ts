import type { S3Request } from "./s3-answer.ts";

/** A bucket policy, as far as it denies: what it allows is not looked at, as everybody here is the bucket's owner. */
export interface S3Policy {
  readonly Statement: readonly S3Statement[];
}

interface S3Statement {
  readonly Effect: string;
  readonly Principal: unknown;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** Says whether a policy denies a request to a bucket. Requests count as sent over TLS. */
export function isDenied(policy: S3Policy, request: S3Request, bucket: string, now: Date): boolean {
  const arn = `arn:aws:s3:::${bucket}${request.key === "" ? "" : `/${request.key}`}`;
  const keys = keysOf(request, now);
  return actionsOf(request).some((action) =>
    policy.Statement.some(
      (statement) =>
        statement.Effect === "Deny" &&
        [statement.Action].flat().some((pattern) => matches(pattern, action)) &&
        [statement.Resource].flat().some((pattern) => matches(pattern, arn)) &&
        Object.entries(statement.Condition ?? {}).every(([operator, wanted]) =>
          Object.entries(wanted).every(([key, value]) => holds(operator, keys.get(key), value)),
        ),
    ),
  );
}

function actionsOf({ method, key, query, headers }: S3Request): string[] {
  if (key === "") {
    if (query.has("versions")) return ["s3:ListBucketVersions"];
    if (query.has("versioning")) return ["s3:GetBucketVersioning"];
    if (query.has("object-lock")) return ["s3:GetBucketObjectLockConfiguration"];
    return ["s3:ListBucket"];
  }
  if (method === "PUT")
    return [
      "s3:PutObject",
      ...(headers["x-amz-object-lock-mode"] === undefined ? [] : ["s3:PutObjectRetention"]),
    ];
  if (method === "DELETE")
    return [
      query.has("versionId") ? "s3:DeleteObjectVersion" : "s3:DeleteObject",
      ...(headers["x-amz-bypass-governance-retention"] === undefined
        ? []
        : ["s3:BypassGovernanceRetention"]),
    ];
  return ["s3:GetObject"];
}

function keysOf({ headers }: S3Request, now: Date): ReadonlyMap<string, string> {
  const keys = new Map([["aws:SecureTransport", "true"]]);
  const condition = headers["if-none-match"];
  if (typeof condition === "string") keys.set("s3:if-none-match", condition);
  const until = headers["x-amz-object-lock-retain-until-date"];
  if (typeof until === "string") {
    const days = Math.floor((Date.parse(until) - now.getTime()) / (24 * 3600 * 1000));
    keys.set("s3:object-lock-remaining-retention-days", String(days));
  }
  return keys;
}

function holds(operator: string, given: string | undefined, wanted: string): boolean {
  if (operator === "Null") return (given === undefined) === (wanted === "true");
  if (given === undefined) return false;
  if (operator === "NumericLessThan") return Number(given) < Number(wanted);
  if (operator === "Bool") return given === wanted;
  throw new Error(`the condition ${operator} is not known here`);
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[.\\/[\](){}+?^$|]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}
