export {
  type AttachedStatement,
  type AttachStatementInput,
  attachStatement,
} from "./attach/attach-statement.ts";
export { attestArtifact } from "./attach/attest-artifact.ts";
export {
  type AttachedBundle,
  type AttachedBundles,
  MAX_REFERRERS,
  type OtherReferrer,
  type ReadBundlesInput,
  readAttachedBundles,
} from "./attach/read-attached-bundles.ts";
export { type AttachedSbom, type AttachedSboms, readSboms } from "./attach/read-sboms.ts";
export { createSbomReader } from "./attach/sbom-reader.ts";
export { signArtifact } from "./attach/sign-artifact.ts";
export { MAX_BUNDLE_BYTES } from "./bundle/parse-bundle.ts";
export { ambientTokenSource } from "./keyless/ambient-token.ts";
export type { KeylessEngine, KeylessProof, TrustRootState } from "./keyless/keyless-engine.ts";
export { createKeylessSigner, type KeylessSignerOptions } from "./keyless/keyless-signer.ts";
export { type KeylessEngineOptions, loadKeylessEngine } from "./keyless/load-keyless-engine.ts";
export { type LoginOptions, type LoginPrompt, loginTokenSource } from "./keyless/login-token.ts";
export type { TokenSource } from "./keyless/token-source.ts";
export { generateKeyPair, type KeyPairPem } from "./keys/key-pair.ts";
export { loadPrivateKey, type PrivateKeyOptions } from "./keys/private-key.ts";
export { keyId, loadPublicKey, publicKeyPem } from "./keys/public-key.ts";
export { type KmsKey, openKmsKey, parseKmsUri } from "./kms/kms-key.ts";
export { createRekorLog, type RekorLogOptions } from "./log/rekor-log.ts";
export { describeSbom, type SbomDescription } from "./predicate/describe-sbom.ts";
export {
  MAX_PREDICATE_BYTES,
  type Predicate,
  type PredicateInput,
  parsePredicate,
  parseSbom,
} from "./predicate/parse-predicate.ts";
export {
  CYCLONEDX_PREDICATE_TYPE,
  parsePredicateType,
  readPredicateType,
  SPDX_PREDICATE_TYPE,
} from "./predicate/predicate-type.ts";
export { createDeferredKeySigner } from "./sign/deferred-key-signer.ts";
export { createEphemeralSigner, type EphemeralSigner } from "./sign/ephemeral-signer.ts";
export { createKeySigner } from "./sign/key-signer.ts";
export {
  hasSubject,
  type ParsedStatement,
  parseStatement,
  type Statement,
  type StatementSubject,
} from "./statement/parse-statement.ts";
export {
  COSIGN_SIGN_PREDICATE_TYPE,
  type StatementInput,
  writeStatement,
} from "./statement/write-statement.ts";
export {
  type ArtifactVerifierOptions,
  createArtifactVerifier,
} from "./verify/artifact-verifier.ts";
export { createProofCache, type ProofCache, type ProofCacheOptions } from "./verify/proof-cache.ts";
export { createVerifier, type VerifierOptions } from "./verify/verifier.ts";
