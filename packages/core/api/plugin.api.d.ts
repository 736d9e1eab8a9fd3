// The declarations of @floe/core/plugin, one file after the other, as the compiler emits them.
// A difference from the source fails a test. Write it anew, after a deliberate change, with:
//   npx pnpm@12 exec vitest run --project core packages/core/test/docs/plugin-contract.test.ts -u

/** The version of the plugin contract in this copy of floe. Independent of `@floe/core`'s own version. */
export declare const PLUGIN_API_VERSION = "floe.dev/v1";
/** Every contract version that this floe can load. */
export declare const SUPPORTED_API_VERSIONS: readonly string[];

/**
 * The part of Standard Schema v1 (https://standardschema.dev) that floe uses, written out so that a plugin needs no
 * dependency to be typed. zod, valibot and arktype schemas all fit.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?:
      | {
          readonly input: Input;
          readonly output: Output;
        }
      | undefined;
  };
}
/** What a Standard Schema answers. */
export type StandardResult<Output> =
  | {
      readonly value: Output;
      readonly issues?: undefined;
    }
  | {
      readonly issues: readonly StandardIssue[];
    };
/** One problem with a configuration value. */
export interface StandardIssue {
  readonly message: string;
  readonly path?:
    | readonly (
        | PropertyKey
        | {
            readonly key: PropertyKey;
          }
      )[]
    | undefined;
}

/** JSON values, for verdict details. */
export type PluginJson =
  | string
  | number
  | boolean
  | null
  | readonly PluginJson[]
  | {
      readonly [key: string]: PluginJson;
    };
/** Writes lines to the gate's log. Secrets are masked on the way. */
export interface PluginLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
}
/** A command that a gate starts itself. Ordinary gates do not: floe runs the gate's configured `command` for them. */
export interface PluginCommand {
  /** Program and arguments; never passed through a shell. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  /** Added to the clean base environment. */
  readonly env?: Readonly<Record<string, string>>;
}
/** What floe hands to a gate when it is made. Nothing else is available: no environment, no network client. */
export interface PluginServices {
  readonly logger: PluginLogger;
  /** Runs a command in its own process group, with the gate's limits, and kills what it leaves behind. */
  runCommand(
    command: PluginCommand,
    options: {
      readonly signal: AbortSignal;
    },
  ): Promise<GateRun>;
  /** The current time. */
  now(): Date;
  /** Where relative paths in the gate's settings start: the folder in which its command runs. Absolute. */
  readonly cwd: string;
}
/** How the gate's command ended. */
export interface GateRun {
  readonly argv: readonly string[];
  /** `null` when it was ended by a signal or never started. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly timedOut: boolean;
  readonly startedAt: Date;
  readonly durationMs: number;
  /** First and last part of the output, masked; see `truncated`. */
  readonly stdout: string;
  readonly stderr: string;
  readonly truncated: boolean;
  /** Processes that were still there when the command had ended; they were killed. */
  readonly leftoverProcesses: number;
  /** Why the program could not be started, for example ENOENT. */
  readonly startError?: string;
}
/** One report file that the gate's command wrote. */
export interface GateReport {
  /** Path as matched, relative to the working folder or to `FLOE_GATE_DIR`. */
  readonly path: string;
  /** `auto` unless the manifest names one. */
  readonly format: string;
  readonly bytes: Uint8Array;
  readonly modifiedAt: Date;
  /**
   * Set by floe alone: this is no file but the predicate of a signed attestation about this very artifact, which was verified.
   * Only a gate whose provider {@link GateProvider.readsAttestations | reads} the type gets any.
   */
  readonly attestation?: {
    readonly predicateType: string;
    readonly signedBy: string;
  };
}
/**
 * What the same gate found for the artifact that runs in the target environment now: signed evidence, read and verified
 * by floe. It is what "worse than before" is measured against.
 */
export interface GateBaseline {
  readonly digest: string;
  readonly version: string;
  readonly judgedAt: Date;
  readonly status: GateVerdict["status"];
  readonly metrics: Readonly<Record<string, number>>;
  readonly details: {
    readonly [key: string]: PluginJson;
  };
  /** The raw reports that were kept; empty where they were too large. */
  readonly reports: readonly GateReport[];
}
/** What a gate judges. Frozen; a gate that changes it gets a TypeError. */
export interface GateSubject {
  readonly artifact: {
    /** `repository@digest`. */
    readonly reference: string;
    readonly digest: string;
    readonly mediaType: string;
    readonly artifactType?: string;
    /** Bytes of the manifest. */
    readonly size: number;
    readonly version: string;
    readonly annotations: Readonly<Record<string, string>>;
    /** The manifest as the registry holds it. */
    readonly manifest: Uint8Array;
  };
  /** `none` for the first environment. */
  readonly source: string;
  readonly target: string;
  /** The name under which the manifest lists this gate; differs from the provider's id for a second instance. */
  readonly gate: string;
  /** `null` where the manifest gives the gate no command. */
  readonly run: GateRun | null;
  readonly reports: readonly GateReport[];
  /** `null` (or absent) where nothing runs in the target environment, or the gate kept no evidence for it. */
  readonly baseline?: GateBaseline | null;
  readonly dryRun: boolean;
}
/** Why a gate decided as it did; each names what was measured, the limit, where, and what to do. */
export interface GateReason {
  /** Upper snake case, stable: `TESTS_FAILED`. */
  readonly code: string;
  readonly level: "fail" | "warn" | "info";
  readonly message: string;
  readonly subject?: string;
  readonly measured?: string | number;
  readonly limit?: string | number;
  readonly where?: string;
  readonly fix?: string;
}
/** One vulnerability that a scanner lists. Text has no control characters. */
export interface GateVulnerability {
  /** As the scanner names it, such as CVE-2024-0001. */
  readonly id: string;
  /** How bad it is, by whom or how that was found (`nvd`, `cvss_v3_score`): a word, a number or a vector. Empty: nobody says. */
  readonly severity: readonly {
    readonly method: string;
    readonly score: string;
  }[];
  /** What else the scanner says of it, such as the package that has it. At most 20. */
  readonly annotations?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
}
/**
 * What one scanner lists, before anything is set aside: floe signs it beside its own evidence, as the predicate
 * `https://in-toto.io/attestation/vulns/v0.2`. What the scanner does not say is left out.
 */
export interface GateScan {
  /** The URI is where the scanner comes from; `lastUpdate`, of its database, is RFC 3339. */
  readonly scanner: {
    readonly uri: string;
    readonly version?: string;
    readonly db?: {
      readonly uri?: string;
      readonly version?: string;
      readonly lastUpdate?: string;
    };
  };
  /** Empty: it looked for vulnerabilities and found none. */
  readonly result: readonly GateVulnerability[];
}
/** A gate's judgement of the artifact. `error` is not here: a gate that cannot judge throws, and floe blocks. */
export interface GateVerdict {
  readonly status: "passed" | "warning" | "failed" | "skipped";
  /** One sentence. */
  readonly summary: string;
  readonly reasons?: readonly GateReason[];
  readonly metrics?: Readonly<Record<string, number>>;
  readonly details?: {
    readonly [key: string]: PluginJson;
  };
  /**
   * Whether what the reports list is why the command did not end with 0: scanners have an exit status for findings, whatever the
   * limits are. Without it, a good verdict beside such an exit status is a contradiction. Default `false`.
   */
  readonly explainsExitStatus?: boolean;
  /** What the scanners found that the verdict rests on. Not part of the result. At most 64, with 2 MiB of JSON in all. */
  readonly scans?: readonly GateScan[];
}
/** A gate, configured for one environment. */
export interface Gate extends Partial<AsyncDisposable> {
  /**
   * Judges the artifact. **Returns** a verdict about the artifact and **throws** when it cannot tell: floe turns a
   * throw, a timeout and an invalid verdict into the status `error`, which blocks like `failed`.
   */
  evaluate(
    subject: GateSubject,
    options: {
      readonly signal: AbortSignal;
    },
  ): Promise<GateVerdict> | GateVerdict;
}
/** Makes gates of one kind. */
export interface GateProvider<Config = unknown> {
  /** Key in the manifest, `^[a-z][a-z0-9_]{0,49}$`. `policy_compliance` is reserved. */
  readonly id: string;
  /** One line for `floe gate list`. */
  readonly summary: string;
  /** Whether the gate needs a `command` in the manifest. Default `false`. Without one it blocks with exit code 8. */
  readonly needsCommand?: boolean;
  /**
   * Whether the gate compares with what it found for the artifact that runs in the target environment: only then floe reads
   * that, and hands it over as `baseline`. A function is given the settings as the manifest has them. Default `false`.
   */
  readonly usesBaseline?: boolean | ((settings: Readonly<Record<string, unknown>>) => boolean);
  /**
   * Whether the standard output of a command without `reports` is its report: it is handed over as one, named `stdout`.
   * Default `false`.
   */
  readonly readsOutput?: boolean;
  /**
   * Takes out of a report what nobody may keep, such as the secrets that a scanner has found: what comes back is judged, and
   * kept as evidence. Gives the same bytes where there is nothing to take out. A report that it throws for is not kept. What
   * the command prints is not handed over then: it may show the same.
   */
  redactReport?(report: GateReport): Uint8Array;
  /**
   * Predicate types of attestations that the gate judges like a report, where the manifest's `from_attestation` asks for one:
   * then no command runs, and `run` is `null`. Default none.
   */
  readonly readsAttestations?: readonly string[];
  /** Checks the gate's own settings; `true` in the manifest is passed as `{}`. Should refuse unknown keys. */
  readonly config: StandardSchema<unknown, Config>;
  create(config: Config, services: PluginServices): Gate | Promise<Gate>;
}
/** Types a gate provider; returns it unchanged. */
export declare function defineGate<Config>(provider: GateProvider<Config>): GateProvider<Config>;

/** What an audit backend promises. Core believes less where a probe shows less. */
export interface AuditCapabilities {
  /** `strong`: of several claimants of a slot exactly one wins. `advisory`: nothing is lost, but two may win. */
  readonly serialises: "strong" | "advisory";
  readonly durable: "fsync" | "replicated" | "remote-ack";
  readonly worm: "compliance" | "governance" | "policy" | "none";
  /** `machine`: only processes of one machine see it. */
  readonly scope: "machine" | "shared";
  /** Bytes; a larger event is refused before it is sent. */
  readonly maxEventBytes: number;
}
/** One stored event. The bytes are opaque to the backend. */
export interface AuditEntry {
  readonly seq: number;
  readonly bytes: Uint8Array;
  /** The store's own clock, where it has one. */
  readonly storedAt?: Date;
}
/** The end of a chain. */
export interface AuditHead {
  /** The highest occupied slot. */
  readonly seq: number;
  /** Everything in that slot: one entry, or rivals on an advisory store. */
  readonly entries: readonly AuditEntry[];
  /** How many events the chain holds in all slots. On a strong store always `seq + 1`. */
  readonly count: number;
}
/** Answer to a claim. */
export type AuditClaim =
  /** The slot is ours; `alreadyMine` when these very bytes were there before (a lost answer). */
  | {
      readonly status: "claimed";
      readonly alreadyMine: boolean;
      readonly storedAt?: Date;
    }
  /** Somebody else's event is there. */
  | {
      readonly status: "taken";
      readonly bytes: Uint8Array;
    };
/** What a probe of the store saw. */
export interface AuditProbe {
  readonly capabilities: AuditCapabilities;
  readonly findings: readonly string[];
}
/** Options of every call: an abort signal, which also carries the deadline. */
export interface AuditCallOptions {
  readonly signal: AbortSignal;
}
/** Options of a claim. */
export interface AuditClaimOptions extends AuditCallOptions {
  /**
   * What the event may be looked for by, such as the digest that it is about. The bytes stay opaque: a store that keeps an
   * index keeps it of these. Absent: not known.
   */
  readonly labels?: readonly string[];
}
/** Options of a look at the end of a chain. */
export interface AuditHeadOptions extends AuditCallOptions {
  /** `false`: nobody looks at `count`, and a store that would have to count may say what it should be. Default `true`. */
  readonly counted?: boolean;
}
/**
 * Why a backend could not do what it was asked. `unavailable`: not reachable, full, read-only, too slow;
 * `unauthenticated`: it does not know who asks; `denied`: it knows, and does not let them; `corrupt`: what is stored
 * cannot be what was written; `refused`: asked for something that the contract forbids, such as a gap.
 */
export type AuditFailure = "unavailable" | "unauthenticated" | "denied" | "corrupt" | "refused";
/** What floe looks for in the errors that a backend throws. Any `Error` with these members will do. */
export interface AuditBackendError extends Error {
  /** Default `unavailable`. */
  readonly failure?: AuditFailure;
  /** `true`: the answer to a claim was lost, and the event may have been stored. */
  readonly indeterminate?: boolean;
  /** What somebody should do about it; one sentence without secrets. */
  readonly hint?: string;
}
/** Something about a store that its owner or an auditor should know. */
export interface AuditFinding {
  /** `^[a-z][a-z0-9_]{0,49}$`, such as `second_version` or `foreign_object`. */
  readonly code: string;
  readonly message: string;
  /** The slot that it is about, where it is about one. */
  readonly seq?: number;
  /** `true`: somebody changed or added something. `false`: the store promises less than it should. */
  readonly tampering: boolean;
}
/**
 * Stores the ledger of an environment. It moves opaque bytes and has one primitive: claim a slot exactly once.
 * Hashing, chaining, signing and recovery are core's, so that no backend can weaken them.
 *
 * A claim whose answer was lost must throw an error whose `indeterminate` property is `true`; core then reads the
 * slot again. Every other throw means that nothing was stored. See {@link AuditBackendError}.
 */
export interface AuditBackend extends Partial<AsyncDisposable> {
  /** What the store promises. */
  capabilities(): AuditCapabilities;
  /**
   * Where the events are, without secrets: `sqlite:.floe/audit.db`. The beginning of a ledger pins it, and a manifest that
   * leads elsewhere is refused. Default: the provider's id.
   */
  readonly location?: string;
  /**
   * Stores bytes in slot `seq` of a chain if it is empty and the slot before it is not. Durable before it returns. Asked
   * again with the same bytes, it says `alreadyMine`.
   */
  claim(
    chain: string,
    seq: number,
    bytes: Uint8Array,
    options: AuditClaimOptions,
  ): Promise<AuditClaim>;
  /** The end of a chain, or `null` for an empty one. Linearizable with `claim` on a strong store. */
  head(chain: string, options: AuditHeadOptions): Promise<AuditHead | null>;
  /** Raw events in ascending order of `seq`, from `from` to `to` inclusive. */
  read(
    chain: string,
    from: number,
    to: number | undefined,
    options: AuditCallOptions,
  ): AsyncIterable<AuditEntry>;
  /**
   * Slots of the events that were claimed with a label, and of all whose labels are not known, newest first; `null`: it cannot
   * tell. Without it, whoever looks for something reads the chain. It proves nothing: `floe audit verify` compares it.
   */
  find?(chain: string, label: string, options: AuditCallOptions): Promise<readonly number[] | null>;
  /** The chains that exist. */
  chains(options: AuditCallOptions): AsyncIterable<string>;
  /** What the store itself knows beyond races, such as missing rights or settings. Core races its claims in any case. */
  probe?(options: AuditCallOptions): Promise<AuditProbe>;
  /** What can be seen in the store that `read` cannot show: second versions, delete markers, foreign objects. */
  verifyStore?(chain: string, options: AuditCallOptions): AsyncIterable<AuditFinding>;
  /**
   * Removes the events up to and including a slot; core asks only after a covering checkpoint and an archived export. The
   * last event stays: asked to remove it, the backend throws. Removed slots stay taken, and `count` goes on counting them.
   */
  prune?(chain: string, upTo: number, options: AuditCallOptions): Promise<void>;
}

/** Whose checkpoints a place is asked for. */
export interface AnchoredLedger {
  /** Name of the chain in an audit backend. Another ledger that takes the place of this one has the same name. */
  readonly chain: string;
  readonly environment: string;
}
/** A signed checkpoint of a ledger. */
export interface AnchoredCheckpoint {
  /** How many events it is about. */
  readonly size: number;
  /** The signed note; opaque, at most 256 KiB. */
  readonly note: Uint8Array;
}
/**
 * Keeps checkpoints of ledgers, in another place than the ledgers. It moves opaque bytes; whether they are signed, and agree
 * with the ledger, is core's to find out. What it throws is as an audit backend's: see {@link AuditBackendError}.
 */
export interface AnchorStore extends Partial<AsyncDisposable> {
  /** Where, without secrets: `s3://acme-anchors/floe/`. */
  readonly location: string;
  /** The note about the most events, as it was put; `null`: none. */
  newest(ledger: AnchoredLedger, options: AuditCallOptions): Promise<Uint8Array | null>;
  /** Keeps a checkpoint, durable before it returns. Put again, the same one changes nothing. */
  put(
    ledger: AnchoredLedger,
    checkpoint: AnchoredCheckpoint,
    options: AuditCallOptions,
  ): Promise<void>;
  /** What can be seen in the place that `newest` cannot show: second versions, delete markers, foreign objects. */
  verifyStore?(ledger: AnchoredLedger, options: AuditCallOptions): AsyncIterable<AuditFinding>;
}

/** What a backend is opened with besides its settings. */
export interface AuditOpenOptions extends AuditCallOptions {
  /** Folder of the manifest, absolute: relative paths in the settings count from there. */
  readonly baseDir: string;
  /** Reads what a `*_ref` setting names: `env:NAME`, `file:PATH` or a bare path. */
  readonly readSecret: (ref: string) => Promise<string>;
}
/** Makes audit backends of one kind. */
export interface AuditBackendProvider<Config = unknown> {
  /** Value of `audit.backend` in the manifest. `oci` is reserved. */
  readonly id: string;
  readonly summary: string;
  /** Checks `audit.with`. */
  readonly config: StandardSchema<unknown, Config>;
  open(config: Config, options: AuditOpenOptions): Promise<AuditBackend>;
  /**
   * Opens a place for checkpoints, with settings as those of `open` but another place than the ledger's: `audit.anchors` of the
   * manifest. Absent: the backend keeps none.
   */
  openAnchors?(config: Config, options: AuditOpenOptions): Promise<AnchorStore>;
}
/** Types an audit backend provider; returns it unchanged. */
export declare function defineAuditBackend<Config>(
  provider: AuditBackendProvider<Config>,
): AuditBackendProvider<Config>;

/**
 * The one value that a plugin package exports by default. A plain object with `satisfies FloePlugin` is enough; no
 * run-time import of floe is needed, so several copies of core in one process do no harm.
 */
export interface FloePlugin {
  readonly apiVersion: typeof PLUGIN_API_VERSION;
  readonly meta: {
    readonly name: string;
    readonly version: string;
    readonly description?: string;
    readonly homepage?: string;
  };
  readonly gates?: readonly GateProvider<never>[] | readonly GateProvider[];
  readonly auditBackends?: readonly AuditBackendProvider<never>[] | readonly AuditBackendProvider[];
}
/** Types a plugin; returns it unchanged. */
export declare function definePlugin(plugin: FloePlugin): FloePlugin;
