import { canonicalJson } from "../../model/index.ts";
import { didYouMean } from "../did-you-mean.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type { Identity, VerificationPolicy, VerificationRequirement } from "../manifest.ts";
import type { Requirement } from "../schema/verification.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { checkNames, type ResolvedIdentities } from "./resolve-identities.ts";

/** A requirement with its place in the manifest, and the same as plain JSON for the policy digest. */
export interface ResolvedRequirement {
  readonly requirement: VerificationRequirement;
  readonly path: IssuePath;
  /** Everybody it names exists; otherwise that is the error, and not how many they are. */
  readonly complete: boolean;
  readonly json: Readonly<Record<string, unknown>>;
}

const SHORT_TYPES = ["signature", "sbom"];

/** Resolves a `require` list: types checked, names of identities and groups replaced by who they are. */
export function resolveRequirements(
  context: ResolveContext,
  entries: readonly Requirement[],
  base: IssuePath,
  people: ResolvedIdentities,
): ResolvedRequirement[] {
  return entries.map((entry, index) => {
    const path = [...base, "require", index];
    checkType(context, entry.type, [...path, "type"]);
    const known = [...people.identityNames, ...people.groupNames];
    checkNames(context, entry.signers, [...path, "signers"], known, "identity or group");
    const signers = entry.signers ? identitiesNamed(entry.signers, people) : null;
    const threshold = entry.threshold ?? 1;
    return {
      requirement: { type: entry.type, signers, threshold },
      path,
      complete: entry.signers?.every((name) => known.includes(name)) ?? true,
      json: {
        type: entry.type,
        threshold,
        // Who they are is in the authority digest, as everywhere that identities are named.
        signers: entry.signers && [...new Set(entry.signers)].toSorted(),
      },
    };
  });
}

/** Reports a requirement that no set of signatures could ever meet in an environment. */
export function checkThreshold(
  context: ResolveContext,
  { requirement, path, complete }: ResolvedRequirement,
  policy: Pick<VerificationPolicy, "keys" | "trustedIssuers">,
  environment: string,
): void {
  const { signers, threshold } = requirement;
  // The manifest refuses one key or subject under two names, so these are as many signers.
  const issuers = new Set(policy.trustedIssuers.map(canonicalJson)).size;
  const count = signers ? signers.length : policy.keys.length + issuers;
  if (!complete || threshold <= count || (signers === null && count === 0)) return;
  const whose = signers ? "it names" : `${environment} trusts (public_key_ref, trusted_issuers)`;
  context.report(
    [...path, ...(context.has([...path, "threshold"]) ? ["threshold"] : [])],
    `${threshold} distinct signers are needed and ${whose} ${count}`,
  );
}

function checkType(context: ResolveContext, type: string, path: IssuePath): void {
  if (SHORT_TYPES.includes(type)) return;
  if (/^[a-z][a-z0-9+.-]*:[^\s]+$/i.test(type) && URL.canParse(type)) return;
  context.report(
    path,
    `${quote(type)} is neither signature nor sbom nor the URI of a predicate type`,
    {
      suggestion: didYouMean(type, SHORT_TYPES),
    },
  );
}

/** The identities that names stand for, groups among them. */
export function identitiesNamed(names: readonly string[], people: ResolvedIdentities): Identity[] {
  const members = new Set(
    names.flatMap((name) => [
      name,
      ...(Object.hasOwn(people.groups, name) ? (people.groups[name] ?? []) : []),
    ]),
  );
  return people.identities.filter(({ name }) => members.has(name));
}
