import type { EventBody } from "../ledger/event.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import type { Digest } from "../model/digest.ts";
import { environmentTag, latestTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "./context.ts";
import type { Ledgers } from "./ledgers.ts";
import { isOwnIntent, type OpenIntent } from "./open-intent.ts";
import type { OperationPlan } from "./operation.ts";
import type { OverrideRequest } from "./override-lane.ts";
import type { PromotionInput } from "./plan-promotion.ts";
import { readTogether } from "./read-together.ts";

/** What the tags say that a promotion starts from. */
export interface Standing {
  /** The environment tag, and what it holds. */
  readonly tag: string;
  readonly there: Digest | null;
  /** What `latest-ENV` holds. */
  readonly before: Digest | null;
  readonly commitPoint: OperationPlan["commitPoint"];
}

type Wish = Pick<
  PromotionInput,
  "artifact" | "source" | "target" | "open" | "force" | "override" | "since"
>;

/** Reads the target environment's tags. One that a list of this planning does not have is not asked for. */
export async function readStanding(
  { artifact, target, force, since }: Wish,
  { store }: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<Standing> {
  const tag = environmentTag(artifact.version, target.name);
  const listed = ledgers.listsOf(target).listedSince(since);
  const [latest, held] = await readTogether(
    store.resolve(latestTag(target.name), options),
    listed === null || listed.includes(tag) ? store.resolve(tag, options) : Promise.resolve(null),
  );
  const before = latest?.digest ?? null;
  const there = held?.digest ?? null;
  // Only a tag that is there already needs forcing; without one, --force changes nothing about a promotion.
  const forced = force && there === artifact.manifest.descriptor.digest;
  return { tag, before, there, commitPoint: forced ? "latest-tag" : "environment-tag" };
}

/** Whether a run would take over the open intent of the same promotion, instead of closing it and starting anew. */
export async function canResume(
  input: Wish,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<boolean> {
  const standing = await readStanding(input, context, ledgers, options);
  return resumable(input, standing, context) !== null;
}

/**
 * Finds the same promotion, interrupted before its commit point: a second run takes it over, so that there is one intent,
 * one record and one outcome in the end.
 */
export function resumable(
  input: Wish,
  { before, commitPoint }: Standing,
  context: FloeContext,
): OpenIntent | null {
  const open = input.open.length === 1 ? input.open[0] : undefined;
  if (open?.state !== "abandoned" || open.committed) return null;
  const { body } = open;
  const same =
    body.action === "promote" &&
    body.digest === input.artifact.manifest.descriptor.digest &&
    body.version === input.artifact.version &&
    body.source === input.source &&
    body.commit_point === commitPoint &&
    body.before === before &&
    body.policy_digest === policyDigest(input.target) &&
    body.authority_digest === authorityDigest(input.target) &&
    asksForSame(body, input.override);
  return same && isOwnIntent(open, context) ? open : null;
}

/** Whether an interrupted run has overridden nothing that this one does not ask for with the same words. */
export function asksForSame(
  { overrides = [] }: Pick<EventBody<"intent">, "overrides">,
  request: OverrideRequest | null,
): boolean {
  return overrides.every(
    ({ kind, reason }) => request?.kinds.includes(kind) === true && request.reason === reason,
  );
}
