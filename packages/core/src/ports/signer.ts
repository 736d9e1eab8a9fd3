import type { CallOptions } from "./artifact-store.ts";

/** Who made a signature, as far as the signature itself proves it. */
export type ProvenSigner =
  /** `keyId` is `sha256:<hex>` over the public key's SPKI DER. */
  | { readonly method: "key"; readonly keyId: string }
  | { readonly method: "keyless"; readonly issuer: string; readonly subject: string }
  /** A key made for one run: proves nothing about who ran it. */
  | { readonly method: "ephemeral"; readonly keyId: string };

/** Signs statements. Knowing `signer` costs no signature and asks no certificate authority. */
export interface Signer extends Partial<AsyncDisposable> {
  readonly signer: ProvenSigner;
  /**
   * Signs an in-toto statement (the exact bytes) as DSSE and returns a sigstore bundle v0.3, canonical JSON.
   */
  sign(statement: Uint8Array, options: CallOptions): Promise<Uint8Array>;
}

/** What a signature must be by, to be accepted. */
export type TrustedSigner =
  | { readonly method: "key"; readonly name: string /** PEM, SPKI. */; readonly publicKey: string }
  | {
      readonly method: "keyless";
      readonly name: string;
      readonly issuer: string;
      readonly subject?: string;
      readonly subjectPattern?: string;
    };

/** Answer of {@link Verifier.verifyBundle}. */
export type BundleVerdict =
  | {
      readonly ok: true;
      /** The trusted signer's name, as given in `trusted`. */
      readonly name: string;
      readonly signer: ProvenSigner;
      /** The signed bytes. */
      readonly statement: Uint8Array;
    }
  | { readonly ok: false; readonly code: BundleRefusal; readonly reason: string };

/** Why a bundle was not accepted. */
export type BundleRefusal =
  | "MALFORMED_BUNDLE"
  | "UNSUPPORTED_FORMAT"
  | "UNSUPPORTED_ALGORITHM"
  | "WRONG_KEY"
  | "IDENTITY_MISMATCH"
  | "SUBJECT_MISMATCH"
  | "WRONG_PREDICATE_TYPE";

/** Checks signed bundles; pure, no I/O. */
export interface Verifier {
  /**
   * Verifies a sigstore bundle against the signers that are trusted for it and returns the signed bytes. Never
   * throws for bad input: every refusal is typed.
   */
  verifyBundle(bundle: Uint8Array, trusted: readonly TrustedSigner[]): BundleVerdict;
}
