// The declarations of @floe/core/plugin as they were in the first snapshot of the contract. Frozen: plugins were written for
// it, and have to load as long as floe supports "floe.dev/v1".
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
/**
 * Stores the ledger of an environment. It moves opaque bytes and has one primitive: claim a slot exactly once.
 * Hashing, chaining, signing and recovery are core's, so that no backend can weaken them.
 *
 * A claim whose answer was lost must throw an error whose `indeterminate` property is `true`; core then reads the
 * slot again. Every other throw means that nothing was stored.
 */
export interface AuditBackend extends Partial<AsyncDisposable> {
  /** What the store promises. */
  capabilities(): AuditCapabilities;
  /** Stores bytes in slot `seq` of a chain if it is empty. Durable before it returns. */
  claim(
    chain: string,
    seq: number,
    bytes: Uint8Array,
    options: AuditCallOptions,
  ): Promise<AuditClaim>;
  /** The end of a chain, or `null` for an empty one. Linearizable with `claim` on a strong store. */
  head(chain: string, options: AuditCallOptions): Promise<AuditHead | null>;
  /** Raw events in ascending order of `seq`, from `from` to `to` inclusive. */
  read(
    chain: string,
    from: number,
    to: number | undefined,
    options: AuditCallOptions,
  ): AsyncIterable<AuditEntry>;
  /** The chains that exist. */
  chains(options: AuditCallOptions): AsyncIterable<string>;
  /** Races claims on a scratch chain and reports what the store really does. */
  probe?(options: AuditCallOptions): Promise<AuditProbe>;
  /** Removes the events up to a slot; core asks only after a covering checkpoint and an archived export. */
  prune?(chain: string, upTo: number, options: AuditCallOptions): Promise<void>;
}
/** Makes audit backends of one kind. */
export interface AuditBackendProvider<Config = unknown> {
  /** Value of `audit.backend` in the manifest. `oci` is reserved. */
  readonly id: string;
  readonly summary: string;
  /** Checks `audit.with`. */
  readonly config: StandardSchema<unknown, Config>;
  open(config: Config, options: AuditCallOptions): Promise<AuditBackend>;
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
