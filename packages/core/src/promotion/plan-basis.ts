import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestOf } from "../model/digest.ts";

/** What a plan rests on, and nothing else: two plans with the same basis come to the same. */
export interface PlanBasis {
  readonly digest: Digest;
  /** Source and target of a promotion; the environment of a rollback. */
  readonly path: readonly string[];
  readonly policy_digest: Digest;
  /** What the environment's `latest-ENV` held. */
  readonly current: Digest | null;
  readonly gates: readonly { readonly gate: string; readonly status: string }[];
  /** Hashes of the events of the approvals that count, sorted. */
  readonly approvals: readonly string[];
}

/** The digest of a plan: over its basis in canonical JSON. */
export function planDigestOf(basis: PlanBasis): Digest {
  const { digest, path, policy_digest, current, gates, approvals } = basis;
  return digestOf(canonicalJson({ digest, path, policy_digest, current, gates, approvals }));
}
