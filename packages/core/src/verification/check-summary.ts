import type { EnvironmentConfig } from "../manifest/manifest.ts";
import { summaryTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import type { VerifiedRecord } from "../promotion/read-record.ts";
import { readSummary, summarySigners } from "../promotion/read-summary.ts";
import { type Check, type Checks, evidenceOf } from "./check.ts";
import type { Entry } from "./find-way-in.ts";

/** Checks the verification summary of a promotion: what verifiers that know no floe go by. */
export async function checkSummary(
  promotion: Entry,
  record: VerifiedRecord,
  environment: EnvironmentConfig,
  checks: Checks,
  context: Pick<FloeContext, "store" | "verifier" | "manifest">,
  options: CallOptions,
): Promise<Check> {
  const { event } = promotion.intent;
  const tag = summaryTag(event.operation);
  const facts = {
    operation: event.operation,
    repository: record.subjectName ?? context.store.repository,
    environment: environment.name,
    digest: event.body.digest,
    policyDigest: event.body.policy_digest,
    record: { digest: record.digest, bundle: record.bundle },
    signatureVerified: record.predicate["signature_verified"] === true,
    signers: summarySigners(environment, context.manifest, [
      event.actor,
      promotion.outcome.event.actor,
    ]),
  };
  try {
    if (await readSummary(facts, context, options))
      return checks.ok("summary", `${tag} is signed and says the same`);
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (!evidence) throw cause;
    return checks.failed(
      "summary",
      "FLOE_RECORD_INVALID",
      evidence.message,
      "Admission controllers would go by it. Find out who put it there.",
    );
  }
  return checks.warning(
    "summary",
    `there is no verification summary (${tag}), which admission controllers look for`,
    "An older floe has promoted it, or somebody deleted it. Promoting it again (--force) makes one.",
  );
}
