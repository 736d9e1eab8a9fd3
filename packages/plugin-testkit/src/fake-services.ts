import type { GateRun, PluginCommand, PluginLogger, PluginServices } from "@floe/core/plugin";

/** A line that a gate has logged. */
export interface LoggedLine {
  readonly level: "debug" | "info" | "warn";
  readonly message: string;
}

/** A logger that keeps what it is given. */
export interface RecordingLogger extends PluginLogger {
  readonly lines: readonly LoggedLine[];
}

/** Services that do nothing by themselves and remember what was asked of them. */
export interface FakeServices extends PluginServices {
  readonly logger: RecordingLogger;
  /** The commands that the gate has started, in order. */
  readonly commands: readonly PluginCommand[];
}

/** Makes a logger that keeps its lines. */
export function recordingLogger(): RecordingLogger {
  const lines: LoggedLine[] = [];
  const keep = (level: LoggedLine["level"]) => (message: string) => {
    lines.push({ level, message });
  };
  return { lines, debug: keep("debug"), info: keep("info"), warn: keep("warn") };
}

/**
 * Makes services for a gate under test. No command is ever run: `runCommand` says how each would end, and without it
 * a gate that starts one gets an error. The clock stands at `now`, by default 2026-03-04T05:06:07Z; paths
 * start at `cwd`, by default the current folder.
 */
export function fakeServices(
  init: {
    readonly runCommand?: (command: PluginCommand) => GateRun;
    readonly now?: Date;
    readonly cwd?: string;
  } = {},
): FakeServices {
  const commands: PluginCommand[] = [];
  const now = init.now ?? new Date("2026-03-04T05:06:07.000Z");
  return {
    logger: recordingLogger(),
    commands,
    now: () => new Date(now),
    cwd: init.cwd ?? process.cwd(),
    runCommand: async (command, { signal }) => {
      signal.throwIfAborted();
      commands.push(command);
      if (init.runCommand === undefined) {
        throw new Error(
          `The gate started ${JSON.stringify(command.argv)}; say how it ends with fakeServices({ runCommand }).`,
        );
      }
      return init.runCommand(command);
    },
  };
}
