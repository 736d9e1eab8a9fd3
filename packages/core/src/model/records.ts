import type { GateReason } from "../contract/index.ts";
import type { JsonObject } from "../errors/index.ts";
import type { UsedExemption } from "../gates/exemption.ts";
import type { EventActor } from "../ledger/event.ts";
import type { OverrideKind } from "../manifest/override-kind.ts";
import type { Digest } from "./digest.ts";

/** The five answers of a gate. `error`: it could not judge; that blocks, and reads differently from `failed`. */
export type GateStatus = "passed" | "warning" | "failed" | "error" | "skipped";

/** Why a gate decided as it did; `exempted_by` names the exemption that answers for it. */
export type RecordedReason = GateReason & { readonly exempted_by?: string };

/** How many vulnerabilities a scan found, and which of them blocked. */
export interface SecuritySummary {
  /** Findings that count, of every kind. */
  readonly total_vulnerabilities: number;
  readonly by_severity: Readonly<
    Record<"CRITICAL" | "HIGH" | "MEDIUM" | "LOW" | "UNKNOWN", number>
  >;
  /** CVE ids; another id where there is no CVE. */
  readonly blocking_cves: readonly string[];
  /** Not counted, for want of a fix. */
  readonly ignored_unfixed: number;
}

/** What one gate said, as records and JSON outputs hold it. */
export interface GateResult {
  readonly gate: string;
  readonly kind: string;
  readonly status: GateStatus;
  /** `false`: failures and errors only warn. */
  readonly required: boolean;
  readonly duration_ms: number;
  /** One sentence. */
  readonly summary: string;
  readonly reasons: readonly RecordedReason[];
  /** Only where exemptions met findings. */
  readonly exemptions?: readonly UsedExemption[];
  /** Only with status `error`: why no verdict could be had. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly metrics: Readonly<Record<string, number>>;
  readonly details: JsonObject;
  /** Only of gates that judge vulnerabilities. */
  readonly security_summary?: SecuritySummary;
  /** `exit_status`: the command's exit status was all there was to judge. */
  readonly judged_by: "report" | "exit_status" | "artifact" | "attestation" | "nothing";
  /** `null`: judged by core from the command's exit status alone. */
  readonly plugin: {
    readonly name: string;
    readonly version: string;
    readonly origin: string;
  } | null;
  /** The signed statement beside the artifact that keeps the raw reports; absent where there were none. */
  readonly evidence?: { readonly digest: Digest };
  /** Whose word the verdict rests on, where the gate was not run for it. */
  readonly reused_from?: ReusedFrom;
}

/** A signed statement about the artifact that was there before. */
export interface ReusedFrom {
  /** Of its manifest. */
  readonly digest: Digest;
  readonly predicate_type: string;
  /** `null`: it does not say. */
  readonly judged_at: string | null;
  /** The name under which its signer is trusted. */
  readonly signed_by: string;
  /**
   * Of a gate's own evidence: what it was compared with when it was reused, the artifact that ran in the environment and the
   * evidence about it; `null`: nothing. The evidence itself may have been compared with something else before.
   */
  readonly baseline?: { readonly digest: Digest; readonly evidence: Digest } | null;
}

/** How a gate's command ended, as evidence keeps it. */
export interface RecordedRun {
  readonly argv: readonly string[];
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly timed_out: boolean;
  readonly started_at: string;
  readonly duration_ms: number;
  /** The end of the output, masked. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly leftover_processes: number;
}

/** One thing that a gate judged: a platform of an index, or the artifact as a whole. */
export interface RecordedPart {
  /** `null`: the artifact as a whole. */
  readonly platform: string | null;
  /** Of the manifest that was judged. */
  readonly digest: Digest;
  /** `null`: no command ran to its end. */
  readonly run: RecordedRun | null;
  /** What the command said of itself; `null`: nothing. */
  readonly output: JsonObject | null;
}

/** A report that a gate judged. */
export interface RecordedReport {
  readonly path: string;
  readonly format: string;
  /** Of the report as it was judged: with secrets masked. */
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly modified_at: string;
  /** `false`: it was too large to be kept, and only its digest is known. */
  readonly kept: boolean;
}

/** The predicate of a gate's signed evidence. */
export interface GateResultStatement {
  readonly result: GateResult;
  readonly environment: string;
  readonly source_environment: string;
  readonly version: string;
  /** The promotion that it was run for, or the run of the gate alone. */
  readonly operation: string;
  /** SHA-256 over what the gate is asked: kind, settings, command, reports. */
  readonly config_digest: Digest;
  readonly judged_at: string;
  /** One for each platform that was judged, or for the artifact as a whole. */
  readonly runs: readonly RecordedPart[];
  readonly reports: readonly RecordedReport[];
  /** The blob that holds the reports which are kept; `null`: none is. */
  readonly pack: { readonly digest: Digest; readonly size: number } | null;
  /** What it was compared with: the artifact that ran in the environment, and the evidence about it. */
  readonly baseline: { readonly digest: Digest; readonly evidence: Digest } | null;
  readonly operator: string;
  readonly operator_identity: EventActor;
}

/** A refusal that somebody has let pass, as records and events say it. */
export interface Override {
  readonly kind: OverrideKind;
  readonly reason: string;
  /** Name of the operator, who is proven. */
  readonly by: string;
}

/** A freeze window that was closed when a record was signed, and let the operation through or was overridden. */
export interface PassedFreeze {
  readonly start: string;
  readonly until: string;
  /** IANA name. */
  readonly timezone: string;
  readonly reason: string | null;
  /** What the window lets through. */
  readonly allow: readonly string[];
}

/** An approval that a promotion rested on: an event of the target environment's ledger. */
export interface RecordedApproval {
  /** The approver's name in the manifest. */
  readonly by: string;
  /** Hash of the event. */
  readonly event: Digest;
  readonly seq: number;
  readonly at: string;
  readonly expires_at: string;
  readonly reason: string | null;
}

/** The predicate of the published copy of an approval or a denial. The ledger's event is what counts. */
export interface ApprovalStatement {
  readonly decision: "approved" | "denied";
  readonly environment: string;
  readonly version: string;
  readonly policy_digest: Digest;
  readonly expires_at: string | null;
  readonly reason: string | null;
  readonly approver: string;
  readonly approver_identity: EventActor;
  readonly at: string;
  readonly ledger: { readonly chain: string; readonly seq: number; readonly hash: Digest };
}

/** The predicate of a promotion's signed record. */
export interface PromotionRecord {
  readonly promotion_id: string;
  readonly artifact_digest: Digest;
  readonly artifact_tag: string;
  readonly source_environment: string;
  readonly target_environment: string;
  readonly gate_results: readonly GateResult[];
  readonly signature_verified: boolean;
  readonly signature_status: string;
  /** Whose signature of the artifact was accepted; both `null` where none was. */
  readonly artifact_signer: { readonly identity: string | null; readonly issuer: string | null };
  readonly operator: string;
  readonly operator_identity: EventActor;
  readonly authorization_passed: boolean;
  readonly authorized_via: string;
  readonly approvals: readonly RecordedApproval[];
  readonly policy_digest: Digest;
  readonly authority_digest: Digest;
  readonly manifest_digest: string;
  readonly plan_digest: Digest;
  readonly overrides: readonly Override[];
  readonly freezes: readonly PassedFreeze[];
  /** Claimed by whoever ran the promotion: run_url, source_commit, ticket… */
  readonly annotations: Readonly<Record<string, string>>;
  readonly authorized_at: string;
  readonly trace_id: string;
  readonly previous: { readonly digest: Digest; readonly record: Digest | null } | null;
  readonly ledger: { readonly chain: string; readonly seq: number; readonly hash: Digest };
  readonly warnings: readonly string[];
}

/** How much a rollback may break. */
export interface ImpactAnalysis {
  readonly breaking_changes: readonly string[];
  readonly affected_products: readonly string[];
  readonly recommendations: readonly string[];
  readonly risk: "SAFE" | "RISKY" | "BLOCKED";
}

/** The predicate of a rollback's signed record. */
export interface RollbackRecord {
  readonly rollback_id: string;
  readonly artifact_digest: Digest;
  readonly artifact_tag: string;
  readonly environment: string;
  readonly previous_digest: Digest;
  readonly reason: string;
  readonly operator: string;
  readonly operator_identity: EventActor;
  readonly authorized_via: string;
  readonly signature_verified: boolean;
  readonly policy_digest: Digest;
  readonly authority_digest: Digest;
  readonly overrides: readonly Override[];
  readonly freezes: readonly PassedFreeze[];
  readonly previous: { readonly digest: Digest; readonly record: Digest | null } | null;
  readonly rolled_back_at: string;
  readonly impact_analysis: ImpactAnalysis;
  readonly trace_id: string;
  readonly ledger: { readonly chain: string; readonly seq: number; readonly hash: Digest };
}

/**
 * The predicate of a promotion's verification summary, for verifiers that know no floe: SLSA Verification Summary v1,
 * https://slsa.dev/spec/v1.1/verification_summary.
 */
export interface VerificationSummary {
  /** What has verified, not who: that is the signature's to say. */
  readonly verifier: { readonly id: string; readonly version: { readonly floe: string } };
  readonly timeVerified: string;
  /** Repository and environment, as {@link resourceUri} writes them. */
  readonly resourceUri: string;
  /** The resolved policy, a blob of the repository. */
  readonly policy: { readonly uri: string; readonly digest: { readonly sha256: string } };
  /** The promotion's record: the digest is that of its bundle, the URI names its manifest. */
  readonly inputAttestations: readonly {
    readonly uri: string;
    readonly digest: { readonly sha256: string };
  }[];
  readonly verificationResult: "PASSED";
  readonly verifiedLevels: readonly string[];
  readonly slsaVersion: string;
}

/** The predicate of the published copy of a quarantine, or of its end. The ledger's event is what counts. */
export interface QuarantineStatement {
  /** `false`: it was lifted. */
  readonly quarantined: boolean;
  readonly environment: string;
  readonly version: string;
  readonly reason: string;
  readonly operator: string;
  readonly operator_identity: EventActor;
  readonly at: string;
  readonly ledger: { readonly chain: string; readonly seq: number; readonly hash: Digest };
}

/** Predicate types of the records, as in-toto statements name them. */
export const PREDICATE_TYPES = {
  promotion: "https://floe.dev/attestation/promotion/v1",
  rollback: "https://floe.dev/attestation/rollback/v1",
  approval: "https://floe.dev/attestation/approval/v1",
  quarantine: "https://floe.dev/attestation/quarantine/v1",
  gateResult: "https://floe.dev/attestation/gate-result/v1",
  testResult: "https://in-toto.io/attestation/test-result/v0.1",
  vulns: "https://in-toto.io/attestation/vulns/v0.2",
  verificationSummary: "https://slsa.dev/verification_summary/v1",
} as const;

/** A repository as a URI: `oci://harbor.example.com/acme/app`; that of a folder is one already. */
export function repositoryUri(repository: string): string {
  return /^oci[a-z-]*:/.test(repository) ? repository : `oci://${repository}`;
}

/**
 * What a verification summary is about: one environment of one repository, so that a verdict about another environment
 * says nothing there.
 */
export function resourceUri(repository: string, environment: string): string {
  return `${repositoryUri(repository)}?environment=${environment}`;
}
