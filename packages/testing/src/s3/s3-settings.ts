import type { S3Policy } from "./s3-policy.ts";

/** How a test's S3 server behaves; all of it can be changed while it runs. */
export interface S3Settings {
  /**
   * `honest`: of several writes with `If-None-Match: *` one wins. `ignored`: the condition has no effect. `racy`: it is looked
   * at, and others may write before this one does.
   */
  readonly conditions: "honest" | "ignored" | "racy";
  /** What is written over or deleted is kept as an older version. */
  readonly versioning: boolean;
  /** `null`: the bucket has no Object Lock. `mode` and `days` are its default retention; `null`: it has none. */
  readonly objectLock: {
    readonly mode: "COMPLIANCE" | "GOVERNANCE" | null;
    readonly days: number;
  } | null;
  /** `read-only`: writes are `AccessDenied`; `none`: everything is. */
  readonly access: "all" | "read-only" | "none";
  /** The bucket's policy; `null`: none. What it denies is `AccessDenied`. */
  readonly policy: S3Policy | null;
  /** Takes requests and never answers. */
  readonly blackHole: boolean;
  /** Writes find no room. */
  readonly full: boolean;
  /** Milliseconds that this server's clock is ahead of the machine's. */
  readonly clockAheadMs: number;
}

/** What {@link S3Settings} are when nothing is said. */
export const DEFAULT_S3_SETTINGS: S3Settings = {
  conditions: "honest",
  versioning: false,
  objectLock: null,
  access: "all",
  policy: null,
  blackHole: false,
  full: false,
  clockAheadMs: 0,
};

/** Something that goes wrong with requests that match, so many times. */
export interface S3Fault {
  readonly match: (request: { readonly method: string; readonly key: string }) => boolean;
  /** `lose-reply`: it is done, and the connection is cut instead of an answer. `drop`: it is cut before. */
  readonly action:
    | { readonly kind: "lose-reply" | "drop" }
    | { readonly kind: "answer"; readonly status: number; readonly code: string };
  /** Default 1. */
  readonly times?: number;
}
