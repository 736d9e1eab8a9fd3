import type { Digest } from "../model/digest.ts";
import type { TrustedSigner } from "../ports/signer.ts";
import type { Webhook } from "./webhook.ts";

/** Where a secret is: the value itself is read by the composition root, never kept in the manifest. */
export type SecretRef =
  | { readonly from: "env"; readonly name: string }
  /** Absolute path. */
  | { readonly from: "file"; readonly path: string };

/** Where a private key is: a file or variable, or a KMS that never gives it away. */
export type KeyRef =
  | SecretRef
  /** `NAME://id`, for the plugin `sigstore-kms-NAME`. */
  | { readonly from: "kms"; readonly uri: string };

export interface RegistryAuth {
  readonly type:
    | "auto"
    | "anonymous"
    | "basic"
    | "token"
    | "aws-irsa"
    | "azure-managed-identity"
    | "gcp-workload-identity";
  readonly credentialsRef: SecretRef | null;
}

/** A place for ledgers. */
export interface AuditPlace {
  /** As the manifest says it. */
  readonly backend: string;
  /** `oci`, or the id of the audit backend that a plugin provides: for `database`, `sqlite` or `postgres`. */
  readonly provider: string;
  /** The backend's settings, which its own schema reads. May hold secrets. */
  readonly with: Readonly<Record<string, unknown>>;
}

/** A place for checkpoints besides the one beside the ledger. */
export type AnchorConfig =
  | FileAnchorConfig
  | OciAnchorConfig
  | PluginAnchorConfig
  | RekorAnchorConfig;

/** A folder, which somebody keeps elsewhere: under git, or mounted. */
export interface FileAnchorConfig {
  /** As messages and outputs call it; no two have the same. */
  readonly name: string;
  readonly kind: "file";
  /** Absolute. */
  readonly path: string;
  readonly pathAsWritten: string;
}

/** Another repository. */
export interface OciAnchorConfig {
  readonly name: string;
  readonly kind: "oci";
  readonly registry: RegistryConfig;
}

/** What the plugin of an audit backend keeps. */
export interface PluginAnchorConfig {
  readonly name: string;
  readonly kind: "plugin";
  /** Id of the audit backend: `s3`. */
  readonly provider: string;
  /** Its settings, which its own schema reads. May hold secrets. */
  readonly with: Readonly<Record<string, unknown>>;
}

/** A transparency log; there is at most one. */
export interface RekorAnchorConfig {
  readonly name: string;
  readonly kind: "rekor";
  /** Base URL. */
  readonly url: string;
}

/** Where the ledgers are, and what of them is kept. */
export interface AuditConfig extends AuditPlace {
  /** Where ledgers were before they were moved; the registry needs no mention. */
  readonly previous: readonly AuditPlace[];
  /** Where checkpoints are kept besides. */
  readonly anchors: readonly AnchorConfig[];
  /** Events that are older may be pruned; `null`: everything is kept. */
  readonly retentionMs: number | null;
}

/** Where and how much content of artifacts is kept on this machine. */
export interface CacheConfig {
  /** Default `true`. */
  readonly enabled: boolean;
  /** Absolute; `null`: the user's own cache folder. */
  readonly path: string | null;
  /** Default 10 GiB. */
  readonly maxBytes: number;
  /** What was not used for so long is removed. Default 24 hours. */
  readonly maxAgeMs: number;
}

/** A repository, HTTP or folder. */
export interface RegistryConfig {
  /** `oci://host[:port]/repo`, or `oci-layout:` with an absolute path. */
  readonly uri: string;
  /** The same as written in the manifest, for messages and for the ledger's genesis. */
  readonly uriAsWritten: string;
  readonly auth: RegistryAuth;
  readonly tlsVerify: boolean;
  readonly insecure: boolean;
  readonly retry: {
    readonly maxAttempts: number;
    readonly initialDelayMs: number;
    readonly backoffMultiplier: number;
    readonly maxDelayMs: number;
    readonly jitter: boolean;
  };
  /** Of the content of artifacts, by digest. Where it is missing the defaults apply. */
  readonly cache?: CacheConfig;
  /** Where it is missing the store's own defaults apply. */
  readonly circuitBreaker?: {
    readonly enabled: boolean;
    /** Failures in a row. */
    readonly failureThreshold: number;
    readonly recoveryTimeoutMs: number;
    readonly halfOpenRequests: number;
  };
}

/** A registry that gets what the environments run, after it is done. */
export interface SecondaryRegistry {
  readonly name: string;
  readonly registry: RegistryConfig;
  /** How long one sync may take. Default 300. */
  readonly timeoutSeconds: number;
}

/** Somebody who can sign records, approvals and locks. */
export interface Identity {
  readonly name: string;
  readonly trusted: TrustedSigner;
  readonly validFrom: Date | null;
  readonly validUntil: Date | null;
  readonly revokedAt: Date | null;
}

/** The services of a sigstore instance that make keyless signatures. */
export interface SigstoreServices {
  /** Issues certificates. */
  readonly fulcioUrl: string;
  /** Transparency log, version 1; `null`: signatures are not logged. */
  readonly rekorUrl: string | null;
  /** RFC 3161 timestamp authority; `null`: the log alone says when. */
  readonly tsaUrl: string | null;
  /** Where a person logs in; tokens that the environment gives are not its matter. */
  readonly oidcIssuer: string;
  readonly oidcClientId: string;
}

/** A file of the manifest, read when the manifest was. */
export interface PinnedFile {
  /** Absolute. */
  readonly path: string;
  /** `sha256:<hex>`. */
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** Where the keys and certificates of a sigstore instance come from that keyless signatures are judged by. */
export type TrustRootConfig =
  | {
      readonly from: "tuf";
      /** `null`: the public-good instance, whose root comes with floe. */
      readonly mirror: string | null;
      /** The TUF root to begin with; `null` only for the public-good instance. */
      readonly root: PinnedFile | null;
      /** Absolute; `null`: the user's own cache folder. */
      readonly cacheDir: string | null;
    }
  | { readonly from: "file"; readonly file: PinnedFile }
  /** The public-good root that came with floe, as old as it may be. */
  | { readonly from: "embedded" };

export interface SigningConfig {
  readonly mode: "key-based" | "keyless" | "off";
  readonly privateKeyRef: KeyRef | null;
  readonly passwordRef: SecretRef | null;
  readonly sigstore: SigstoreServices;
}

/** A public key that artifacts may be signed with. */
export interface ArtifactKey {
  /** As written in the manifest: path or variable. */
  readonly name: string;
  readonly publicKey: string;
  readonly retiredAt: Date | null;
}

/** One thing that has to be attached to an artifact, signed by enough of those who may. */
export interface VerificationRequirement {
  /** `signature`, `sbom` (SPDX or CycloneDX), or the predicate type of an attestation. */
  readonly type: string;
  /** Who counts; `null`: the policy's keys and trusted issuers. */
  readonly signers: readonly Identity[] | null;
  /** How many distinct ones of them must have signed; at least 1. */
  readonly threshold: number;
}

/** The signature policy of one environment, with the manifest's defaults folded in. */
export interface VerificationPolicy {
  readonly enforcement: "enforce" | "warn" | "off";
  readonly keys: readonly ArtifactKey[];
  readonly trustedIssuers: readonly {
    readonly issuer: string;
    readonly subject?: string;
    readonly subjectPattern?: string;
    readonly subjectRegex?: string;
  }[];
  /** Whether the artifact's own signature is required. Every manifest's policy does; default `true`. */
  readonly requireSignature?: boolean;
  /** Beyond the artifact's signature; an entry of type `signature` takes its place. */
  readonly require: readonly VerificationRequirement[];
  readonly requireRekor: boolean;
  readonly requireSbom: boolean;
  readonly requirePromotionFrom: string | null;
  readonly gracePeriodDays: number;
  readonly formats: readonly ("bundle" | "legacy")[];
}

/** A command as configured; placeholders are replaced inside words when it runs. */
export interface GateCommand {
  readonly argv: readonly [string, ...string[]];
  readonly shell: boolean;
}

/** A signed attestation of the artifact that is a gate's verdict. */
export interface AttestationRule {
  readonly predicateType: string;
  /** `null`: whoever may promote to the environment. */
  readonly signers: readonly Identity[] | null;
  /** `null`: however old. */
  readonly maxAgeSeconds: number | null;
}

/** One gate of one environment, with `gate_commands` and the nearest time limit folded in. */
export interface GateConfig {
  /** Name in the manifest; unique within the environment. */
  readonly name: string;
  /** Provider's id; the same as `name` unless `kind` says otherwise. */
  readonly kind: string;
  readonly required: boolean;
  readonly timeoutSeconds: number;
  readonly needs: readonly string[];
  readonly exclusive: boolean;
  readonly command: GateCommand | null;
  readonly reports: readonly { readonly path: string; readonly format: string }[];
  /** Absolute; default the manifest's folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly passEnv: readonly string[];
  readonly secretEnv: Readonly<Record<string, SecretRef>>;
  readonly exitCodes: { readonly warn: readonly number[]; readonly error: readonly number[] };
  /** Attempts in all; only `error` is retried. Default 1. */
  readonly retryAttempts: number;
  /** The rest of the map: the provider's own settings, not yet checked by its schema. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Which platforms of an index are judged each; `null`: the index as a whole. */
  readonly platforms: "all" | readonly string[] | null;
  /** How old evidence may be that counts instead of running the gate, in seconds; `null`: it always runs. */
  readonly maxAgeSeconds: number | null;
  /** Whose evidence counts besides that of whoever may promote here. */
  readonly evidenceFrom: readonly Identity[];
  /** Whose signed word is the gate's verdict; `null`: the gate is judged here. */
  readonly fromAttestation: AttestationRule | null;
  /** SHA-256 over what the gate is asked: kind, settings, command, reports; not how long it may take, nor how much it counts. */
  readonly configDigest: Digest;
  /** Common keys that are present and that this version cannot honour; the plan blocks on them. */
  readonly unsupported: readonly string[];
}

/** What windows are asked about: an operation, or a lock by hand. */
export type FreezeAction = "rollback" | "promote" | "lock" | "unlock";

interface FreezeBase {
  /** IANA name. */
  readonly timezone: string;
  readonly reason: string | null;
  /** What goes on all the same. Default: rollbacks, and locks by hand. */
  readonly allow: readonly FreezeAction[];
}

/** A span of local time, once. */
export interface FreezeSpan extends FreezeBase {
  readonly kind: "span";
  readonly start: string;
  readonly end: string;
}

/** Spans of local time that begin by a rule. */
export interface RecurringFreeze extends FreezeBase {
  readonly kind: "recurring";
  /** RFC 5545 recurrence rule of the beginnings. */
  readonly rrule: string;
  readonly durationMs: number;
  /** Local time from which the rule counts; `null`: it has nothing to count. */
  readonly start: string | null;
}

/** When an environment does not change. */
export type FreezeWindow = FreezeSpan | RecurringFreeze;

/** How many people have to agree before a digest may enter. */
export interface ApprovalRule {
  readonly required: number;
  readonly fromGroups: readonly string[];
  /** Whether the operator's own approval counts. Default `false`. */
  readonly selfApproval: boolean;
  /** Default 168. */
  readonly expiresHours: number;
}

/** One environment of the path. */
export interface EnvironmentConfig {
  readonly name: string;
  readonly gates: readonly GateConfig[];
  readonly authorization: {
    readonly allowedGroups: readonly string[];
    readonly allowedOperators: readonly string[];
    /** Whoever brought the digest into the environment before may not bring it into this one; but for the exempt. */
    readonly separationOfDuties: { readonly exempt: readonly string[] } | null;
    /** Another policy or authority than the pinned one is refused. */
    readonly pinPolicy: boolean;
  } | null;
  readonly approvals: ApprovalRule | null;
  readonly freeze: readonly FreezeWindow[];
  /** How long a digest has to have been in an earlier environment. */
  readonly soak: { readonly from: string; readonly hours: number } | null;
  /** Groups that may override a kind of refusal: `freeze`, `soak`, `lock`, `approval`, `gate:NAME`. */
  readonly overrides: Readonly<Record<string, readonly string[]>>;
  /** The manifest's own repository unless the environment has one. */
  readonly registry: RegistryConfig;
  readonly verification: VerificationPolicy;
  /** Requirements that are configured and that this version cannot judge (`freeze`, `soak`, …). */
  readonly unsupported: readonly string[];
  /** The environment's part of the manifest as plain JSON, for the policy digest. */
  readonly requirements: Readonly<Record<string, unknown>>;
  /** Authorization and overrides as plain JSON, for the authority digest. */
  readonly authority: Readonly<Record<string, unknown>>;
}

/** A manifest, checked and resolved: defaults in, paths absolute, keys read. */
export interface Manifest {
  /** Absolute path of the file. */
  readonly path: string;
  /** sha256 over the file's bytes (and those it extends). */
  readonly digest: string;
  readonly metadata: {
    readonly name: string;
    readonly version: string | null;
    readonly owner: string | null;
  };
  readonly identities: readonly Identity[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly registry: RegistryConfig;
  readonly secondaries: readonly SecondaryRegistry[];
  readonly tags: { readonly versionPattern: RegExp | null; readonly mutable: readonly string[] };
  readonly signing: SigningConfig;
  readonly trustRoot: TrustRootConfig;
  /** `artifacts.verification.require_rekor`: whether signatures of keyless identities have to be in a log. */
  readonly requireRekor: boolean;
  /** `promotion.operator.key_ref`. */
  readonly operatorKeyRef: KeyRef | null;
  /** In promotion order, at least one. */
  readonly environments: readonly EnvironmentConfig[];
  readonly policies: Readonly<Record<string, unknown>>;
  /** `promotion.rollback.block_on_impact`: whether a rollback whose impact is BLOCKED is refused. */
  readonly rollback: { readonly blockOnImpact: boolean };
  readonly webhooks: readonly Webhook[];
  readonly audit: AuditConfig;
  readonly plugins: { readonly use: readonly string[]; readonly allow: readonly string[] | null };
  /** Parts outside environments that are configured and that this version cannot honour. */
  readonly unsupported: readonly string[];
  /** Parts that are configured, decide nothing and have no effect in this version: worth a warning. */
  readonly ignored?: readonly string[];
}
