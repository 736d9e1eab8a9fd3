import type { EventActor } from "../../ledger/event.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { isSamePerson } from "../../model/identity.ts";
import { environmentTag, NO_SOURCE } from "../../model/tag.ts";
import type { CallOptions } from "../../ports/index.ts";
import { at } from "../context.ts";
import { findEnvironment } from "../environments.ts";
import { findArrival } from "../find-arrival.ts";
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
  const before = findEnvironment(context.manifest, source);
  const ledger = ledgers.of(before);
  const wanted = { version, digest: artifact.manifest.descriptor.digest };
  const bringer = await findBringer(ledger, wanted, options);
  if (!bringer) {
    // Without the tag it is not there at all, which is said already.
    const { store } = at(context, before);
    if (!(await store.resolve(environmentTag(version, source), options))) return [];
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

/** How many slots before an outcome are read at once: its intent is hardly ever further away. */
const NEAR_SLOTS = 8;

// A rollback brings nothing in. Who the outcome says it was is the word of whoever wrote it; who signed the intent is proven,
// and signed the record as well.
async function findBringer(
  ledger: Ledger,
  wanted: { readonly version: string; readonly digest: Digest },
  options: CallOptions,
): Promise<Bringer | null> {
  const view = await ledger.view(options);
  const arrival = await findArrival(ledger, view, { ...wanted, promotedOnly: true }, options);
  if (!arrival) return null;
  // With the name of the time: who has changed their key since is still the same person.
  if (arrival.kind === "adopt") return { actor: arrival.by, at: arrival.at, how: "adopted" };
  const isIntent = ({ event, hash, authorized }: VerifiedEvent): boolean =>
    hash === arrival.intent && event.kind === "intent" && authorized;
  const seq = arrival.current?.seq ?? 0;
  const near = ledger.read(Math.max(0, seq - NEAR_SLOTS), seq, options);
  for (const events of [near, ledger.readBack(options)])
    for await (const stored of events)
      if (isIntent(stored)) {
        const { actor, at } = stored.event;
        return { actor, at, how: "promoted" };
      }
  return null;
}
