import { FloeError } from "@floe/core/errors";
import { digestOf, hasDigest, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions, Signer } from "@floe/core/ports";
import { COSIGN_SIGN_PREDICATE_TYPE, writeStatement } from "../statement/write-statement.ts";
import { type AttachedStatement, attachStatement } from "./attach-statement.ts";

/**
 * Signs an artifact the way `cosign sign` version 3 does and attaches the signature. What is signed is the SHA-256 of
 * the manifest's bytes, computed here. An index's signature does not cover the manifests it lists.
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - the bytes are not those of the descriptor; nothing is signed
 */
export async function signArtifact(
  input: {
    readonly store: ArtifactStore;
    readonly artifact: RawManifest;
    readonly signer: Signer;
    /** Signed facts, as `cosign sign -a` takes them. */
    readonly annotations?: Readonly<Record<string, string>>;
  },
  { signal }: CallOptions,
): Promise<AttachedStatement> {
  const { store, artifact, signer } = input;
  if (!hasDigest(artifact.bytes, artifact.descriptor.digest)) {
    throw new FloeError({
      code: "FLOE_DIGEST_MISMATCH",
      message: `the manifest to sign does not have the digest ${artifact.descriptor.digest}`,
    });
  }
  const statement = writeStatement({
    subject: digestOf(artifact.bytes),
    ...(input.annotations === undefined ? {} : { subjectAnnotations: input.annotations }),
    predicateType: COSIGN_SIGN_PREDICATE_TYPE,
  });
  return await attachStatement(
    {
      store,
      subject: artifact,
      content: { statement, signer },
      predicateType: COSIGN_SIGN_PREDICATE_TYPE,
    },
    { signal },
  );
}
