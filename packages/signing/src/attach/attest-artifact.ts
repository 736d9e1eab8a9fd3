import { FloeError } from "@floe/core/errors";
import { digestOf, hasDigest, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions, Signer } from "@floe/core/ports";
import { MAX_BUNDLE_BYTES } from "../bundle/parse-bundle.ts";
import type { Predicate } from "../predicate/parse-predicate.ts";
import { writeStatement } from "../statement/write-statement.ts";
import { type AttachedStatement, attachStatement } from "./attach-statement.ts";

/** Room in a bundle for what is not the statement: a certificate, log entries, timestamps. */
const ENVELOPE_BYTES = 64 * 1024;

/**
 * Signs a statement about an artifact the way `cosign attest` version 3 does, and attaches it. The subject is the SHA-256
 * of the manifest's bytes, computed here.
 * @throws {FloeError} FLOE_PREDICATE_INVALID - the bundle would be larger than what is read; nothing is signed
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - the bytes are not those of the descriptor; nothing is signed
 */
export async function attestArtifact(
  input: {
    readonly store: ArtifactStore;
    readonly artifact: RawManifest;
    readonly predicate: Predicate;
    readonly signer: Signer;
  },
  { signal }: CallOptions,
): Promise<AttachedStatement> {
  const { store, artifact, signer } = input;
  const { predicateType, json } = input.predicate;
  if (!hasDigest(artifact.bytes, artifact.descriptor.digest))
    throw new FloeError({
      code: "FLOE_DIGEST_MISMATCH",
      message: `the manifest to attest does not have the digest ${artifact.descriptor.digest}`,
    });
  const statement = writeStatement({
    subject: digestOf(artifact.bytes),
    // As cosign does; a folder's path is nobody else's business.
    ...(store.repository.startsWith("oci-") ? {} : { subjectName: store.repository }),
    predicateType,
    predicateJson: json,
  });
  // In base64 a third more.
  const size = Math.ceil(statement.byteLength / 3) * 4 + ENVELOPE_BYTES;
  if (size > MAX_BUNDLE_BYTES)
    throw new FloeError({
      code: "FLOE_PREDICATE_INVALID",
      message: `the predicate has ${json.byteLength} bytes without white space; signed, it would be larger than the ${MAX_BUNDLE_BYTES} bytes that are read`,
      hint: "Attest a smaller document, for example without the files of each package.",
    });
  return await attachStatement(
    { store, subject: artifact, content: { statement, signer }, predicateType },
    { signal },
  );
}
