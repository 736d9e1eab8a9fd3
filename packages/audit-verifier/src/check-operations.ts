import type { JudgedEvent } from "./check-events.ts";
import { own, ownText, parseJson } from "./json.ts";
import type { PublicKey } from "./keys.ts";
import type { Facts } from "./read-event.ts";
import { isSignedWith, readSignedBundle } from "./signed-bundle.ts";
import { type Finding, tampered } from "./verdict.ts";

const COMPARE =
  "A registry without exclusive tags cannot prevent it. Compare the tags with floe audit drift.";

/** Operations that ended more than once, without effect, or at once with another. */
export function checkEndings(events: readonly JudgedEvent[]): Finding[] {
  const findings: Finding[] = [];
  const begun = new Map<string, number>();
  const ended = new Map<string, number>();
  let last: number | null = null;
  for (const { facts, counts } of events) {
    const { kind, operation, seq, hash, body, state } = facts;
    if (!counts) continue;
    if (kind === "intent") begun.set(operation, seq);
    if (kind !== "outcome") continue;
    const found = (what: string): void => {
      findings.push({ seq, hash, code: "FLOE_LEDGER_DRIFT", what, fix: COMPARE });
    };
    const what = `the ${ownText(body, "action")} of ${ownText(body, "version")}`;
    const before = ended.get(operation);
    const succeeded = own(body, "result") === "succeeded";
    if (before !== undefined) found(`it is a second outcome of ${what}, which event ${before} has`);
    else if (succeeded && state.current?.operation !== operation)
      found(`it says that ${what} succeeded, and it had no effect: another one had gone before`);
    const intent = begun.get(operation);
    if (before === undefined && succeeded) {
      if (last !== null && intent !== undefined && last > intent)
        found(`${what} and that of event ${last} ran at once`);
      last = seq;
    }
    if (before === undefined) ended.set(operation, seq);
  }
  return findings;
}

/** Outcomes that do not end the intent of their operation, as it was meant and after it. */
export function checkIntents(events: readonly JudgedEvent[], environment: string): Finding[] {
  const intents = new Map<string, Facts>();
  const begun = new Map<string, number>();
  for (const { facts, counts } of events) {
    if (facts.kind !== "intent") continue;
    intents.set(facts.hash, facts);
    if (counts) begun.set(facts.operation, facts.seq);
  }
  return events.flatMap(({ facts: { kind, body, operation, seq, hash }, counts }) => {
    if (!counts || kind !== "outcome") return [];
    const intent = intents.get(ownText(body, "intent") ?? "");
    const mine = begun.get(operation);
    const its = `that of its operation is ${mine === undefined ? "not there" : `event ${mine}`}`;
    const what = !intent
      ? `it ends an intent that is not there; ${its}`
      : intent.operation !== operation
        ? `it ends another intent, event ${intent.seq}; ${its}`
        : intent.seq >= seq
          ? `it ends event ${intent.seq}, which does not come before it`
          : own(intent.body, "target") !== environment ||
              ["digest", "version", "action"].some(
                (member) => own(intent.body, member) !== own(body, member),
              )
            ? `it ends event ${intent.seq}, which is about something else`
            : null;
    return what === null ? [] : [tampered(seq, hash, what)];
  });
}

/** What the records of operations come to. */
export interface RecordAnswers {
  readonly missing: readonly Finding[];
  readonly wrong: readonly Finding[];
  readonly unsigned: readonly Finding[];
  readonly records: number;
  /** Signed with certificates, which is not judged here. */
  readonly byCertificate: number;
}

/** Looks at the record that each promotion and rollback names. */
export function checkRecords(
  events: readonly JudgedEvent[],
  environment: string,
  objects: ReadonlyMap<string, Buffer>,
  keys: readonly PublicKey[],
): RecordAnswers {
  const missing: Finding[] = [];
  const wrong: Finding[] = [];
  const unsigned: Finding[] = [];
  let records = 0;
  let byCertificate = 0;
  for (const { facts, counts } of events) {
    const { kind, body, seq, hash } = facts;
    const digest = ownText(own(body, "record"), "digest");
    if (!counts || kind !== "outcome" || own(body, "result") !== "succeeded" || digest === null)
      continue;
    records += 1;
    const invalid = (what: string): Finding => {
      const fix = "Take the record from the registry, and find out who changed it.";
      return { seq, hash, code: "FLOE_RECORD_INVALID", what, fix };
    };
    const manifest = objects.get(digest);
    const layers = manifest && own(parseJson(manifest), "layers");
    const layer = Array.isArray(layers) ? ownText(layers[0], "digest") : null;
    const bytes = layer === null ? undefined : objects.get(layer);
    if (!bytes) {
      missing.push(tampered(seq, hash, `its record ${digest} is not in the bundle`));
      continue;
    }
    const signed = readSignedBundle(bytes);
    if (!signed || !isRecordOf(parseJson(signed.payload), facts, environment)) {
      wrong.push(invalid(`its record ${digest} is of something else, or none`));
      continue;
    }
    if (signed.byCertificate) byCertificate += 1;
    else if (!keys.some(({ key }) => isSignedWith(key, signed)))
      unsigned.push(invalid(`its record ${digest} is signed by nobody who may`));
  }
  return { missing, wrong, unsigned, records, byCertificate };
}

function isRecordOf(
  statement: unknown,
  { body, operation }: JudgedEvent["facts"],
  environment: string,
): boolean {
  const predicate = own(statement, "predicate");
  const subjects = own(statement, "subject");
  const [algorithm = "", hex] = (ownText(body, "digest") ?? "").split(":");
  const subject = Array.isArray(subjects) ? own(subjects[0], "digest") : undefined;
  const [type, id, target] =
    own(body, "action") === "promote"
      ? ["promotion", "promotion_id", "target_environment"]
      : ["rollback", "rollback_id", "environment"];
  return (
    own(statement, "predicateType") === `https://floe.dev/attestation/${type}/v1` &&
    own(subject, algorithm) === hex &&
    own(predicate, id ?? "") === operation &&
    own(predicate, target ?? "") === environment &&
    own(own(predicate, "ledger"), "hash") === own(body, "intent")
  );
}
