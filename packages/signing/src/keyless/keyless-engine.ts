import type { KeyObject } from "node:crypto";
import type { SubjectRegexMatcher } from "@floe/core/model";
import type { BundleRefusal } from "@floe/core/ports";
import type { ParsedBundle } from "../bundle/parse-bundle.ts";

/** The trusted root that certificates are judged by, for reports. */
export type TrustRootState =
  | {
      readonly available: true;
      /** Where it came from: `tuf:https://…`, `file:PATH`, or `embedded` with its version. */
      readonly source: string;
      /** `sha256:<hex>` over its bytes. */
      readonly sha256: string;
      /** Since when its newest log or authority is valid: a lower bound of its age. */
      readonly newestPart: Date;
    }
  | { readonly available: false; readonly source: string; readonly reason: string };

/** What a certificate's signature proves, before anybody asks whose it should be. */
export type KeylessProof =
  | {
      readonly ok: true;
      readonly issuer: string;
      readonly subject: string;
      /** The earliest proven time of signing. */
      readonly time: Date;
      readonly logged: boolean;
    }
  | { readonly ok: false; readonly code: BundleRefusal; readonly reason: string };

/** When a signature by a key was seen, as far as logs and authorities of the trusted root prove it. */
export interface Evidence {
  readonly time: Date | null;
  readonly logged: boolean;
}

/** Verifies bundles that are signed with certificates, against one trusted root. Pure once it is loaded. */
export interface KeylessEngine {
  readonly trustRoot: TrustRootState;
  /** Verifies signature, certificate chain, certificate log, transparency log and times of a bundle. Never throws. */
  prove(
    bundle: ParsedBundle,
    options: {
      /** Whether an entry of a transparency log is needed. */
      readonly requireRekor: boolean;
      /** The message, where the signature is over one. */
      readonly message?: Uint8Array;
    },
  ): KeylessProof;
  /**
   * Reads log entries and timestamps of a bundle that a key signed, over `message` where the signature is over one; what
   * does not verify proves nothing. Never throws.
   */
  evidenceOf(bundle: ParsedBundle, key: KeyObject, message?: Uint8Array): Evidence;
  /** Matches `subject_regex`; `null` when the engine was loaded without. */
  readonly matchesRegex: SubjectRegexMatcher | null;
}
