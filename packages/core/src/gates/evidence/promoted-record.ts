import { FloeError } from "../../errors/index.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type { EnvironmentConfig } from "../../manifest/manifest.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import { operatorTrust } from "../../model/identity.ts";
import { PREDICATE_TYPES } from "../../model/records.ts";
import type { CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { findArrival } from "../../promotion/find-arrival.ts";
import { isRecordOf, readRecord, type VerifiedRecord } from "../../promotion/read-record.ts";

/** The committed promotion of an artifact, by its verified record. */
export interface PromotedRecord {
  readonly version: string;
  readonly record: VerifiedRecord;
  /** Whose signature on evidence counts that the record names by digest. */
  readonly trusted: readonly TrustedSigner[];
}

/**
 * Reads the record of the newest committed promotion of an artifact to an environment; `null`: there is none. What came by a
 * rollback was promoted before.
 * @throws {FloeError} FLOE_RECORD_INVALID - the ledger names a record that is gone, or is another one
 */
export async function readPromotedRecord(
  wanted: { readonly digest: Digest; readonly version?: string },
  environment: EnvironmentConfig,
  { ledger, view }: { readonly ledger: Ledger; readonly view: LedgerView | null },
  context: Pick<FloeContext, "store" | "verifier" | "manifest">,
  options: CallOptions,
): Promise<PromotedRecord | null> {
  const arrival = await findArrival(ledger, view, { ...wanted, promotedOnly: true }, options);
  if (arrival?.kind !== "outcome") return null;
  const { record, action, intent, operation } = arrival;
  const trusted = operatorTrust(arrival.by, context.manifest);
  const read = await readRecord(record.digest, wanted.digest, trusted, context, options);
  const meant = { action, operation, environment: environment.name, intent };
  if (!read || !isRecordOf(read, meant))
    throw new FloeError({
      code: "FLOE_RECORD_INVALID",
      message: `the record ${record.digest} of ${arrival.version} in ${environment.name} is ${read ? "about something else" : "gone"}, and the ledger names it`,
      hint: "Somebody changed what floe wrote beside the artifact. Restore it from a copy, and find out who.",
    });
  return {
    version: arrival.version,
    record: read,
    // The record is the operator's, and names evidence by digest: whoever of the manifest has signed it may have been reused.
    trusted: [...trusted, ...context.manifest.identities.map((identity) => identity.trusted)],
  };
}

/** What a record says of a gate and its evidence. */
export interface SaidOfGate {
  readonly gate: string;
  readonly status: string;
  /** Floe's own evidence; `null` where there is none. */
  readonly evidence: Digest | null;
  /** The type of statement that the verdict was taken from, where it is none of floe's. */
  readonly attestedBy: string | null;
  /** What it was compared with when it was reused; `undefined`: it was run, or the record does not say. */
  readonly comparedWith: { readonly digest: Digest; readonly evidence: Digest } | null | undefined;
  /** Whether findings were exempted. */
  readonly exempted: boolean;
}

/** Reads the gate results of a record, as far as they can be read. */
export function saidOfGates({ predicate }: Pick<VerifiedRecord, "predicate">): SaidOfGate[] {
  const results: unknown = predicate["gate_results"];
  const list: readonly unknown[] = Array.isArray(results) ? results : [];
  return list.flatMap((result) => {
    const said = (result ?? {}) as Readonly<Record<string, unknown>>;
    const { gate, status } = said;
    if (typeof gate !== "string" || typeof status !== "string") return [];
    const { digest } = (said["evidence"] ?? {}) as { digest?: unknown };
    const { predicate_type, baseline } = (said["reused_from"] ?? {}) as {
      predicate_type?: unknown;
      baseline?: unknown;
    };
    const attested =
      typeof predicate_type === "string" && predicate_type !== PREDICATE_TYPES.gateResult;
    return [
      {
        gate,
        status,
        evidence: isDigest(digest) && !attested ? digest : null,
        exempted: Array.isArray(said["exemptions"]) && said["exemptions"].length > 0,
        comparedWith: comparedWith(baseline),
        attestedBy: attested ? predicate_type : null,
      },
    ];
  });
}

function comparedWith(baseline: unknown): SaidOfGate["comparedWith"] {
  if (baseline === null) return null;
  const { digest, evidence } = (baseline ?? {}) as { digest?: unknown; evidence?: unknown };
  return isDigest(digest) && isDigest(evidence) ? { digest, evidence } : undefined;
}
