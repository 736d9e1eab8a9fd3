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
   * Comes back when it is sure that the signer can sign, as who `signer` says. Absent: it is sure from the start. No
   * judgement that rests on who signs is told to anybody before it.
   */
  ready?(options: CallOptions): Promise<void>;
  /**
   * Signs an in-toto statement (the exact bytes) as DSSE and returns a sigstore bundle v0.3, canonical JSON.
   */
  sign(statement: Uint8Array, options: CallOptions): Promise<Uint8Array>;
  /**
   * Signs bytes as they are: ECDSA P-256 over their SHA-256, DER. Absent for signers that sign statements only, such as
   * certificates of one use and RSA keys.
   */
  signBytes?(bytes: Uint8Array, options: CallOptions): Promise<Uint8Array>;
}

/** What a signature must be by, to be accepted. */
export type TrustedSigner =
  | { readonly method: "key"; readonly name: string /** PEM, SPKI. */; readonly publicKey: string }
  | {
      readonly method: "keyless";
      readonly name: string;
      /** Compared as written, never as a pattern. */
      readonly issuer: string;
      /** Exactly one of the three says who at that issuer. */
      readonly subject?: string;
      /** A glob over the whole subject: `*` stops at `/` and `@`, `**` does not. */
      readonly subjectPattern?: string;
      /** A regular expression over the whole subject, matched in linear time (RE2). */
      readonly subjectRegex?: string;
      /** Whether an entry of a transparency log is needed. Default `true`; a trusted time is needed either way. */
      readonly requireRekor?: boolean;
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
      /**
       * The earliest time at which a log's signed entry timestamp or a timestamp authority (RFC 3161) saw the signature;
       * `null` when neither is proven, which only a key's signature may lack.
       */
      readonly time: Date | null;
      /** Whether an entry of a trusted transparency log was verified. */
      readonly logged: boolean;
    }
  | { readonly ok: false; readonly code: BundleRefusal; readonly reason: string };

/**
 * Why a bundle was not accepted. Everything but `TRUST_ROOT_UNAVAILABLE` is a judgement of the bundle; that one says
 * that nothing could be judged.
 */
export type BundleRefusal =
  /** Not a bundle, or one that contradicts itself. */
  | "MALFORMED_BUNDLE"
  /** A bundle of another version, content or payload type than floe verifies. */
  | "UNSUPPORTED_FORMAT"
  | "UNSUPPORTED_ALGORITHM"
  /** Larger or with more parts than floe reads. */
  | "LIMIT_EXCEEDED"
  /** Signed by none of the trusted keys. */
  | "WRONG_KEY"
  /** Signed with a key where only certificates are trusted, or the reverse. */
  | "WRONG_MATERIAL"
  /** The certificate's signature does not match the signed bytes. */
  | "SIGNATURE_INVALID"
  /** The right issuer, another subject. */
  | "IDENTITY_MISMATCH"
  | "ISSUER_MISMATCH"
  /** No entry of a trusted transparency log, or one that does not verify. */
  | "TLOG_MISSING"
  /** The certificate was not logged by a trusted certificate log. */
  | "SCT_MISSING"
  /** No trusted party says when the signature was made. */
  | "TIMESTAMP_MISSING"
  /** Signed outside the life of the certificate. */
  | "CERT_EXPIRED_AT_SIGNING"
  /** The certificate is by no authority of the trusted root. */
  | "UNTRUSTED_ROOT"
  /** The trusted root could not be had: infrastructure, not a judgement of the bundle. */
  | "TRUST_ROOT_UNAVAILABLE"
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
