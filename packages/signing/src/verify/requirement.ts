import type { TrustedSigner } from "@floe/core/ports";
import { SBOM_PREDICATE_TYPES } from "../predicate/predicate-type.ts";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";
import { type ArtifactKeys, createKeySorter, type VerificationPolicy } from "./artifact-keys.ts";

type ManifestRequirement = VerificationPolicy["require"][number];
type Identity = NonNullable<ManifestRequirement["signers"]>[number];

/** One requirement of a policy, ready to judge by at a certain time. */
export interface Requirement {
  /** As the policy names it. */
  readonly type: string;
  /** The predicate types that meet it. */
  readonly predicateTypes: ReadonlySet<string>;
  readonly threshold: number;
  /** Whose signature counts; exact signers before patterns, so that somebody who is both counts as the exact one. */
  readonly accepted: readonly TrustedSigner[];
  /** Whose signature counted once, and why it no longer does, by name: for a better refusal. */
  readonly late: readonly TrustedSigner[];
  readonly lateReasons: ReadonlyMap<string, string>;
  readonly lateCode: "KEY_RETIRED" | "IDENTITY_NOT_VALID";
  /** A warning for accepted signers that are about to go, by name. */
  readonly graceWarnings: ReadonlyMap<string, string>;
  /** Says why a signature by a named signer does not count when it was made at that time; `null`: it counts. */
  readonly outside: (name: string, time: Date | null) => string | null;
  /** Sentences about signers whose key cannot be read. */
  readonly unusable: readonly string[];
}

/** Makes the function that turns a policy into requirements; it remembers the keys that it has read. */
export function createRequirementReader(): (
  policy: VerificationPolicy,
  now: Date,
) => readonly Requirement[] {
  const sortKeys = createKeySorter();
  return (policy, now) => {
    const signers = policySigners(policy, sortKeys(policy, now));
    const entries = [...policy.require];
    const asked = new Set(entries.map(({ type }) => type));
    if (policy.requireSignature !== false && !asked.has("signature"))
      entries.push({ type: "signature", signers: null, threshold: 1 });
    if (policy.requireSbom && !asked.has("sbom"))
      entries.push({ type: "sbom", signers: null, threshold: 1 });
    entries.sort((a, b) => rankOf(a) - rankOf(b));
    return entries.map((entry) => ({
      type: entry.type,
      predicateTypes: new Set(predicateTypesOf(entry.type)),
      threshold: entry.threshold,
      ...(entry.signers === null ? signers : identitySigners(entry.signers, policy, now)),
    }));
  };
}

/** People want to read of the signature first. */
function rankOf({ type }: ManifestRequirement): number {
  return type === "signature" ? 0 : type === "sbom" ? 1 : 2;
}

/** The predicate types behind a requirement's type. */
function predicateTypesOf(type: string): readonly string[] {
  if (type === "signature") return [COSIGN_SIGN_PREDICATE_TYPE];
  return type === "sbom" ? [...SBOM_PREDICATE_TYPES] : [type];
}

type Signers = Omit<Requirement, "type" | "predicateTypes" | "threshold">;

function policySigners(policy: VerificationPolicy, keys: ArtifactKeys): Signers {
  const { requireRekor } = policy;
  const issuers = policy.trustedIssuers.map(
    (trusted): TrustedSigner => ({
      method: "keyless",
      name: nameOfIssuer(trusted),
      ...trusted,
      requireRekor,
    }),
  );
  return {
    accepted: [...keys.accepted, ...exactFirst(issuers)],
    late: keys.expired,
    lateReasons: new Map(
      keys.expired.map(({ name }) => [name, "which is retired and past its grace period"]),
    ),
    lateCode: "KEY_RETIRED",
    graceWarnings: keys.graceWarnings,
    outside: () => null,
    unusable: keys.unreadable,
  };
}

function nameOfIssuer(trusted: VerificationPolicy["trustedIssuers"][number]): string {
  const who = trusted.subject ?? trusted.subjectPattern ?? trusted.subjectRegex;
  return `${trusted.issuer} ${who}`;
}

/**
 * A certificate's signature has a proven time, and an identity is judged by it. A key's has none, so that anybody who
 * stole a revoked key could sign for the past: it is judged by now.
 */
function identitySigners(
  identities: readonly Identity[],
  policy: VerificationPolicy,
  now: Date,
): Signers {
  const accepted: TrustedSigner[] = [];
  const late: TrustedSigner[] = [];
  const lateReasons = new Map<string, string>();
  for (const { name, trusted, ...bounds } of identities) {
    const problem = trusted.method === "key" ? problemAt(bounds, now) : null;
    if (trusted.method === "keyless")
      accepted.push({ ...trusted, name, requireRekor: policy.requireRekor });
    else if (problem === null) accepted.push({ ...trusted, name });
    else {
      late.push({ ...trusted, name });
      lateReasons.set(name, problem);
    }
  }
  const bounds = new Map(identities.map((identity) => [identity.name, identity]));
  return {
    accepted: exactFirst(accepted),
    late,
    lateReasons,
    lateCode: "IDENTITY_NOT_VALID",
    graceWarnings: new Map(),
    outside: (name, time) => {
      const identity = bounds.get(name);
      return identity === undefined || time === null ? null : problemAt(identity, time);
    },
    unusable: [],
  };
}

function problemAt(
  { validFrom, validUntil, revokedAt }: Pick<Identity, "validFrom" | "validUntil" | "revokedAt">,
  time: Date,
): string | null {
  if (validFrom && time < validFrom) return `which is not valid before ${validFrom.toISOString()}`;
  if (validUntil && time > validUntil) return `which was valid until ${validUntil.toISOString()}`;
  if (revokedAt && time >= revokedAt) return `which was revoked at ${revokedAt.toISOString()}`;
  return null;
}

function exactFirst(signers: readonly TrustedSigner[]): TrustedSigner[] {
  const isExact = (signer: TrustedSigner): boolean =>
    signer.method === "key" || signer.subject !== undefined;
  return [...signers.filter(isExact), ...signers.filter((signer) => !isExact(signer))];
}
