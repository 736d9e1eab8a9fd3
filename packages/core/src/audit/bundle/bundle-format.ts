import { z } from "zod";
import { type Digest, isDigest } from "../../model/digest.ts";

// docs/reference/audit-bundle.md describes the format, and packages/audit-verifier reads it with code of its own.

/** Names the format in its first line. */
export const BUNDLE_FORMAT = "https://floe.dev/audit-bundle/v1";

/** The largest bundle that is read, in bytes. */
export const MAX_BUNDLE_BYTES = 1024 ** 3;
/** The longest line, in bytes: the largest blob that is taken along, in base64. */
export const MAX_BUNDLE_LINE = 24 * 1024 * 1024;
/** The most lines. */
export const MAX_BUNDLE_LINES = 5_000_000;

const DigestText = z.custom<Digest>(isDigest, "not a digest");
const Environment = z.string().regex(/^[a-z][a-z0-9_-]{0,49}$/);

const Head = z.looseObject({
  type: z.literal("bundle"),
  format: z.literal(BUNDLE_FORMAT),
  /** `metadata.name` of the manifest. */
  project: z.string(),
  environments: z
    .array(
      z.looseObject({
        name: Environment,
        chain: z.string(),
        /** Hash of the event that the environment's tag pins. */
        genesis: DigestText,
        /** How many events there are. */
        events: z.int().min(0),
      }),
    )
    .max(1000),
});

const Event = z.looseObject({
  type: z.literal("event"),
  environment: Environment,
  /** Slot that it was in. */
  seq: z.int().min(0),
  bytes: z.string(),
});

const Behind = z.looseObject({
  type: z.literal("behind"),
  environment: Environment,
  /** Hash of the event with which the ledger began in the place that it was moved from. */
  place: DigestText,
  /** Slot there, behind the ledger's end. */
  seq: z.int().min(0),
  bytes: z.string(),
});

const Checkpoint = z.looseObject({
  type: z.literal("checkpoint"),
  environment: Environment,
  /** Where it was. */
  name: z.string(),
  note: z.string(),
});

const Key = z.looseObject({
  type: z.literal("key"),
  key_id: z.string(),
  /** What the manifest calls its owner; `null`: nothing. */
  name: z.string().nullable(),
  public_key: z.string(),
});

const Stored = z.looseObject({
  type: z.literal("object"),
  digest: DigestText,
  media_type: z.string(),
  bytes: z.string(),
});

const End = z.looseObject({ type: z.literal("end"), lines: z.int().min(1) });

/** A line of a bundle. */
export const BundleLine = z.discriminatedUnion("type", [
  Head,
  Key,
  Event,
  Behind,
  Checkpoint,
  Stored,
  End,
]);
export type BundleLine = z.infer<typeof BundleLine>;

/** The first line of a bundle. */
export type BundleHead = z.infer<typeof Head>;
