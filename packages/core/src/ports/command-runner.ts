import type { GateReport, GateRun } from "../contract/index.ts";
import type { CallOptions } from "./artifact-store.ts";

/** A command to run for a gate. */
export interface CommandSpec {
  readonly argv: readonly [string, ...string[]];
  /** `true`: argv[0] is a script for `sh -c`. Default `false`. */
  readonly shell?: boolean;
  readonly cwd?: string;
  /** Complete additions to the clean base environment (PATH HOME LANG TZ TMPDIR CI). */
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables of floe's own environment that are passed on. */
  readonly passEnv?: readonly string[];
  /** Values that must not appear in output; at least 6 characters long to be masked. */
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
  /** Called with masked output, for a log file or a live view. */
  readonly onOutput?: (chunk: {
    readonly stream: "stdout" | "stderr";
    readonly text: string;
  }) => void;
}

/** A pattern for report files. */
export interface ReportPattern {
  /** Path or glob, absolute or relative to `cwd`. */
  readonly path: string;
  readonly format: string;
}

/** A fresh private folder for one gate, removed on disposal. */
export interface GateWorkspace extends AsyncDisposable {
  readonly dir: string;
  /**
   * Puts a file into the folder for the command to read, and gives its path. `modifiedAt` is its time, so that nobody takes it
   * for a report of this run. `name` is a plain file name.
   */
  write(name: string, bytes: Uint8Array, modifiedAt: Date): Promise<string>;
  /**
   * Reads a file of the folder, with secrets masked; `null` where there is none. It never counts as a report.
   * @throws {FloeError} FLOE_GATE_REPORT_UNREADABLE - larger than `maxBytes`, or no plain file
   */
  read(
    name: string,
    options: CallOptions & { readonly secrets: readonly string[]; readonly maxBytes: number },
  ): Promise<Uint8Array | null>;
  /**
   * Reads the files that match the patterns, but for those whose names begin with `.floe-`. Files last changed before `since` are stale and listed apart.
   * `nearby` names files that exist, for the message when nothing matches.
   */
  collect(
    patterns: readonly ReportPattern[],
    options: CallOptions & {
      readonly cwd: string;
      readonly since: Date;
      readonly secrets: readonly string[];
    },
  ): Promise<{
    readonly reports: readonly GateReport[];
    readonly stale: readonly string[];
    readonly nearby: readonly string[];
  }>;
}

/** Runs gate commands. The implementation owns process groups, limits and masking. */
export interface CommandRunner {
  /** Runs a command exactly once and never throws for how it ended. An aborted signal kills the tree and rejects. */
  run(command: CommandSpec, options: CallOptions): Promise<GateRun>;
  openWorkspace(): Promise<GateWorkspace>;
}
