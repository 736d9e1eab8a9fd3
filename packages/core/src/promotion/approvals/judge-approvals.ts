import type { EventActor } from "../../ledger/event.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { VerifiedEvent } from "../../ledger/verify-event.ts";
import type { ApprovalRule, EnvironmentConfig } from "../../manifest/manifest.ts";
import { policyDigest } from "../../manifest/policy-digests.ts";
import type { Digest } from "../../model/digest.ts";
import { isSamePerson, isValidAt, mayApprove } from "../../model/identity.ts";
import type { RecordedApproval } from "../../model/records.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../context.ts";
import { type Given, readOpinions } from "./read-opinions.ts";

/** How far an approver's clock may be ahead of the store's. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** A denial that stands. */
export interface StandingDenial {
  readonly by: string;
  readonly seq: number;
  readonly at: string;
  readonly reason: string | null;
}

/** What approvers have said of an artifact for an environment, judged. */
export interface ApprovalJudgement {
  /** 0: none is asked for. */
  readonly required: number;
  /** Those that count, one for each person, oldest first. */
  readonly granted: readonly RecordedApproval[];
  readonly denials: readonly StandingDenial[];
  /** What was given and does not count, and why. */
  readonly discounted: readonly string[];
}

/** What an operation rests on that asks for no approval. */
export const NO_APPROVALS: ApprovalJudgement = {
  required: 0,
  granted: [],
  denials: [],
  discounted: [],
};

/** For what, and for whom, approvals are judged. */
export interface ApprovalQuestion {
  readonly digest: Digest;
  /** Who runs the promotion; `null`: nobody yet. */
  readonly operator: EventActor | null;
  /** The operator's own approval does not count, whatever the rule says. */
  readonly byOthers: boolean;
}

/**
 * Judges approvals. The state that the ledger's events carry only says where to look: whoever may change the environment
 * writes it. Each opinion is read, its signature checked, and its author has to be one of those who may approve today; for
 * this very digest, under the requirements of today, in time by the store's clock, after the artifact last came in, and of
 * one person each.
 */
export async function judgeApprovals(
  { digest, operator, byOthers }: ApprovalQuestion,
  ledger: Ledger,
  view: LedgerView | null,
  context: Pick<FloeContext, "manifest" | "store">,
  options: CallOptions,
): Promise<ApprovalJudgement> {
  const { environment } = ledger;
  const rule = environment.approvals;
  if (!rule) return NO_APPROVALS;
  const { manifest } = context;
  const now = context.store.now();
  const granted: RecordedApproval[] = [];
  const denials: StandingDenial[] = [];
  const discounted: string[] = [];
  const people: EventActor[] = [];
  for (const given of await readOpinions(digest, ledger, view, now, options)) {
    const { actor, at, seq } = given.stored.event;
    const by = given.by;
    const problem = problemOfAuthor(by, environment, now, context);
    if (problem !== null) {
      discounted.push(`${given.event.kind} by ${by} (${problem})`);
    } else if (given.event.kind === "denial") {
      denials.push({ by, seq, at, reason: given.event.body.reason });
    } else {
      const own = operator !== null && isSamePerson(actor, operator, manifest);
      const why =
        own && (byOthers || !rule.selfApproval)
          ? "who runs the promotion"
          : (problemOfApproval(given.event, rule, environment, now) ??
            (people.some((person) => isSamePerson(person, actor, manifest))
              ? "the same person as another"
              : null));
      if (why === null) {
        people.push(actor);
        granted.push(recorded(given.stored, given.event, by, rule));
      } else discounted.push(`approval by ${by} (${why})`);
    }
  }
  return { required: rule.required, granted, denials, discounted };
}

function problemOfAuthor(
  by: string,
  environment: EnvironmentConfig,
  now: Date,
  { manifest }: Pick<FloeContext, "manifest">,
): string | null {
  if (!mayApprove(by, environment, manifest)) return "not one of those who may approve";
  const valid = manifest.identities.some(
    (identity) => identity.name === by && isValidAt(identity, now),
  );
  return valid ? null : "whose identity is not valid any more";
}

function problemOfApproval(
  { at, body }: Given<"approval">,
  rule: ApprovalRule,
  environment: EnvironmentConfig,
  now: Date,
): string | null {
  if (body.policy_digest !== policyDigest(environment)) return "given under other requirements";
  if (Date.parse(at) > now.getTime() + CLOCK_SKEW_MS) return `dated ${at}, which is yet to come`;
  const ends = endOf({ at, body }, rule);
  return Date.parse(ends) > now.getTime() ? null : `expired at ${ends}`;
}

// How long an approval counts is the environment's to say, not the approver's.
function endOf({ at, body }: Pick<Given<"approval">, "at" | "body">, rule: ApprovalRule): string {
  const latest = new Date(Date.parse(at) + rule.expiresHours * 3_600_000).toISOString();
  return body.expires_at !== null && Date.parse(body.expires_at) < Date.parse(latest)
    ? body.expires_at
    : latest;
}

function recorded(
  { hash }: VerifiedEvent,
  event: Given<"approval">,
  by: string,
  rule: ApprovalRule,
): RecordedApproval {
  const { seq, at, body } = event;
  return { by, event: hash, seq, at, expires_at: endOf(event, rule), reason: body.reason };
}
