import type { GateBaseline } from "../../contract/index.ts";
import type { LedgerState } from "../../ledger/event.ts";
import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type {
  AttestationRule,
  EnvironmentConfig,
  GateConfig,
  Identity,
} from "../../manifest/manifest.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import { identitiesOf, isValidAt, operatorTrust } from "../../model/identity.ts";
import type { ArtifactStore, CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { findArrival } from "../../promotion/find-arrival.ts";
import { isRecordOf, readRecord } from "../../promotion/read-record.ts";
import { GateError } from "../gate-error.ts";
import type { Baseline } from "./baseline.ts";
import { type EvidenceAnswer, findEvidence } from "./find-evidence.ts";
import { readEvidence, readReports } from "./read-evidence.ts";
import { type AttestedVerdict, attestedTests } from "./test-attestation.ts";

/** What gates have found before, as far as it can be believed. */
export interface GateHistory {
  /**
   * What the gate found for the artifact that runs in the environment; `null` where nothing runs there, or the gate left no
   * evidence then.
   * @throws {GateError} BASELINE_INVALID - the signed record names evidence that is gone or is not what it should be
   */
  baselineOf(gate: GateConfig, options: CallOptions): Promise<Baseline | null>;
  /** Evidence about the artifact that may be judged again instead of running the gate, by `max_age`. */
  reusableEvidence(gate: GateConfig, options: CallOptions): Promise<EvidenceAnswer>;
  /** Evidence about the artifact by the signers of `from_attestation`, for whatever environment. */
  attestedEvidence(
    gate: GateConfig,
    rule: AttestationRule,
    options: CallOptions,
  ): Promise<EvidenceAnswer>;
  /** A test result about the artifact by the signers of `from_attestation`. */
  attestedTests(
    gate: GateConfig,
    rule: AttestationRule,
    options: CallOptions,
  ): Promise<AttestedVerdict>;
}

/** Where an environment's history is. */
export interface HistoryPlace {
  readonly environment: EnvironmentConfig;
  /** Reads the ledger's end; called when it is needed, and once. */
  readonly open: () => Promise<{ readonly ledger: Ledger; readonly view: LedgerView | null }>;
  /** What is judged. */
  readonly artifact: Digest;
  /** Where it is before it is promoted, and with it what is attached to it. */
  readonly from: ArtifactStore;
  /** With the environment's own store. */
  readonly context: Pick<FloeContext, "store" | "verifier" | "manifest">;
}

/** Opens what gates have found before in an environment. Nothing is read until it is asked for. */
export function createGateHistory(place: HistoryPlace): GateHistory {
  const { environment, artifact, from, context } = place;
  const stores = [context.store, from];
  const now = (): Date => context.store.now();
  // Who may promote to the environment now; somebody whose key was revoked may not.
  const promoters = (): TrustedSigner[] =>
    identitiesOf(environment, context.manifest, now()).map(({ trusted }) => trusted);
  const valid = (identities: readonly Identity[]): TrustedSigner[] =>
    identities.filter((one) => isValidAt(one, now())).map(({ trusted }) => trusted);
  const signersOf = ({ signers }: AttestationRule): TrustedSigner[] =>
    signers ? valid(signers) : promoters();
  let opened: ReturnType<HistoryPlace["open"]> | null = null;
  let promoted: Promise<Promoted | null> | null = null;
  return {
    async baselineOf(gate, options) {
      opened ??= place.open();
      const { ledger, view } = await opened;
      const current = view?.state.current;
      if (!current) return null;
      promoted ??= readPromoted(current.digest, place, { ledger, view }, options);
      const found = await promoted;
      const evidence = found?.evidence.get(gate.name);
      if (!found || !evidence) return null;
      return await readBaseline(gate, evidence, found, current, place, options);
    },
    reusableEvidence: async (gate, options) =>
      await findEvidence(
        {
          ...{ gate, artifact, stores, maxAgeSeconds: gate.maxAgeSeconds },
          signers: [...promoters(), ...valid(gate.evidenceFrom)],
          environment: environment.name,
        },
        context,
        options,
      ),
    attestedEvidence: async (gate, rule, options) =>
      await findEvidence(
        {
          ...{ gate, artifact, stores, maxAgeSeconds: rule.maxAgeSeconds },
          signers: signersOf(rule),
          environment: null,
        },
        context,
        options,
      ),
    attestedTests: async (gate, rule, options) =>
      await attestedTests(
        gate,
        rule,
        { artifact, stores, signers: signersOf(rule) },
        context,
        options,
      ),
  };
}

/** The committed promotion of what runs there: which evidence its record names, and who has signed it. */
interface Promoted {
  readonly evidence: ReadonlyMap<string, Digest>;
  readonly trusted: readonly TrustedSigner[];
}

async function readPromoted(
  digest: Digest,
  { environment, context }: HistoryPlace,
  { ledger, view }: Awaited<ReturnType<HistoryPlace["open"]>>,
  options: CallOptions,
): Promise<Promoted | null> {
  // What came by a rollback was promoted before: gates were judged then.
  const arrival = await findArrival(ledger, view, { digest, promotedOnly: true }, options);
  if (arrival?.kind !== "outcome") return null;
  const { record, action, intent, operation } = arrival;
  const trusted = operatorTrust(arrival.by, context.manifest);
  const read = await readRecord(record.digest, digest, trusted, context, options);
  const wanted = { action, operation, environment: environment.name, intent };
  if (!read || !isRecordOf(read, wanted))
    throw new GateError(
      "BASELINE_INVALID",
      `the record ${record.digest} of what runs in ${environment.name} is ${read ? "about something else" : "gone"}`,
    );
  return {
    evidence: evidenceIn(read.predicate["gate_results"]),
    // The record is the operator's, and names it by digest: whoever of the manifest has signed it may have been reused.
    trusted: [...trusted, ...context.manifest.identities.map((identity) => identity.trusted)],
  };
}

function evidenceIn(results: unknown): ReadonlyMap<string, Digest> {
  const list: readonly unknown[] = Array.isArray(results) ? results : [];
  return new Map(
    list.flatMap((result) => {
      const { gate, evidence } = (result ?? {}) as { gate?: unknown; evidence?: unknown };
      const { digest } = (evidence ?? {}) as { digest?: unknown };
      return typeof gate === "string" && isDigest(digest) ? [[gate, digest] as const] : [];
    }),
  );
}

async function readBaseline(
  gate: GateConfig,
  digest: Digest,
  { trusted }: Promoted,
  current: NonNullable<LedgerState["current"]>,
  { environment, context }: HistoryPlace,
  options: CallOptions,
): Promise<Baseline | null> {
  const invalid = (why: string): GateError =>
    new GateError(
      "BASELINE_INVALID",
      `what ${gate.name} found for ${current.version}, which runs in ${environment.name}, cannot be used: ${why} (evidence ${digest})`,
    );
  const read = await readEvidence(digest, current.digest, trusted, context, options);
  // Without it a gate would be asked less than it was: whoever can delete a manifest must not decide that.
  if (!read) throw invalid("it is gone, and the signed record names it");
  if ("problem" in read) throw invalid(read.problem);
  const { result, judged_at } = read.statement;
  if (result.gate !== gate.name) throw invalid(`it is of the gate ${result.gate}`);
  // Another kind measures something else, and without a verdict there is nothing to compare with.
  if (result.kind !== gate.kind || result.status === "error") return null;
  const kept = await readReports(read, context, options);
  if ("problem" in kept) throw invalid(kept.problem);
  return {
    subject: {
      digest: current.digest,
      version: current.version,
      judgedAt: new Date(judged_at),
      status: result.status,
      metrics: result.metrics,
      details: result.details as GateBaseline["details"],
      reports: kept.reports,
    },
    evidence: digest,
  };
}
