import type { AuditRequest, LedgerAudit } from "./audit/audit-ledger.ts";
import type { BundleRequest, MadeBundle } from "./audit/bundle/make-bundle.ts";
import type { ExportedLedgers, ExportRequest } from "./audit/export/export-events.ts";
import type { DriftedTag, DriftRequest } from "./audit/find-drift.ts";
import type { CheckpointRequest, MadeCheckpoint } from "./audit/make-checkpoint.ts";
import type { MovedLedger, MoveRequest } from "./audit/move/move-ledgers.ts";
import type { PrunedLedger, PruneRequest } from "./audit/prune/prune-ledgers.ts";
import type { EventRequest, ShownEvent } from "./audit/show-event.ts";
import type { AnchorStore, AuditBackend, FloePlugin } from "./contract/index.ts";
import type { DoctorRequest } from "./doctor/examine.ts";
import type { DoctorFinding } from "./doctor/finding.ts";
import type { Exemption } from "./gates/exemption.ts";
import type { RunGateRequest, runOneGate } from "./gates/run-one.ts";
import type { GatesVerified, VerifyGatesRequest } from "./gates/verify-gates.ts";
import type { FileAnchorConfig, Manifest, RegistryConfig, SecretRef } from "./manifest/manifest.ts";
import { openAnchors, openLogAnchor } from "./open-anchors.ts";
import { openLedgerStore, openStoreAt } from "./open-ledger-store.ts";
import type { PluginSource } from "./plugins/descriptor.ts";
import { createPluginRegistry, type GateListing } from "./plugins/registry.ts";
import type {
  ArtifactCopier,
  ArtifactStore,
  ArtifactVerifier,
  CallOptions,
  Clock,
  CommandRunner,
  Host,
  Logger,
  Notifier,
  SbomReader,
  Signer,
  Telemetry,
  TransparencyLog,
  Verifier,
} from "./ports/index.ts";
import type { AdoptOutcome, AdoptRequest } from "./promotion/adopt.ts";
import type {
  OpinionKind,
  OpinionOutcome,
  OpinionRequest,
} from "./promotion/approvals/give-opinion.ts";
import type { ApprovalStatus, ApprovalsRequest } from "./promotion/approvals/list-approvals.ts";
import type { FloeContext } from "./promotion/context.ts";
import type { Deployment, DeploymentRequest } from "./promotion/deployment.ts";
import type { ArtifactDiff, DiffRequest } from "./promotion/diff.ts";
import { type HistoryEvent, type HistoryRequest, history } from "./promotion/history.ts";
import type { SignerOrigin } from "./promotion/how-to-prove.ts";
import { createLedgers } from "./promotion/ledgers.ts";
import type { EnvironmentTag, ListTagsRequest } from "./promotion/list-tags.ts";
import { type LockOutcome, type LockRequest, setLock } from "./promotion/lock.ts";
import type { Metrics, MetricsRequest } from "./promotion/metrics.ts";
import type { OperationOutcome } from "./promotion/operation.ts";
import type {
  AcceptPolicyOutcome,
  AcceptPolicyRequest,
} from "./promotion/policy-pin/accept-policy.ts";
import type { PromoteRequest } from "./promotion/promote.ts";
import type { QuarantineOutcome, QuarantineRequest } from "./promotion/quarantine.ts";
import type { ReconcileOutcome, ReconcileRequest } from "./promotion/reconcile.ts";
import type { RestoreTagsOutcome, RestoreTagsRequest } from "./promotion/restore-tags.ts";
import type { RollbackRequest } from "./promotion/rollback.ts";
import { type StatusRequest, status } from "./promotion/status.ts";
import type { EnvironmentStatus } from "./promotion/status-row.ts";
import { tracedFloe } from "./traced-floe.ts";
import type { EnvironmentVerification, VerifyRequest } from "./verification/verify-environment.ts";

/** What {@link createFloe} puts together. Everything that touches the world comes in here. */
export interface FloeOptions {
  /** From `loadManifest` of `@floe/core/manifest`. */
  readonly manifest: Manifest;
  /** The manifest's own repository, `artifacts.registry`. */
  readonly store: ArtifactStore;
  /**
   * Gives the store of any repository that the manifest names, the same one for the same repository; `store` for the
   * manifest's own. Default: there is no other. Whoever opens them closes them.
   */
  readonly storeOf?: (registry: RegistryConfig) => ArtifactStore;
  /** Brings artifacts from one repository to another. Needed where the manifest names several. */
  readonly copier?: ArtifactCopier;
  /** Tells webhooks. Without one, what they are due stays in the ledger. */
  readonly notifier?: Notifier;
  /** `null`: reads and dry runs only. */
  readonly signer: Signer | null;
  /** Public key (PEM) of the signer, which events carry; `null` for keyless, or to take it from the manifest. */
  readonly signerPublicKey: string | null;
  /** Where the app looked for the signer, for messages. */
  readonly signerOrigin?: SignerOrigin;
  readonly verifier: Verifier;
  readonly artifactVerifier: ArtifactVerifier;
  /** Reads SBOMs, for comparisons. Default: what artifacts are made of is not compared. */
  readonly sbomReader?: SbomReader;
  /** The built-in `policy_compliance`, as a plugin. */
  readonly policy: FloePlugin;
  /** From `loadExemptions` of `@floe/core/manifest`. Default: none, so that every finding counts. */
  readonly exemptions?: readonly Exemption[];
  /** Plugins that the app hands in itself. */
  readonly plugins?: readonly FloePlugin[];
  /** Installed plugins, imported when the manifest needs them. */
  readonly pluginSources?: readonly PluginSource[];
  /** Opens a folder that keeps checkpoints, where `audit.anchors` names one. Default: there is none. */
  readonly openAnchor?: (anchor: FileAnchorConfig, options: CallOptions) => Promise<AnchorStore>;
  /** Opens a transparency log by its URL, where `audit.anchors` names one. Default: there is none. */
  readonly openLog?: (url: string, options: CallOptions) => Promise<TransparencyLog>;
  /**
   * An opened audit backend, in place of the one that the manifest names. Whoever opened it closes it. Ledgers that are begun
   * there are pinned to what the manifest names, or to `inline` where it names `oci`.
   */
  readonly ledger?: AuditBackend;
  readonly runner: CommandRunner;
  /** Reads the value behind a `secret_env` reference. */
  readonly readSecret: (ref: SecretRef) => Promise<string>;
  readonly host: Host;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Told what is done and how long it takes. Default: nobody watches. */
  readonly telemetry?: Telemetry;
  /** Version of the program, for the `agent` of events. */
  readonly version: string;
}

/** How long webhooks may keep a command from ending, in milliseconds. */
const DELIVERING_MS = 10_000;

/** Options of every call at the public edge. */
export interface RequestOptions {
  /** Aborting stops before the next step; what was begun is closed. */
  readonly signal?: AbortSignal;
}

/** A floe for one manifest: what the CLI and embedding apps call. */
export interface Floe extends AsyncDisposable {
  promote(request: PromoteRequest, options?: RequestOptions): Promise<OperationOutcome>;
  /** `promote` with `dryRun: true`. */
  plan(
    request: Omit<PromoteRequest, "dryRun">,
    options?: RequestOptions,
  ): Promise<OperationOutcome>;
  rollback(request: RollbackRequest, options?: RequestOptions): Promise<OperationOutcome>;
  status(request?: StatusRequest, options?: RequestOptions): Promise<EnvironmentStatus[]>;
  history(request?: HistoryRequest, options?: RequestOptions): Promise<HistoryEvent[]>;
  /** How two versions differ, or what two environments run. Needs no signer. */
  diff(request: DiffRequest, options?: RequestOptions): Promise<ArtifactDiff>;
  /** The tags of environments. Needs no signer. */
  listTags(request?: ListTagsRequest, options?: RequestOptions): Promise<EnvironmentTag[]>;
  /** Sets the tags of what an environment runs back to what its ledger says. */
  restoreTags(request: RestoreTagsRequest, options?: RequestOptions): Promise<RestoreTagsOutcome>;
  /** The DORA figures of an environment, from the ledgers. Needs no signer. */
  metrics(request?: MetricsRequest, options?: RequestOptions): Promise<Metrics>;
  lock(request: LockRequest, options?: RequestOptions): Promise<LockOutcome>;
  unlock(request: LockRequest, options?: RequestOptions): Promise<LockOutcome>;
  quarantine(request: QuarantineRequest, options?: RequestOptions): Promise<QuarantineOutcome>;
  /** Also lifts what a rollback has left. */
  unquarantine(request: QuarantineRequest, options?: RequestOptions): Promise<QuarantineOutcome>;
  /** Records what an environment runs already, without gates. */
  adopt(request: AdoptRequest, options?: RequestOptions): Promise<AdoptOutcome>;
  /** Whether what an environment holds is there by a complete chain of valid records. Needs no signer. */
  verify(request: VerifyRequest, options?: RequestOptions): Promise<EnvironmentVerification>;
  /** Says that a version may enter an environment that asks for approvals; or takes that back. */
  approve(request: OpinionRequest, options?: RequestOptions): Promise<OpinionOutcome>;
  /** Says that a version may not enter; or takes that back. */
  deny(request: OpinionRequest, options?: RequestOptions): Promise<OpinionOutcome>;
  /** What approvers have to decide. Needs no signer. */
  approvals(request?: ApprovalsRequest, options?: RequestOptions): Promise<ApprovalStatus[]>;
  /** Pins an environment to this manifest, for somebody whom the pinned one lets act there. */
  acceptPolicy(
    request: AcceptPolicyRequest,
    options?: RequestOptions,
  ): Promise<AcceptPolicyOutcome>;
  /** What an environment holds by its ledger, for who deploys it. Needs no signer. */
  deployment(request: DeploymentRequest, options?: RequestOptions): Promise<Deployment>;
  reconcile(request?: ReconcileRequest, options?: RequestOptions): Promise<ReconcileOutcome>;
  /** Whether ledgers are what was written. Needs no signer. */
  audit(request?: AuditRequest, options?: RequestOptions): Promise<LedgerAudit[]>;
  /** Signs what ledgers hold now, and keeps that beside them and in the other places of `audit.anchors`. */
  checkpoint(request?: CheckpointRequest, options?: RequestOptions): Promise<MadeCheckpoint[]>;
  /** Lets every ledger go on in another place, linked with what it has in this one. The same call finishes what was interrupted. */
  moveLedgers(request: MoveRequest, options?: RequestOptions): Promise<MovedLedger[]>;
  /** Removes events from the beginning of ledgers that the manifest does not keep, once they are in an archive. */
  pruneLedgers(request: PruneRequest, options?: RequestOptions): Promise<PrunedLedger[]>;
  /** Writes the events of ledgers in a form that others read. Needs no signer. */
  exportLedgers(request: ExportRequest, options?: RequestOptions): Promise<ExportedLedgers>;
  /** Puts ledgers and what is signed beside the artifacts into one file for an auditor. Needs no signer. */
  bundleLedgers(request?: BundleRequest, options?: RequestOptions): Promise<MadeBundle>;
  /** Tags and records that are not as the ledgers say. Needs no signer. */
  drift(request?: DriftRequest, options?: RequestOptions): Promise<DriftedTag[]>;
  /** Events whole, as they were signed. Needs no signer. */
  showEvents(request: EventRequest, options?: RequestOptions): Promise<ShownEvent[]>;
  /** What promotions rest on, each with what was seen and what to do. */
  doctor(request?: DoctorRequest, options?: RequestOptions): Promise<DoctorFinding[]>;
  runGate(request: RunGateRequest, options?: RequestOptions): ReturnType<typeof runOneGate>;
  /** Judges the gates of a promotion again, from the reports that were kept. Needs no signer; no command runs. */
  verifyGates(request: VerifyGatesRequest, options?: RequestOptions): Promise<GatesVerified>;
  listGates(): GateListing[];
}

/**
 * Makes a floe from a checked manifest and its adapters. Holds no global state; several may live in one process.
 */
export function createFloe(options: FloeOptions): Floe {
  const {
    plugins = [],
    pluginSources = [],
    policy,
    ledger: _ledger,
    openAnchor: _openAnchor,
    openLog: _openLog,
    ...rest
  } = options;
  const registry = createPluginRegistry({
    sources: pluginSources,
    inline: [
      { plugin: policy, origin: "built-in" as const },
      ...plugins.map((plugin) => ({ plugin, origin: "inline" as const })),
    ],
    allow: options.manifest.plugins.allow,
  });
  const onlyStore = ({ uri }: RegistryConfig): ArtifactStore => {
    if (uri === options.manifest.registry.uri) return options.store;
    throw new Error(`the manifest names ${uri}, and createFloe was given no storeOf to open it`);
  };
  const storeOf = options.storeOf ?? onlyStore;
  const ledgerStore = openLedgerStore(options, registry);
  const previous = options.manifest.audit.previous
    .filter(({ provider }) => provider !== "oci")
    .map((place) => openStoreAt(place, options, registry));
  const context: FloeContext = {
    ...rest,
    gates: registry,
    ledgerStore,
    pastStores: [...(ledgerStore ? [ledgerStore] : []), ...previous],
    storeOf,
    anchors: openAnchors(options, registry, storeOf),
    log: openLogAnchor(options),
    copier: options.copier ?? null,
    notifier: options.notifier ?? null,
    exemptions: options.exemptions ?? [],
  };
  const ledgers = createLedgers(context);
  const call = (given?: RequestOptions): { readonly signal: AbortSignal } => ({
    signal: given?.signal ?? new AbortController().signal,
  });
  const afterwards = async (
    outcome: OperationOutcome,
    strict: boolean,
    given?: RequestOptions,
  ): Promise<OperationOutcome> => {
    if (outcome.kind !== "done" || options.manifest.secondaries.length === 0) return outcome;
    const { syncOperation } = await import("./promotion/sync/sync-operation.ts");
    return await syncOperation(outcome, strict, context, ledgers, call(given));
  };
  // Webhooks are told while secondaries sync; neither keeps the other waiting, and neither changes what is done.
  const telling = async <Outcome>(
    environment: string,
    given: RequestOptions | undefined,
    work: () => Promise<Outcome>,
    after: (outcome: Outcome) => Promise<Outcome> = (outcome) => Promise.resolve(outcome),
  ): Promise<Outcome> => {
    const { environments, webhooks, unsupported } = options.manifest;
    const found = environments.find(({ name }) => name === environment);
    if (!found || webhooks.length === 0 || unsupported.length > 0) return await after(await work());
    const { deliverEvents, prepareDeliveries } = await import(
      "./promotion/webhooks/deliver-events.ts"
    );
    const ledger = ledgers.of(found);
    await prepareDeliveries(ledger, context, call(given));
    const outcome = await work();
    const [ended] = await Promise.all([
      after(outcome),
      deliverEvents(ledger, DELIVERING_MS, context, call(given)),
    ]);
    return ended;
  };
  // A promotion has much to read meanwhile; everything else waits for it first.
  const proven = async (given?: RequestOptions): Promise<void> => {
    await options.signer?.ready?.(call(given));
  };
  // What writes is loaded when it is called: the board and the history, which people wait for, need none of it.
  const promote: Floe["promote"] = async (request, given) => {
    const { promote: run } = await import("./promotion/promote.ts");
    const work = () => run(request, context, ledgers, call(given));
    if (request.dryRun === true) return await work();
    const strict = request.strictSync === true;
    return await telling(request.to, given, work, (done) => afterwards(done, strict, given));
  };
  const opinion = async (
    kind: OpinionKind,
    request: OpinionRequest,
    given?: RequestOptions,
  ): Promise<OpinionOutcome> => {
    await proven(given);
    const { giveOpinion } = await import("./promotion/approvals/give-opinion.ts");
    return await telling(request.environment, given, () =>
      giveOpinion(kind, request, context, ledgers, call(given)),
    );
  };
  const locking = async (
    kind: "lock" | "unlock",
    request: LockRequest,
    given?: RequestOptions,
  ): Promise<LockOutcome> => {
    await proven(given);
    return await telling(request.environment, given, () =>
      setLock(kind, request, context, ledgers, call(given)),
    );
  };
  const floe: Floe = {
    promote,
    plan: (request, given) => promote({ ...request, dryRun: true }, given),
    async rollback(request, given) {
      await proven(given);
      const { rollback } = await import("./promotion/rollback.ts");
      const work = () => rollback(request, context, ledgers, call(given));
      if (request.dryRun === true) return await work();
      const strict = request.strictSync === true;
      const { environment } = request;
      return await telling(environment, given, work, (done) => afterwards(done, strict, given));
    },
    status: (request = {}, given) => status(request, context, ledgers, call(given)),
    history: (request = {}, given) => history(request, context, ledgers, call(given)),
    async diff(request, given) {
      const { diff } = await import("./promotion/diff.ts");
      return await diff(request, context, ledgers, call(given));
    },
    async listTags(request = {}, given) {
      const { listTags } = await import("./promotion/list-tags.ts");
      return await listTags(request, context, ledgers, call(given));
    },
    async restoreTags(request, given) {
      await proven(given);
      const { restoreTags } = await import("./promotion/restore-tags.ts");
      return await restoreTags(request, context, ledgers, call(given));
    },
    async metrics(request = {}, given) {
      const { metrics } = await import("./promotion/metrics.ts");
      return await metrics(request, context, ledgers, call(given));
    },
    lock: (request, given) => locking("lock", request, given),
    unlock: (request, given) => locking("unlock", request, given),
    async quarantine(request, given) {
      await proven(given);
      const { setQuarantine } = await import("./promotion/quarantine.ts");
      return await setQuarantine("quarantine", request, context, ledgers, call(given));
    },
    async unquarantine(request, given) {
      await proven(given);
      const { setQuarantine } = await import("./promotion/quarantine.ts");
      return await setQuarantine("unquarantine", request, context, ledgers, call(given));
    },
    async adopt(request, given) {
      await proven(given);
      const { adopt } = await import("./promotion/adopt.ts");
      return await adopt(request, context, ledgers, call(given));
    },
    async verify(request, given) {
      const { verifyEnvironment } = await import("./verification/verify-environment.ts");
      return await verifyEnvironment(request, context, call(given));
    },
    approve: (request, given) => opinion("approve", request, given),
    deny: (request, given) => opinion("deny", request, given),
    async approvals(request = {}, given) {
      const { listApprovals } = await import("./promotion/approvals/list-approvals.ts");
      return await listApprovals(request, context, ledgers, call(given));
    },
    async acceptPolicy(request, given) {
      await proven(given);
      const { acceptPolicy } = await import("./promotion/policy-pin/accept-policy.ts");
      return await acceptPolicy(request, context, ledgers, call(given));
    },
    async deployment(request, given) {
      const { deployment } = await import("./promotion/deployment.ts");
      return await deployment(request, context, ledgers, call(given));
    },
    async reconcile(request = {}, given) {
      await proven(given);
      const { reconcile } = await import("./promotion/reconcile.ts");
      return await reconcile(request, context, ledgers, call(given));
    },
    async audit(request = {}, given) {
      const { auditLedgers } = await import("./audit/audit-ledger.ts");
      return await auditLedgers(request, context, ledgers, call(given));
    },
    async checkpoint(request = {}, given) {
      await proven(given);
      const { makeCheckpoints } = await import("./audit/make-checkpoint.ts");
      return await makeCheckpoints(request, context, ledgers, call(given));
    },
    async moveLedgers(request, given) {
      await proven(given);
      const { moveLedgers } = await import("./audit/move/move-ledgers.ts");
      const { to } = request;
      await using target = to.provider === "oci" ? null : openStoreAt(to, options, registry);
      return await moveLedgers(request, target, context, ledgers, call(given));
    },
    async pruneLedgers(request, given) {
      await proven(given);
      const { pruneLedgers } = await import("./audit/prune/prune-ledgers.ts");
      return await pruneLedgers(request, context, ledgers, call(given));
    },
    async exportLedgers(request, given) {
      const { exportLedgers } = await import("./audit/export/export-events.ts");
      return await exportLedgers(request, context, ledgers, call(given));
    },
    async bundleLedgers(request = {}, given) {
      const { makeBundle } = await import("./audit/bundle/make-bundle.ts");
      return await makeBundle(request, context, ledgers, call(given));
    },
    async drift(request = {}, given) {
      const { findDrift } = await import("./audit/find-drift.ts");
      return await findDrift(request, context, ledgers, call(given));
    },
    async showEvents(request, given) {
      const { showEvents } = await import("./audit/show-event.ts");
      return await showEvents(request, context, ledgers, call(given));
    },
    async doctor(request = {}, given) {
      const { examine } = await import("./doctor/examine.ts");
      return await examine(request, context, registry, ledgers, call(given));
    },
    async runGate(request, given) {
      const { runOneGate } = await import("./gates/run-one.ts");
      return await runOneGate(request, context, ledgers, call(given));
    },
    async verifyGates(request, given) {
      const { verifyGates } = await import("./gates/verify-gates.ts");
      return await verifyGates(request, context, ledgers, call(given));
    },
    listGates: () => registry.list(),
    async [Symbol.asyncDispose]() {
      for (const opened of context.pastStores) await opened[Symbol.asyncDispose]();
      for (const anchor of context.anchors) await anchor[Symbol.asyncDispose]();
      await options.signer?.[Symbol.asyncDispose]?.();
      await options.store[Symbol.asyncDispose]?.();
    },
  };
  const { telemetry, manifest } = options;
  return telemetry ? tracedFloe(floe, telemetry, manifest.metadata.name) : floe;
}
