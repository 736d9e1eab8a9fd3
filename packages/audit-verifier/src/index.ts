export type { GivenCheckpoint } from "./check-anchors.ts";
export { type PublicKey, readPublicKey } from "./keys.ts";
export { type AuditBundle, MAX_BUNDLE_BYTES, NotABundle, readBundle } from "./read-bundle.ts";
export type { Finding, Question, Verdict } from "./verdict.ts";
export {
  type LedgerAnswers,
  type TrustedKeys,
  type VerifyOptions,
  verifyBundle,
} from "./verify-bundle.ts";
