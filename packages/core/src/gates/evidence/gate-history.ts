import type { Ledger, LedgerView } from "../../ledger/ledger.ts";
import type {
  AttestationRule,
  EnvironmentConfig,
  GateConfig,
  Identity,
} from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { identitiesOf, isValidAt } from "../../model/identity.ts";
import type { ArtifactStore, CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { GateError } from "../gate-error.ts";
import type { Baseline } from "./baseline.ts";
import { type EvidenceAnswer, findEvidence } from "./find-evidence.ts";
import { loadBaseline } from "./load-baseline.ts";
import { type PromotedRecord, readPromotedRecord, saidOfGates } from "./promoted-record.ts";
import { type AttestedReports, attestedReports } from "./scan-attestation.ts";
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
  /** Scans of the artifact by the signers of `from_attestation`, for the gate to judge. */
  attestedReports(rule: AttestationRule, options: CallOptions): Promise<AttestedReports>;
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
  let promoted: Promise<PromotedRecord | null> | null = null;
  return {
    async baselineOf(gate, options) {
      opened ??= place.open();
      const { ledger, view } = await opened;
      const current = view?.state.current;
      if (!current) return null;
      promoted ??= readPromotedRecord(
        { digest: current.digest },
        environment,
        { ledger, view },
        context,
        options,
      );
      const found = await promoted;
      const said = found && saidOfGates(found.record).find((one) => one.gate === gate.name);
      if (!found || !said?.evidence) return null;
      const evidence = { digest: said.evidence, artifact: current.digest };
      const baseline = await loadBaseline(gate, evidence, found.trusted, context, options);
      if (!baseline || !("problem" in baseline)) return baseline;
      throw new GateError(
        "BASELINE_INVALID",
        `what ${gate.name} found for ${current.version}, which runs in ${environment.name}, cannot be used: ${baseline.problem} (evidence ${said.evidence})`,
      );
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
    attestedReports: async (rule, options) =>
      await attestedReports(rule, { artifact, stores, signers: signersOf(rule) }, context, options),
  };
}
