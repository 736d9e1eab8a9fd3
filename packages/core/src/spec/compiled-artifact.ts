import * as z from "zod";
import { FloeError } from "../errors/index.ts";
import { type Digest, isDigest } from "../model/digest.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import { MAX_COMPILED_BYTES } from "./compiled-media-type.ts";

/** Version of the format: raised when a reader of today would misunderstand it. */
const FORMAT_VERSION = 1;

const DigestText = z.custom<Digest>(isDigest, "not a digest");
const Anything = z.record(z.string(), z.unknown());

const CompiledComponent = z.looseObject({
  name: z.string(),
  type: z.string(),
  version: z.string().nullable(),
  description: z.string().nullable(),
  depends_on: z.array(z.string()),
  tags: z.array(z.string()),
  config: Anything,
  schema: Anything.nullable(),
});

/**
 * What `floe platform compile` makes of a spec and a manifest, written as canonical JSON (RFC 8785): the same input gives
 * the same bytes on every machine. Members that a newer floe adds are kept.
 */
export const CompiledArtifact = z.looseObject({
  apiVersion: z.literal("floe.dev/v1"),
  kind: z.literal("CompiledArtifact"),
  version: z.literal(FORMAT_VERSION),
  metadata: z.looseObject({
    name: z.string(),
    version: z.string().nullable(),
    owner: z.string().nullable(),
    description: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
  }),
  /** In dependency order. */
  components: z.array(CompiledComponent),
  /** In promotion order: what each of them asks for, and who may do what there. */
  environments: z.array(
    z.looseObject({
      name: z.string(),
      policy_digest: DigestText,
      authority_digest: DigestText,
      requirements: Anything,
      authority: Anything,
    }),
  ),
  /** Files that it was made from, by path relative to the spec's folder. */
  inputs: z.array(z.looseObject({ path: z.string(), digest: z.string() })),
});
export type CompiledArtifact = z.infer<typeof CompiledArtifact>;

/**
 * Reads a compiled artifact.
 * @throws {FloeError} FLOE_COMPILED_INVALID - not JSON, not a compiled artifact, or of a newer format
 */
export function parseCompiledArtifact(bytes: Uint8Array, where: string): CompiledArtifact {
  if (bytes.byteLength > MAX_COMPILED_BYTES)
    throw invalid(where, `it has ${bytes.byteLength} bytes, more than ${MAX_COMPILED_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(where, "it is not JSON", cause);
  }
  return readCompiledValue(value, where);
}

/**
 * The same of JSON that is parsed already.
 * @throws {FloeError} FLOE_COMPILED_INVALID - not a compiled artifact, or of a newer format
 */
export function readCompiledValue(value: unknown, where: string): CompiledArtifact {
  const parsed = CompiledArtifact.safeParse(value, PARSE_ONCE);
  if (parsed.success) return parsed.data;
  const { version } = (value ?? {}) as { version?: unknown };
  if (typeof version === "number" && version > FORMAT_VERSION)
    throw invalid(
      where,
      `it is of format ${version}, and this version of floe reads ${FORMAT_VERSION}`,
    );
  const issue = parsed.error.issues[0];
  throw invalid(where, issue ? `${issue.path.join(".")}: ${issue.message}` : "its form is wrong");
}

function invalid(where: string, why: string, cause?: unknown): FloeError {
  return new FloeError({
    code: "FLOE_COMPILED_INVALID",
    message: `${where} is not a compiled artifact: ${why}`,
    hint: "Make one with floe platform compile.",
    ...(cause === undefined ? {} : { cause }),
  });
}
