export type { ArtifactCopier, CopyAmount, CopyRoute, CopyStep } from "./artifact-copier.ts";
export type { ArtifactFacts } from "./artifact-facts.ts";
export type {
  ArtifactStore,
  BlobSource,
  CallOptions,
  CreateTagResult,
  ManifestInput,
  StoreStats,
} from "./artifact-store.ts";
export type {
  AcceptedSigner,
  ArtifactVerifier,
  CandidateRefusal,
  RequirementProblem,
  RequirementReport,
  VerificationCandidate,
  VerificationResult,
} from "./artifact-verifier.ts";
export type { Clock } from "./clock.ts";
export type { CommandRunner, CommandSpec, GateWorkspace, ReportPattern } from "./command-runner.ts";
export type { Host, RunIdentity } from "./host.ts";
export type { Logger, ProgressEvent } from "./logger.ts";
export type { Delivery, DeliveryAttempt, Notifier } from "./notifier.ts";
export type { ReadSbom, SbomComponent, SbomReader } from "./sbom-reader.ts";
export type {
  BundleRefusal,
  BundleVerdict,
  ProvenSigner,
  Signer,
  TrustedSigner,
  Verifier,
} from "./signer.ts";
export type {
  MetricName,
  Telemetry,
  TelemetryFacts,
  TelemetryLevel,
  TelemetrySpan,
} from "./telemetry.ts";
export type { KeySignature, LogVerdict, TransparencyLog } from "./transparency-log.ts";
