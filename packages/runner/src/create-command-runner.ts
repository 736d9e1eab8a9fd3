import type { CommandRunner } from "@floe/core/ports";
import type { EnvironmentSource } from "./clean-environment.ts";
import { openWorkspace } from "./gate-workspace.ts";
import { runCommand } from "./run-command.ts";

/** What a command runner takes from outside. */
export interface CommandRunnerOptions {
  /** floe's own environment; the base variables and those of `passEnv` are taken from it, nothing else. */
  readonly env: EnvironmentSource;
  /** Where workspaces are made. */
  readonly tmpDir: string;
  /** The current time. Default: the system clock. */
  readonly now?: () => Date;
  /** Between SIGTERM and SIGKILL, in milliseconds. Default 5000. */
  readonly killGraceMs?: number;
  /** How long background processes may hold the output after the command has ended, in milliseconds. Default 2000. */
  readonly pipeGraceMs?: number;
}

/**
 * Makes a {@link CommandRunner} over real processes. A command gets a clean environment, no stdin, a process group of
 * its own and a time limit; whatever it leaves behind is killed and counted. On systems other than Linux only the
 * process group is ended.
 */
export function createCommandRunner(options: CommandRunnerOptions): CommandRunner {
  const settings = {
    env: options.env,
    now: options.now ?? (() => new Date()),
    killGraceMs: options.killGraceMs ?? 5000,
    pipeGraceMs: options.pipeGraceMs ?? 2000,
  };
  return {
    run: (command, callOptions) => runCommand(command, settings, callOptions),
    openWorkspace: () => openWorkspace(options.tmpDir),
  };
}
