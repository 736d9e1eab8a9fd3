import { isInTotoDigest } from "../../model/digest.ts";
import { PREDICATE_TYPES } from "../../model/records.ts";
import type { TrustedSigner, Verifier } from "../../ports/index.ts";
import { readSignedPayload } from "../signed-payload.ts";
import type { AuditFinding } from "../verdict.ts";
import type { BundledEvent } from "./bundled-events.ts";

/** What the records of operations come to. */
export interface BundledRecords {
  readonly missing: readonly AuditFinding[];
  readonly wrong: readonly AuditFinding[];
  readonly unsigned: readonly AuditFinding[];
  readonly count: number;
  /** Signed with certificates, which is not judged offline. */
  readonly byCertificate: number;
}

/** Where the blob of a record is, by its manifest's first layer. */
function recordLayer(manifest: Uint8Array): string | null {
  const layers = (parse(manifest) as { layers?: unknown } | null)?.layers;
  const first = Array.isArray(layers) ? (layers[0] as { digest?: unknown } | null) : null;
  return typeof first?.digest === "string" ? first.digest : null;
}

/** Looks at the record that each promotion and rollback names. */
export function checkBundledRecords(
  events: readonly BundledEvent[],
  objects: ReadonlyMap<string, Uint8Array>,
  signers: readonly TrustedSigner[],
  verifier: Verifier,
): BundledRecords {
  const missing: AuditFinding[] = [];
  const wrong: AuditFinding[] = [];
  const unsigned: AuditFinding[] = [];
  let count = 0;
  let byCertificate = 0;
  for (const stored of events) {
    const { event, hash, authorized } = stored;
    if (!authorized || event.kind !== "outcome" || event.body.result !== "succeeded") continue;
    const { record } = event.body;
    if (record === null) continue;
    count += 1;
    const finding = (code: AuditFinding["code"], what: string): AuditFinding => ({
      ...{ seq: event.seq, hash, code, what: `its record ${record.digest} ${what}` },
      fix: "Take the record from the registry, and find out who changed it.",
    });
    const manifest = objects.get(record.digest);
    const layer = manifest ? recordLayer(manifest) : null;
    const bytes = layer === null ? undefined : objects.get(layer);
    if (!bytes) {
      missing.push(finding("FLOE_LEDGER_TAMPERED", "is not in the bundle"));
      continue;
    }
    const signed = readSignedPayload(bytes);
    if (!signed || !isRecordOf(parse(signed.payload), stored)) {
      wrong.push(finding("FLOE_RECORD_INVALID", "is of something else, or none"));
      continue;
    }
    if (signed.byCertificate) byCertificate += 1;
    else if (!verifier.verifyBundle(bytes, signers).ok)
      unsigned.push(finding("FLOE_RECORD_INVALID", "is signed by nobody who may"));
  }
  return { missing, wrong, unsigned, count, byCertificate };
}

function isRecordOf(statement: unknown, { event }: BundledEvent): boolean {
  if (event.kind !== "outcome") return false;
  const { subject, predicateType, predicate } = (statement ?? {}) as {
    subject?: unknown;
    predicateType?: unknown;
    predicate?: Readonly<Record<string, unknown>> | null;
  };
  const about = Array.isArray(subject) ? (subject[0] as { digest?: unknown } | null) : null;
  const { action, digest, intent } = event.body;
  const [type, id, environment] =
    action === "promote"
      ? ([PREDICATE_TYPES.promotion, "promotion_id", "target_environment"] as const)
      : ([PREDICATE_TYPES.rollback, "rollback_id", "environment"] as const);
  const { ledger } = (predicate ?? {}) as { ledger?: { hash?: unknown } | null };
  return (
    predicateType === type &&
    isInTotoDigest(about?.digest, digest) &&
    predicate?.[id] === event.operation &&
    predicate[environment] === event.environment &&
    ledger?.hash === intent
  );
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
