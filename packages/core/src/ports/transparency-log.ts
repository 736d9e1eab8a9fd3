import type { CallOptions } from "./artifact-store.ts";

/** A signature over bytes, and the key that it is by. */
export interface KeySignature {
  /** The signed bytes. */
  readonly message: Uint8Array;
  /** ECDSA P-256 over their SHA-256, DER. */
  readonly signature: Uint8Array;
  /** PEM, SPKI. */
  readonly publicKey: string;
}

/** What a log's entry of a signature came to. */
export type LogVerdict =
  | {
      readonly ok: true;
      /** When the log took it, by its signed promise; `null`: it has given none. */
      readonly time: Date | null;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** `true`: it cannot be judged, since there is no trusted root. */
      readonly unjudged: boolean;
    };

/** A log of signatures that everybody can look into and that takes nothing back (Rekor). */
export interface TransparencyLog {
  /**
   * Puts a signature into the log, and gives it with the log's proof and promise as a sigstore bundle v0.3, verified.
   * @throws as an audit backend does: `failure` says why
   */
  log(signed: KeySignature, options: CallOptions): Promise<Uint8Array>;
  /** Verifies such a bundle, without asking the log. Never throws for bad input. */
  verify(bundle: Uint8Array, signed: KeySignature, options: CallOptions): Promise<LogVerdict>;
}
