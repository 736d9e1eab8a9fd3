import type { BundleRefusal } from "@floe/core/ports";

/** The trusted root that certificates are judged by, for reports. */
export type TrustRootState =
  | {
      readonly available: true;
      /** Where it came from: `tuf:https://…`, `file:PATH` or `embedded`. */
      readonly source: string;
      /** `sha256:<hex>` over its bytes. */
      readonly sha256: string;
      /** Since when its newest part is valid; `null` when it does not say. */
      readonly newestPart: Date | null;
    }
  | { readonly available: false; readonly source: string; readonly reason: string };

/** What a certificate's signature proves, before anybody asked whose it should be. */
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

/** Verifies bundles that are signed with certificates, against one trusted root. Pure once it is loaded. */
export interface KeylessEngine {
  readonly trustRoot: TrustRootState;
  /** Verifies signature, certificate chain, certificate log, transparency log and times of a bundle. Never throws. */
  prove(
    bundle: Uint8Array,
    options: {
      /** Whether an entry of a transparency log is needed. */
      readonly requireRekor: boolean;
    },
  ): KeylessProof;
}
