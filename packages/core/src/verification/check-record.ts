import { operatorTrust } from "../model/identity.ts";
import { recordTag } from "../model/tag.ts";
import type { CallOptions } from "../ports/index.ts";
import type { FloeContext } from "../promotion/context.ts";
import { isRecordOf, readRecord, type VerifiedRecord } from "../promotion/read-record.ts";
import { type Check, type Checks, evidenceOf } from "./check.ts";
import { overridesOf } from "./check-overrides.ts";
import type { Entry } from "./find-way-in.ts";

const RESTORE = "Somebody changed what floe wrote. Restore it from a copy, and find out who.";

/**
 * Checks the record of an operation: it is the one that the ledger names, signed by who made the intent, about this
 * digest, and says what the intent says. A record of another environment, of an earlier promotion or of another
 * repository's ledger is none of this one.
 */
export async function checkRecord(
  entry: Entry,
  environment: string,
  checks: Checks,
  context: Pick<FloeContext, "store" | "verifier" | "manifest">,
  options: CallOptions,
): Promise<{ readonly check: Check; readonly record: VerifiedRecord | null }> {
  const { outcome, intent } = entry;
  const { action, digest } = outcome.event.body;
  const { operation } = outcome.event;
  const failed = (why: string): { readonly check: Check; readonly record: null } => ({
    check: checks.failed("record", "FLOE_RECORD_INVALID", why, RESTORE),
    record: null,
  });
  const named = outcome.event.body.record;
  if (!named) return failed(`the ${action} ${operation} names no record`);
  let record: VerifiedRecord | null;
  try {
    const trusted = operatorTrust(intent.event.actor, context.manifest);
    record = await readRecord(named.digest, digest, trusted, context, options);
  } catch (cause) {
    const evidence = evidenceOf(cause);
    if (!evidence) throw cause;
    return failed(evidence.message);
  }
  if (!record) return failed(`the record ${named.digest} is gone`);
  const wanted = { action, operation, environment, intent: intent.hash };
  if (!isRecordOf(record, wanted))
    return failed(`the record ${named.digest} is not of the ${action} ${operation}`);
  const difference = differenceOf(record, entry) ?? unannounced(record, entry);
  if (difference) return failed(`record and intent of ${operation} differ: ${difference}`);
  const tag = recordTag(operation);
  const tagged = await context.store.resolve(tag, options);
  if (tagged && tagged.digest !== record.digest)
    return failed(`${tag} holds ${tagged.digest}, and the ledger names ${record.digest}`);
  if (!tagged)
    return {
      check: checks.warning(
        "record",
        `the record is valid, but its tag ${tag} is gone: the registry may remove the record`,
        `Set ${tag} to ${record.digest} again.`,
      ),
      record,
    };
  return { check: checks.ok("record", `${tag} is signed and is that of the ledger`), record };
}

/** In what a record says something else than the intent that it belongs to; `null`: in nothing. */
function differenceOf({ predicate }: VerifiedRecord, { intent, outcome }: Entry): string | null {
  const { body, chain, seq, actor } = intent.event;
  const promotion = body.action === "promote";
  const pairs: readonly (readonly [string, unknown, unknown])[] = [
    ["artifact_digest", predicate["artifact_digest"], body.digest],
    ["artifact_tag", predicate["artifact_tag"], body.version],
    ["policy_digest", predicate["policy_digest"], body.policy_digest],
    ["authority_digest", predicate["authority_digest"], body.authority_digest],
    ["ledger.chain", memberOf(predicate["ledger"], "chain"), chain],
    ["ledger.seq", memberOf(predicate["ledger"], "seq"), seq],
    ["outcome.digest", outcome.event.body.digest, body.digest],
    ["outcome.action", outcome.event.body.action, body.action],
    ["operator_identity", signerOf(predicate["operator_identity"]), signerOf(actor)],
    ["outcome.operator", signerOf(outcome.event.body.operator), signerOf(actor)],
    ...(promotion
      ? ([
          ["source_environment", predicate["source_environment"], body.source],
          ["plan_digest", predicate["plan_digest"], body.plan_digest],
          ["manifest_digest", predicate["manifest_digest"], body.manifest_digest],
        ] as const)
      : []),
  ];
  const different = pairs.find(([, said, wanted]) => said !== wanted);
  return different
    ? `${different[0]} is ${String(different[1])}, not ${String(different[2])}`
    : null;
}

/**
 * What a record says was overridden, and no event announced: neither the intent nor whoever took the operation over. A run that
 * takes over may have had nothing to override any more, so that a record may name less; `null`: nothing.
 */
function unannounced(record: VerifiedRecord, { intent, takenOver }: Entry): string | null {
  const { actor, body } = intent.event;
  const announced = [
    ...(body.overrides ?? []),
    // Only who made the intent writes its record.
    ...takenOver
      .filter(({ event }) => signerOf(event.actor) === signerOf(actor))
      .flatMap(({ event }) => event.body.overrides ?? []),
  ];
  const extra = overridesOf(record).find(
    ({ kind, reason, by }) =>
      !announced.some((one) => one.kind === kind && one.reason === reason && one.by === by),
  );
  return extra
    ? `it says that ${extra.by} has overridden ${extra.kind} (${extra.reason}), and neither event ${intent.event.seq}, which set out to do it, nor one that took it over says so`
    : null;
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}

// Names are today's or then's; who it was is the key, or the issuer and subject.
function signerOf(actor: unknown): string {
  const said = (key: string): string => {
    const value = memberOf(actor, key);
    return typeof value === "string" ? value : "";
  };
  return said("key_id") || `${said("subject")} at ${said("issuer")}`;
}
