import { PREDICATE_TYPES } from "../../model/records.ts";
import { parseDuration } from "../duration.ts";
import { type IssuePath, quote } from "../issue-list.ts";
import type { GateConfig } from "../manifest.ts";
import type { GateMap } from "../schema/gates.ts";
import { POLICY_GATE } from "./gate-kinds.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { checkNames, type ResolvedIdentities } from "./resolve-identities.ts";
import { identitiesNamed } from "./resolve-requirements.ts";

/** Attestations of these types say whether something passed, or what a gate of the kind `security_scan` judges it by. */
const READABLE: readonly string[] = [
  ...[PREDICATE_TYPES.gateResult, PREDICATE_TYPES.testResult, PREDICATE_TYPES.vulns],
];

/** Whose word about a gate counts instead of running it: `max_age`, `evidence_from`, `from_attestation`. */
export function resolveEvidence(
  context: ResolveContext,
  own: GateMap,
  path: IssuePath,
  people: ResolvedIdentities,
  name: string,
): Pick<GateConfig, "maxAgeSeconds" | "evidenceFrom" | "fromAttestation"> {
  const known = [...people.identityNames, ...people.groupNames];
  const rule = own.from_attestation;
  const rulePath = [...path, "from_attestation"];
  checkNames(context, rule?.signers, [...rulePath, "signers"], known, "identity or group");
  checkNames(context, own.evidence_from, [...path, "evidence_from"], known, "identity or group");
  if (name === POLICY_GATE) {
    for (const key of ["max_age", "evidence_from", "from_attestation"])
      if (context.has([...path, key]))
        context.report([...path, key], "policy_compliance is always judged anew", { side: "key" });
  } else if (rule) {
    for (const key of ["max_age", "evidence_from"])
      if (context.has([...path, key]))
        context.report(
          [...path, key],
          "belongs to a gate that runs; from_attestation has signers and a max_age of its own",
          { side: "key" },
        );
    if (!READABLE.includes(rule.predicate_type))
      context.report(
        [...rulePath, "predicate_type"],
        `${quote(rule.predicate_type)} does not say, in words that floe reads, whether something passed; it reads ${new Intl.ListFormat("en").format(READABLE)}`,
      );
  } else if (own.evidence_from && own.max_age === undefined) {
    context.report([...path, "evidence_from"], "counts only with max_age", { side: "key" });
  }
  return {
    maxAgeSeconds: seconds(own.max_age),
    evidenceFrom: own.evidence_from ? identitiesNamed(own.evidence_from, people) : [],
    fromAttestation: rule
      ? {
          predicateType: rule.predicate_type,
          signers: rule.signers ? identitiesNamed(rule.signers, people) : null,
          maxAgeSeconds: seconds(rule.max_age),
        }
      : null,
  };
}

/** The same as plain JSON, for the policy digest. */
export function evidenceDemands(own: GateMap): Readonly<Record<string, unknown>> {
  const attestation = own.from_attestation;
  return {
    max_age_seconds: own.max_age === undefined ? undefined : parseDuration(own.max_age),
    evidence_from: own.evidence_from?.toSorted(),
    from_attestation: attestation && {
      predicate_type: attestation.predicate_type,
      signers: attestation.signers?.toSorted(),
      max_age_seconds:
        attestation.max_age === undefined ? undefined : parseDuration(attestation.max_age),
    },
  };
}

function seconds(duration: string | undefined): number | null {
  return duration === undefined ? null : parseDuration(duration);
}
