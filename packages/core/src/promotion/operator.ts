import { actorName } from "../ledger/fold-state.ts";
import { actorOf } from "../ledger/ledger-context.ts";
import type { EnvironmentConfig, Identity } from "../manifest/manifest.ts";
import { authorize, isSignedBy } from "../model/identity.ts";
import type { FloeContext } from "./context.ts";
import { describeSearch, howToProve } from "./how-to-prove.ts";
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
  const now = context.store.now();
  if (!context.signer) {
    return {
      operator: null,
      problem: reason(
        "FLOE_SIGNER_MISSING",
        `nobody can be proven to do this: ${describeSearch(context.signerOrigin)}`,
        howToProve(environment, context.manifest, now),
      ),
    };
  }
  const actor = actorOf(context.signer.signer, context, claimedOperator);
  const name = actorName(actor);
  const verdict = authorize(actor.identity, environment, context.manifest);
  if (verdict.granted) {
    return { operator: { name, actor, authorized: true, via: verdict.via }, problem: null };
  }
  const chosen = context.signerOrigin?.chosen ?? null;
  const from = chosen === null ? "" : `, from ${chosen}`;
  const expired = context.manifest.identities.find((identity) => isSignedBy(identity, actor));
  const who =
    actor.identity !== null
      ? verdict.reason
      : expired
        ? `${expired.name} signs, and is not valid now (${validity(expired)})`
        : `the signer (${name}${from}) is not an identity of the manifest`;
  const how =
    actor.method === "ephemeral"
      ? `Signing is off, so nobody is proven. ${howToProve(environment, context.manifest, now)}`
      : howToProve(environment, context.manifest, now);
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
