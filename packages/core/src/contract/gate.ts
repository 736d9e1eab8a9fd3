import type { StandardSchema } from "./standard-schema.ts";

/** JSON values, for verdict details. */
export type PluginJson =
  | string
  | number
  | boolean
  | null
  | readonly PluginJson[]
  | { readonly [key: string]: PluginJson };

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
  runCommand(command: PluginCommand, options: { readonly signal: AbortSignal }): Promise<GateRun>;
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
  readonly attestation?: { readonly predicateType: string; readonly signedBy: string };
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
  readonly details: { readonly [key: string]: PluginJson };
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
  readonly severity: readonly { readonly method: string; readonly score: string }[];
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
  readonly details?: { readonly [key: string]: PluginJson };
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
    options: { readonly signal: AbortSignal },
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
export function defineGate<Config>(provider: GateProvider<Config>): GateProvider<Config> {
  return provider;
}
