import { authorityDigest } from "../manifest/policy-digests.ts";
import { isSamePerson } from "../model/identity.ts";
import { isExempt } from "../promotion/checks/check-separation.ts";
import type { FloeContext } from "../promotion/context.ts";
import { type Check, checksOf } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { StepFindings } from "./verify-step.ts";

const FIND_OUT =
  "Somebody has promoted with a changed floe. Find out who; have it promoted again (--force) by somebody who may.";

/**
 * Checks what one environment asks of how the artifact was in another: that somebody else brought it there, and that it has
 * been there long enough. Nothing is said where neither is asked for.
 */
export function checkTransitions(
  steps: readonly StepFindings[],
  { manifest }: Pick<FloeContext, "manifest">,
): Check[] {
  return steps.flatMap((step, index) => {
    const found = [
      separationOf(step, steps[index + 1], manifest),
      soakOf(step, steps.slice(index + 1)),
    ];
    return found.filter((check) => check !== null);
  });
}

function separationOf(
  { step, promotion }: StepFindings,
  before: StepFindings | undefined,
  manifest: FloeContext["manifest"],
): Check | null {
  const target = manifest.environments.find(({ name }) => name === step.environment);
  const brought = before?.promotion?.intent.event.actor;
  if (!target?.authorization?.separationOfDuties || !promotion || !brought) return null;
  const checks = checksOf(step.environment);
  const { actor, authority_digest: authority } = promotion.intent.event;
  if (isExempt(actor, target) || !isSamePerson(actor, brought, manifest))
    return checks.ok("separation", "somebody else promoted it before, or is exempt");
  const summary = `${step.environment} separates duties, and who promoted it there had promoted it to ${before?.step.environment ?? "the one before"} as well`;
  return authority === authorityDigest(target)
    ? checks.failed("separation", "FLOE_VERIFY_UNTRUSTED", summary, FIND_OUT)
    : checks.warning("separation", summary, "Whether that was asked for then is not known.");
}

function soakOf(
  { step, promotion, policy, record }: StepFindings,
  before: readonly StepFindings[],
): Check | null {
  const soak = policy?.soak;
  if (!soak || !promotion || !record) return null;
  const there = before.find((one) => one.step.environment === soak.from)?.promotion?.outcome.event;
  // A way that did not lead through it is what the check of the path is about.
  if (!there) return null;
  const checks = checksOf(step.environment);
  const since = there.body.committed_at ?? there.at;
  const until = new Date(Date.parse(since) + soak.hours * 3_600_000).toISOString();
  const { at } = promotion.intent.event;
  const overridden = overridesOf(record).some(({ kind }) => kind === "soak");
  if (Date.parse(at) >= Date.parse(until) || overridden)
    return checks.ok("soak", overridden ? "overridden" : `in ${soak.from} since ${since}`);
  return checks.failed(
    "soak",
    "FLOE_VERIFY_UNTRUSTED",
    `the policy asked for ${soak.hours} hours in ${soak.from}, where it was since ${since}, and it was promoted at ${at}`,
    FIND_OUT,
  );
}
