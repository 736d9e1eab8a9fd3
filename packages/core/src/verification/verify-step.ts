import type { LedgerView } from "../ledger/ledger.ts";
import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { authorityDigest, policyDigest } from "../manifest/policy-digests.ts";
import type { Digest } from "../model/digest.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import { type Check, type Checks, checksOf } from "./check.ts";
import { checkApprovals } from "./check-approvals.ts";
import { checkGates, checkSignatureThen, unmetGates } from "./check-gates.ts";
import { checkHistory } from "./check-history.ts";
import { checkOverrides } from "./check-overrides.ts";
import { checkRecord } from "./check-record.ts";
import { checkSigner } from "./check-signer.ts";
import { checkSummary } from "./check-summary.ts";
import { checkOwnTags, checkStanding } from "./check-tags.ts";
import type { Entry, WayIn } from "./find-way-in.ts";
import { type History, readHistory } from "./read-history.ts";
import { type ResolvedPolicy, readPolicy } from "./read-policy.ts";

/** How one environment of the path was entered. */
export interface VerifiedStep {
  readonly environment: string;
  readonly action: "promote" | "rollback";
  /** The promotion moved `latest` of what was there before. */
  readonly forced: boolean;
  readonly version: string;
  readonly source: string;
  readonly operation: string;
  /** Digest of the record's manifest. */
  readonly record: Digest | null;
  /** The manifest's name of who signed, else what the signature proves. */
  readonly operator: string;
  readonly authorizedVia: string | null;
  readonly committedAt: string | null;
  readonly policyDigest: Digest;
  /** Whether today's manifest requires the same. */
  readonly currentPolicy: boolean;
}

/** What was found in one environment. */
export interface StepFindings {
  readonly step: VerifiedStep;
  readonly checks: readonly Check[];
  /** The promotion's record; `null` when it cannot be believed. */
  readonly record: VerifiedRecord | null;
  /** The policy in force at the promotion; `null` when it could not be read. */
  readonly policy: ResolvedPolicy | null;
  /** What brought the artifact in; `null` when no promotion did. */
  readonly promotion: Entry | null;
}

/** What an environment is verified with. */
export interface StepInput {
  readonly environment: EnvironmentConfig;
  readonly wayIn: WayIn;
  readonly view: LedgerView;
  /** Whether this is the environment that was asked about. */
  readonly asked: boolean;
  readonly requireCurrentPolicy: boolean;
}

/** Checks how one environment was entered, by the policy in force then, and what became of it since. */
export async function verifyStep(
  input: StepInput,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<StepFindings> {
  const { environment, wayIn, view, asked } = input;
  const { entry, promotion } = wayIn;
  const checks = checksOf(environment.name);
  const { digest } = entry.outcome.event.body;
  const found: Check[] = [
    ...checkStanding(environment.name, digest, wayIn, view, asked, checks),
    await checkOwnTags(wayIn, checks, context, options),
    wayInCheck(wayIn, checks),
  ];
  const entryRecord = await checkRecord(entry, environment.name, checks, context, options);
  found.push(entryRecord.check, checkSigner(entry, environment, checks));
  let { record } = entryRecord;
  const operations = [{ entry, record }];
  if (promotion && promotion !== entry && promotion.intent.hash !== entry.intent.hash) {
    const behind = await checkRecord(promotion, environment.name, checks, context, options);
    found.push(behind.check, checkSigner(promotion, environment, checks));
    record = behind.record;
    operations.push({ entry: promotion, record });
  }
  if (!promotion) record = null;
  const history = await readHistory(ledgers.of(environment), options);
  found.push(...checkHistory(operations, history, context.manifest, checks));
  let policy: ResolvedPolicy | null = null;
  if (promotion && record) {
    policy = await judge(promotion, record, found, input, checks, context, history, options);
    found.push(await checkSummary(promotion, record, environment, checks, context, options));
  } else
    found.push(
      checks.notChecked(
        "gates",
        "without the promotion's record nothing is known of gates, policy and approvals",
        "See what is wrong with the record.",
      ),
    );
  found.push(currentPolicyCheck(promotion ?? entry, record, input, checks));
  return { step: stepOf(input, entryRecord.record), checks: found, record, policy, promotion };
}

async function judge(
  promotion: Entry,
  record: VerifiedRecord,
  found: Check[],
  { environment }: StepInput,
  checks: Checks,
  context: FloeContext,
  history: History,
  options: CallOptions,
): Promise<ResolvedPolicy | null> {
  const digest = promotion.intent.event.body.policy_digest;
  const read = await readPolicy(record, digest, environment, context.store, options);
  if (read.kind === "missing") {
    const why = `the policy in force at the promotion cannot be read: ${read.why}`;
    const fix = "Promote it again (--force): the policy is stored beside the record.";
    found.push(checks.notChecked("policy", why, fix));
    return null;
  }
  const { policy, from } = read;
  const where = from === "record" ? "stored beside the record" : "that of today";
  found.push(
    checks.ok("policy", `${digest} is ${where}`),
    checkGates(record, policy, checks),
    checkOverrides(record, promotion.intent.signedBy, environment, context.manifest, checks),
    checkSignatureThen(record, policy, checks),
    checkApprovals(
      promotion,
      record,
      policy,
      { before: history.before(promotion.intent), environment, manifest: context.manifest },
      checks,
    ),
  );
  return policy;
}

function wayInCheck({ entry, promotion }: WayIn, checks: Checks): Check {
  const { body } = entry.outcome.event;
  const at = body.committed_at ?? entry.outcome.event.at;
  if (body.action === "promote")
    return checks.ok(
      "way_in",
      `${isForced(entry) ? "promoted again (--force)" : "promoted"} ${at}`,
    );
  if (promotion)
    return checks.ok(
      "way_in",
      `returned to by a rollback ${at}; promoted ${promotion.outcome.event.body.committed_at ?? promotion.outcome.event.at}`,
    );
  return checks.failed(
    "way_in",
    "FLOE_VERIFY_UNTRUSTED",
    `a rollback returned to ${body.version}, and no promotion of it is in the ledger`,
    "Find out how it got there; promote it through the path.",
  );
}

function isForced({ intent }: Entry): boolean {
  const { action, commit_point: point } = intent.event.body;
  return action === "promote" && point === "latest-tag";
}

// What today's manifest says is told apart from what it said then: a changed policy makes no old promotion wrong.
function currentPolicyCheck(
  entry: Entry,
  record: VerifiedRecord | null,
  { environment, requireCurrentPolicy }: StepInput,
  checks: Checks,
): Check {
  const { body } = entry.intent.event;
  const differs = [
    ...(body.policy_digest === policyDigest(environment) ? [] : ["what it requires"]),
    ...(body.authority_digest === authorityDigest(environment) ? [] : ["who may do what"]),
  ];
  if (differs.length === 0)
    return checks.ok("current_policy", "today's manifest says the same as then");
  const unmet = record ? unmetGates(record, todayOf(environment)) : [];
  const summary = `today's manifest differs in ${differs.join(" and ")}${unmet.length > 0 ? `; by it these gates are not met: ${unmet.join(", ")}` : ""}`;
  const fix = "Promote it again (--force) to have it judged by today's policy.";
  return requireCurrentPolicy
    ? checks.failed("current_policy", "FLOE_VERIFY_POLICY_OUTDATED", summary, fix)
    : checks.warning("current_policy", summary, fix);
}

function todayOf(environment: EnvironmentConfig): ResolvedPolicy {
  return {
    gates: Object.fromEntries(environment.gates.map(({ name, required }) => [name, { required }])),
    verification: { enforcement: environment.verification.enforcement },
    approvals: null,
  };
}

function stepOf({ environment, wayIn }: StepInput, record: VerifiedRecord | null): VerifiedStep {
  const { entry, promotion } = wayIn;
  const { event, signedBy } = entry.intent;
  const decided = (promotion ?? entry).intent.event.body;
  const via = record?.predicate["authorized_via"];
  return {
    environment: environment.name,
    action: event.body.action,
    forced: isForced(entry),
    version: event.body.version,
    source: decided.source,
    operation: event.operation,
    record: record?.digest ?? null,
    operator: signedBy ?? event.actor.subject ?? event.actor.key_id ?? "unknown",
    authorizedVia: typeof via === "string" ? via : null,
    committedAt: entry.outcome.event.body.committed_at,
    policyDigest: decided.policy_digest,
    currentPolicy: decided.policy_digest === policyDigest(environment),
  };
}
