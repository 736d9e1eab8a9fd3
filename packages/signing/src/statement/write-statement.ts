import { canonicalJson, type Digest, digestHex } from "@floe/core/model";

/** The predicate type of an image signature, as cosign 3 writes and as policies ask for. */
export const COSIGN_SIGN_PREDICATE_TYPE = "https://sigstore.dev/cosign/sign/v1";

/** What a statement says. */
export interface StatementInput {
  /** Digest of the artifact's manifest. */
  readonly subject: Digest;
  /** For people; cosign leaves it out of signatures, and nothing is decided by it. */
  readonly subjectName?: string;
  /** Signed facts about the subject, as `cosign sign -a` writes them. */
  readonly subjectAnnotations?: Readonly<Record<string, string>>;
  readonly predicateType: string;
  /** JSON; default an empty object. */
  readonly predicate?: unknown;
  /** Valid JSON that goes in byte for byte, instead of `predicate`. */
  readonly predicateJson?: Uint8Array;
}

/**
 * Writes an in-toto Statement v1 in canonical JSON; only a `predicateJson` stays as it is.
 * @throws {TypeError} the predicate is not JSON
 */
export function writeStatement(input: StatementInput): Uint8Array {
  const algorithm = input.subject.slice(0, input.subject.indexOf(":"));
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      {
        name: input.subjectName,
        digest: { [algorithm]: digestHex(input.subject) },
        annotations: input.subjectAnnotations,
      },
    ],
    predicateType: input.predicateType,
  };
  if (input.predicateJson === undefined)
    return encode(canonicalJson({ ...statement, predicate: input.predicate ?? {} }));
  const open = canonicalJson(statement).slice(0, -1);
  return Buffer.concat([encode(`${open},"predicate":`), input.predicateJson, encode("}")]);
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
