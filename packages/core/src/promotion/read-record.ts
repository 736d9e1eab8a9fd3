import { FloeError } from "../errors/index.ts";
import { assertJudged } from "../ledger/assert-judged.ts";
import { embeddedBytes } from "../model/bundle-manifest.ts";
import { type Descriptor, MEDIA_TYPES, type RawManifest } from "../model/descriptor.ts";
import { type Digest, isDigest, isInTotoDigest } from "../model/digest.ts";
import { PREDICATE_TYPES } from "../model/records.ts";
import type { CallOptions, TrustedSigner } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";

/** A record whose signature verifies and that is about the digest it hangs on. */
export interface VerifiedRecord {
  readonly digest: Digest;
  readonly manifest: RawManifest;
  /** Digest of the signed bundle. */
  readonly bundle: Digest;
  /** The resolved policy that its manifest names, as whoever wrote the manifest says; `null` in older records. */
  readonly policy: Descriptor | null;
  /** Who signed, by the name under which the signer was trusted. */
  readonly signedBy: string;
  /** When it was signed, where a log or a timestamp authority says so. */
  readonly time: Date | null;
  /** What the statement calls its subject: the repository, without tag. */
  readonly subjectName: string | null;
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/**
 * Reads a record's manifest by tag or digest and verifies it; `null` when there is none. `embedded: true` takes the signed
 * bundle from the manifest where it is in there.
 * @throws {FloeError} FLOE_RECORD_INVALID - malformed, unsigned, or about another artifact
 */
export async function readRecord(
  reference: string,
  artifact: Digest,
  signedBy: readonly TrustedSigner[],
  context: Pick<FloeContext, "store" | "verifier">,
  { embedded = false, ...options }: CallOptions & { readonly embedded?: boolean },
): Promise<VerifiedRecord | null> {
  const manifest = await context.store.getManifest(reference, options);
  if (!manifest) return null;
  const invalid = (why: string): FloeError => invalidRecord(reference, why);
  const parsed = parseJson(manifest.bytes) as { layers?: unknown[]; config?: unknown } | null;
  const blob = descriptorOf(parsed?.layers?.[0], MEDIA_TYPES.sigstoreBundle);
  if (!blob) throw invalid("its manifest holds no signed bundle");
  const verdict = context.verifier.verifyBundle(
    (embedded ? embeddedBytes(parsed?.layers?.[0], blob) : null) ??
      (await context.store.getBlob(blob, options)),
    signedBy,
  );
  assertJudged(verdict, `the record ${reference}`);
  if (!verdict.ok && verdict.code === "TRUST_ROOT_UNAVAILABLE")
    throw new FloeError({
      code: "FLOE_TRUST_ROOT_UNAVAILABLE",
      message: `record ${reference} could not be judged: ${verdict.reason}`,
    });
  if (!verdict.ok)
    throw invalid(`its signature does not verify (${verdict.code}: ${verdict.reason})`);
  const statement = parseJson(verdict.statement) as {
    subject?: { name?: unknown; digest?: unknown }[];
    predicateType?: unknown;
    predicate?: unknown;
  } | null;
  if (!statement || !isInTotoDigest(statement.subject?.[0]?.digest, artifact))
    throw invalid(`it is not about ${artifact}`);
  const { predicateType, predicate } = statement;
  const name = statement.subject?.[0]?.name;
  if (typeof predicateType !== "string" || typeof predicate !== "object" || predicate === null) {
    throw invalid("its statement has no predicate");
  }
  return {
    digest: manifest.descriptor.digest,
    manifest,
    bundle: blob.digest,
    policy: descriptorOf(parsed?.config, MEDIA_TYPES.policy),
    signedBy: verdict.name,
    time: verdict.time,
    subjectName: typeof name === "string" ? name : null,
    predicateType,
    predicate: predicate as Record<string, unknown>,
  };
}

/** The operation that a record has to be of; a valid signature alone only says that somebody once did something. */
export interface RecordedOperation {
  readonly action: "promote" | "rollback";
  readonly operation: string;
  readonly environment: string;
  /** Hash of the intent's event. */
  readonly intent: Digest;
}

/** Says whether a verified record is of the very operation: not of another environment, another run or another ledger. */
export function isRecordOf(record: VerifiedRecord, wanted: RecordedOperation): boolean {
  const { predicate, predicateType } = record;
  const { ledger } = predicate as { readonly ledger?: { readonly hash?: unknown } | null };
  const [type, id, environment] =
    wanted.action === "promote"
      ? ([PREDICATE_TYPES.promotion, "promotion_id", "target_environment"] as const)
      : ([PREDICATE_TYPES.rollback, "rollback_id", "environment"] as const);
  return (
    predicateType === type &&
    predicate[id] === wanted.operation &&
    predicate[environment] === wanted.environment &&
    ledger?.hash === wanted.intent
  );
}

/**
 * Reads the record of an operation by its tag; `null` when there is none.
 * @throws {FloeError} FLOE_RECORD_INVALID - malformed, unsigned, or of something else
 */
export async function readOwnRecord(
  tag: string,
  artifact: Digest,
  signedBy: readonly TrustedSigner[],
  wanted: RecordedOperation,
  context: Pick<FloeContext, "store" | "verifier">,
  options: CallOptions,
): Promise<VerifiedRecord | null> {
  const record = await readRecord(tag, artifact, signedBy, context, options);
  if (record && !isRecordOf(record, wanted))
    throw invalidRecord(tag, `it is not of the ${wanted.action} ${wanted.operation}`);
  return record;
}

function invalidRecord(reference: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_RECORD_INVALID",
    message: `record ${reference}: ${why}`,
    hint: "Somebody changed what floe wrote beside the artifact; the promotion it stands for cannot be relied on.",
  });
}

function descriptorOf(value: unknown, mediaType: string): Descriptor | null {
  const found = (value ?? {}) as { digest?: unknown; size?: unknown; mediaType?: unknown };
  const { digest, size } = found;
  return found.mediaType === mediaType && isDigest(digest) && typeof size === "number"
    ? { mediaType, digest, size }
    : null;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
