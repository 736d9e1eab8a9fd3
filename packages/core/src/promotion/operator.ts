import { actorName } from "../ledger/fold-state.ts";
import { actorOf } from "../ledger/ledger-context.ts";
import type { EnvironmentConfig, Identity } from "../manifest/manifest.ts";
import { authorize, isSignedBy } from "../model/identity.ts";
import type { FloeContext } from "./context.ts";
import type { Operator } from "./operation.ts";
import { type Reason, reason } from "./reason.ts";

/** Who would act, and why they may not; `operator` is `null` when nobody signs. */
export interface OperatorJudgement {
  readonly operator: Operator | null;
  readonly problem: Reason | null;
}

/** Proves who would act from the signer's public part, and judges whether they may. Makes no signature. */
export function judgeOperator(
  environment: EnvironmentConfig,
  context: FloeContext,
  claimedOperator: string | undefined,
): OperatorJudgement {
  if (!context.signer) {
    return {
      operator: null,
      problem: reason(
        "FLOE_SIGNER_MISSING",
        "nobody can be proven to do this: no signing key is configured",
        "Give --key REF or FLOE_SIGNING_KEY, or set artifacts.signing.private_key_ref in the manifest.",
      ),
    };
  }
  const actor = actorOf(context.signer.signer, context, claimedOperator);
  const name = actorName(actor);
  const verdict = authorize(actor.identity, environment, context.manifest);
  if (verdict.granted) {
    return { operator: { name, actor, authorized: true, via: verdict.via }, problem: null };
  }
  const expired = context.manifest.identities.find((identity) => isSignedBy(identity, actor));
  const who =
    actor.identity !== null
      ? verdict.reason
      : expired
        ? `${expired.name} signs, and is not valid now (${validity(expired)})`
        : `the signer (${name}) is not an identity of the manifest`;
  const how =
    actor.method === "ephemeral"
      ? "Signing is off, so nobody is proven: configure a signing key whose public part is an identity of the manifest."
      : "Sign with the key of an allowed identity (--key REF), or have the manifest's authorization changed.";
  return {
    operator: { name, actor, authorized: false, via: "" },
    problem: reason(
      "FLOE_NOT_AUTHORIZED",
      `${environment.name} needs ${verdict.required.join(" or ") || "an identity that nobody has"}; ${who}`,
      how,
    ),
  };
}

function validity({ revokedAt, validFrom, validUntil }: Identity): string {
  const parts = [
    revokedAt && `revoked at ${revokedAt.toISOString()}`,
    validFrom && `valid from ${validFrom.toISOString()}`,
    validUntil && `valid until ${validUntil.toISOString()}`,
  ];
  return parts.filter((part) => part !== null).join(", ");
}
