import type { EventActor } from "../../ledger/event.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { isSamePerson } from "../../model/identity.ts";
import { environmentTag, NO_SOURCE } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";
import { findEnvironment } from "../environments.ts";
import { reason } from "../reason.ts";
import type { PromotionCheck } from "./promotion-check.ts";

/**
 * Says whether separation of duties is waived for who runs a promotion: a keyless identity that the rule names, whose work
 * somebody else then has to approve.
 */
export function isExempt(operator: EventActor | null, target: EnvironmentConfig): boolean {
  const rule = target.authorization?.separationOfDuties;
  const name = operator?.method === "keyless" ? operator.identity : null;
  return rule?.exempt.includes(name ?? "") === true;
}

/** Whoever brought the version into the environment before is not who brings it into this one. */
export const checkSeparation: PromotionCheck = async (facts, context, ledgers, options) => {
  const { artifact, source, target, transition, judged } = facts;
  const operator = judged.operator?.actor ?? null;
  if (!target.authorization?.separationOfDuties || operator === null) return [];
  if (source === NO_SOURCE || transition || isExempt(operator, target)) return [];
  const { version } = artifact;
  const ledger = ledgers.of(findEnvironment(context.manifest, source));
  const wanted = { version, digest: artifact.manifest.descriptor.digest };
  const bringer = await findBringer(ledger, wanted, options);
  if (!bringer) {
    // Without the tag it is not there at all, which is said already.
    if (!(await context.store.resolve(environmentTag(version, source), options))) return [];
    return [
      reason(
        "FLOE_SEPARATION_UNJUDGED",
        `${target.name} separates duties, and the ledger of ${source} does not say who brought ${version} there`,
        `Promote it to ${source} again with --force, by somebody else than who promotes it to ${target.name}.`,
      ),
    ];
  }
  if (!isSamePerson(bringer.actor, operator, context.manifest)) return [];
  const who = judged.operator?.name ?? "the signer";
  return [
    reason(
      "FLOE_SEPARATION_OF_DUTIES",
      `${target.name} separates duties: ${who} ${bringer.how} ${version} ${bringer.how === "adopted" ? "in" : "to"} ${source} at ${bringer.at}, so somebody else has to promote it to ${target.name}`,
      `Have it run by another identity that may act in ${target.name}.`,
    ),
  ];
};

/** Who is answerable for a version in an environment. */
interface Bringer {
  readonly actor: EventActor;
  readonly at: string;
  readonly how: "promoted" | "adopted";
}

// Who signed the intent signed the record: `checkSource` compares the two. A rollback brings nothing in.
async function findBringer(
  ledger: Ledger,
  wanted: { readonly version: string; readonly digest: Digest },
  options: CallOptions,
): Promise<Bringer | null> {
  let intent: Digest | null = null;
  for await (const stored of ledger.readBack(options)) {
    if (!stored.authorized) continue;
    const { event, hash } = stored;
    if (intent !== null) {
      if (hash !== intent) continue;
      return event.kind === "intent" ? bringerOf(stored, "promoted") : null;
    }
    if (event.kind === "adopt" && isOf(event.body, wanted)) return bringerOf(stored, "adopted");
    if (event.kind !== "outcome" || !isOf(event.body, wanted)) continue;
    const { action, result } = event.body;
    if (action === "promote" && result === "succeeded") intent = event.body.intent;
  }
  return null;
}

function isOf(
  body: { readonly version: string; readonly digest: string },
  wanted: { readonly version: string; readonly digest: Digest },
): boolean {
  return body.version === wanted.version && body.digest === wanted.digest;
}

// With the name of the time: who has changed their key since is still the same person.
function bringerOf({ event }: VerifiedEvent, how: Bringer["how"]): Bringer {
  return { actor: event.actor, at: event.at, how };
}
