import type { Digest } from "@floe/core/model";
import type { CandidateRefusal } from "@floe/core/ports";

/** Something that is attached to an artifact and may be what a policy asks for; nothing of it is proven. */
export type Candidate =
  | {
      readonly kind: "bundle";
      readonly referrer: Digest;
      /** The predicate type by its annotation; whoever attached it wrote that. */
      readonly claims: string | null;
      readonly bundle: Uint8Array;
    }
  /** A signature in the format of cosign 1 and 2: over a payload that names the digest. */
  | {
      readonly kind: "simple-signing";
      readonly referrer: Digest;
      readonly payload: Uint8Array;
      readonly signature: Uint8Array;
    }
  /** Refused before anybody asked by whom it is. */
  | {
      readonly kind: "refused";
      readonly referrer: Digest;
      /** `null`: it may be anything. */
      readonly claims: string | null;
      readonly code: CandidateRefusal;
      readonly reason: string;
    }
  /** A file without a signature. */
  | { readonly kind: "plain"; readonly referrer: Digest; readonly artifactType: string | null }
  /** It is there and could not be fetched. */
  | {
      readonly kind: "unread";
      readonly referrer: Digest;
      readonly claims: string | null;
      readonly reason: string;
    };
