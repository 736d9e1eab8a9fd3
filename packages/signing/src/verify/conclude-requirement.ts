import { shortDigest } from "@floe/core/model";
import type {
  RequirementProblem,
  RequirementReport,
  VerificationCandidate,
} from "@floe/core/ports";
import { MAX_REFERRERS } from "../attach/read-attached-bundles.ts";
import { show } from "../encoding/json-object.ts";
import type { Reading, Standing } from "./judge.ts";
import { isSignatureRequirement } from "./plain-referrer.ts";
import type { Requirement } from "./requirement.ts";

type Problem = Pick<RequirementReport, "status" | "code" | "reason">;

/** Says what the candidates of one requirement amount to. What might be satisfied by something unread is never `failed`. */
export function concludeRequirement(
  standing: Standing,
  seenTypes: ReadonlySet<string>,
  reading: Reading,
): RequirementReport {
  const { requirement, candidates, accepted } = standing;
  const { type, threshold, graceWarnings } = requirement;
  const signers = [...accepted.values()].toSorted(
    (a, b) => Number(graceWarnings.has(a.name)) - Number(graceWarnings.has(b.name)),
  );
  const common = { type, threshold, candidates };
  if (signers.length >= threshold)
    return {
      ...common,
      status: "satisfied",
      satisfiedBy: signers.slice(0, threshold),
      code: null,
      reason: null,
    };
  const problem = problemOfReading(standing, reading) ?? problemOfCandidates(standing, seenTypes);
  return { ...common, satisfiedBy: signers, ...problem };
}

function problemOfReading(
  { requirement, candidates }: Standing,
  { omitted, trouble }: Reading,
): Problem | null {
  const what = nameOf(requirement);
  if (trouble !== null)
    return unjudged("REFERRERS_UNAVAILABLE", `what is attached could not be read: ${trouble}`);
  const unread = candidates.filter(({ code }) => code === "REFERRER_UNAVAILABLE");
  if (unread.length > 0)
    return unjudged(
      "REFERRERS_UNAVAILABLE",
      `${what} may be among what could not be read (${enumerate(unread.map(describe), "; ")})`,
    );
  if (omitted > 0)
    return unjudged(
      "LIMIT_EXCEEDED",
      `the artifact has ${omitted + MAX_REFERRERS} referrers, none of the first ${MAX_REFERRERS} is ${accepted(what)}, and more are not read`,
    );
  const rootless = candidates.find(({ code }) => code === "TRUST_ROOT_UNAVAILABLE");
  if (rootless)
    return unjudged("TRUST_ROOT_UNAVAILABLE", `${what} cannot be judged: ${rootless.reason}`);
  return null;
}

function problemOfCandidates(standing: Standing, seenTypes: ReadonlySet<string>): Problem {
  const { requirement, candidates } = standing;
  const what = nameOf(requirement);
  const refusals = candidates.filter(({ outcome }) => outcome === "refused").map(describe);
  const list = refusals.length > 0 ? ` (${enumerate(refusals, "; ")})` : "";
  const { unusable } = requirement;
  if (requirement.accepted.length + requirement.late.length === 0)
    return unjudged("SIGNERS_UNUSABLE", unusable.length > 0 ? unusable.join("; ") : NOBODY);
  if (candidates.length === 0) {
    const isSignature = isSignatureRequirement(requirement);
    return failed(
      isSignature ? "NO_SIGNATURE" : "NO_ATTESTATION_OF_TYPE",
      describeNone(requirement, seenTypes),
    );
  }
  // One of the keys that cannot be used may be the one.
  if (unusable.length > 0)
    return unjudged(
      "SIGNERS_UNUSABLE",
      `no ${accepted(what)}${list}, but ${unusable.join(" and ")}`,
    );
  if (standing.accepted.size > 0)
    return failed(
      "THRESHOLD_NOT_MET",
      `${what} is by ${standing.accepted.size} of the ${requirement.threshold} distinct signers that are needed: ${[...standing.accepted.keys()].join(", ")}${list}`,
    );
  return failed("NONE_ACCEPTED", `no ${what} is accepted${list}`);
}

/** What a policy that trusts nobody is told. */
export const NOBODY = "the policy names neither a public key nor a trusted issuer";

function accepted(what: string): string {
  return `accepted ${what}`;
}

function nameOf({ type }: Requirement): string {
  if (type === "signature") return "signature";
  return type === "sbom" ? "signed SBOM" : `attestation of type ${show(type)}`;
}

function describeNone(requirement: Requirement, seenTypes: ReadonlySet<string>): string {
  const isSignature = isSignatureRequirement(requirement);
  const what = `the artifact has no ${nameOf(requirement)}`;
  if (seenTypes.size === 0) return what;
  const types = enumerate([...seenTypes].map((type) => show(type)).toSorted(), ", ");
  return isSignature
    ? `${what}, only statements of other types (${types})`
    : `${what}; what is attached is of other types (${types})`;
}

function describe({ referrer, code, reason }: VerificationCandidate): string {
  return `${shortDigest(referrer)} ${code}: ${reason}`;
}

/** At most five, so that a hundred planted referrers do not fill a terminal. */
function enumerate(items: readonly string[], separator: string): string {
  const more = items.length > 5 ? `${separator}and ${items.length - 5} more` : "";
  return `${items.slice(0, 5).join(separator)}${more}`;
}

function failed(code: RequirementProblem, reason: string): Problem {
  return { status: "failed", code, reason };
}

function unjudged(code: RequirementProblem, reason: string): Problem {
  return { status: "unjudged", code, reason };
}
