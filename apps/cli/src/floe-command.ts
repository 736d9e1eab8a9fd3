import type { Logger, OperationDone, PluginSource, Reason } from "@floe/core";
import { EXIT, type FloeError, isFloeError } from "@floe/core/errors";
import { FACTS } from "@floe/core/telemetry";
import { Command, Flags, type Interfaces } from "@oclif/core";
import { createConsoleLogger } from "./adapters/console-logger.ts";
import type { Composed, ComposeInput } from "./compose.ts";
import { type CommandTelemetry, openTelemetry } from "./open-telemetry.ts";
import { listInstalledPlugins } from "./plugins/installed-plugins.ts";
import { pluginHome } from "./plugins/plugin-home.ts";
import { renderError, renderReasons } from "./render/error.ts";
import { print } from "./render/print.ts";

/** The flags of every command. */
export type GlobalFlags = Interfaces.InferredFlags<typeof FloeCommand.baseFlags>;

/** How a result is printed. */
export type OutputFormat = "table" | "json" | "yaml";

/** The values of {@link OutputFormat}, for flags. */
export const FORMATS = ["table", "json", "yaml"] as const;

/** What all commands share: global flags, composition, output and the way from an error to an exit code. */
export abstract class FloeCommand extends Command {
  static override baseFlags = {
    manifest: Flags.string({
      char: "m",
      description: "Manifest file; default manifest.yaml, searched upwards",
      helpGroup: "GLOBAL",
    }),
    output: Flags.option({
      char: "o",
      options: FORMATS,
      aliases: ["format"],
      default: "table",
      description: "How the result is printed",
      helpGroup: "GLOBAL",
    })(),
    json: Flags.boolean({ description: "The same as -o json", helpGroup: "GLOBAL" }),
    registry: Flags.string({
      char: "r",
      description: "Another repository than the manifest's: oci://host/repo or oci-layout:PATH",
      helpGroup: "GLOBAL",
    }),
    quiet: Flags.boolean({ description: "No progress and no warnings", helpGroup: "GLOBAL" }),
    verbose: Flags.boolean({ description: "Say more, on stderr", helpGroup: "GLOBAL" }),
    "no-color": Flags.boolean({ description: "No colours", helpGroup: "GLOBAL" }),
  };

  readonly #abort = new AbortController();
  #telemetry: CommandTelemetry | null = null;
  /** The code of what the command failed or was refused for. */
  #failure: string | null = null;
  readonly #stop = (): void => {
    if (this.#abort.signal.aborted) process.exit(EXIT.interrupted);
    this.#abort.abort(new Error("interrupted"));
  };

  /** Aborts on Ctrl-C and SIGTERM; what was begun is closed first. A second one ends at once. */
  protected get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Runs the command with the configuration that it was made with; `Command.run` would have oclif load it anew. */
  async runDirectly(): Promise<void> {
    await this._run();
  }

  // A plugin that calls process.exit(0) would have a pipeline believe that the command has succeeded.
  readonly #cutOff = (): void => {
    if ((process.exitCode ?? EXIT.ok) !== EXIT.ok) return;
    process.exitCode = EXIT.bug;
    process.stderr.write(
      "error FLOE_BUG: the command was ended before it was done: a plugin has ended the process, or nothing was left to wait for\n",
    );
  };
  /** Who watches what the command does. */
  protected get telemetry(): CommandTelemetry {
    if (!this.#telemetry) throw new Error("telemetry is opened before a command is run");
    return this.#telemetry;
  }

  /** Everything that a command does is one span, from before its flags are parsed until its exit code is known. */
  protected override async _run<Result>(): Promise<Result> {
    const telemetry = await openTelemetry(process.env, this.config.version);
    this.#telemetry = telemetry;
    const name = `floe ${(this.id ?? "").replaceAll(":", " ")}`;
    const facts = { [FACTS.executable]: "floe", [FACTS.pid]: process.pid };
    try {
      return await telemetry.span(name, facts, async (span) => {
        const result = await super._run<Result>();
        const exitCode = Number(process.exitCode ?? 0);
        span.add({ [FACTS.exitCode]: exitCode });
        if (exitCode !== 0) span.fail(this.#failure ?? String(exitCode));
        return result;
      });
    } finally {
      const problem = await telemetry.finish();
      // Once, and after everything else: neither the result nor the exit code is about it.
      if (problem !== null)
        this.plainLogger({ quiet: this.argv.includes("--quiet") }).warn(problem);
    }
  }

  override async init(): Promise<void> {
    await super.init();
    process.on("exit", this.#cutOff);
    // oclif throws what standard output reports out of its event, past every catch; whoever prints answers for it instead.
    process.stdout.removeAllListeners("error").on("error", () => {});
    // Not `once`: while a gate's command runs, its library ends the process by the signal when nobody else listens.
    process.on("SIGINT", this.#stop);
    process.on("SIGTERM", this.#stop);
    if (this.argv.includes("--no-color")) process.env["NO_COLOR"] = "1";
  }

  /** The format that was asked for, also when parsing the flags has failed. */
  protected outputFormat(): OutputFormat {
    const { argv } = this;
    if (argv.includes("--json")) return "json";
    for (const [index, word] of argv.entries()) {
      const match = /^(?:-o|--output|--format)(?:=(.*))?$/.exec(word);
      const value = match ? (match[1] ?? argv[index + 1]) : /^-o(\w+)$/.exec(word)?.[1];
      const format = FORMATS.find((candidate) => candidate === value);
      if (format) return format;
    }
    return "table";
  }

  /** Where the command says what it does. */
  protected logger(flags: Pick<GlobalFlags, "quiet" | "verbose">): Logger {
    return this.telemetry.logger(this.plainLogger(flags));
  }

  private plainLogger(flags: Partial<Pick<GlobalFlags, "quiet" | "verbose">>): Logger {
    return createConsoleLogger({
      quiet: flags.quiet === true,
      verbose: flags.verbose === true,
      terminal: process.stderr.isTTY === true && process.env["CI"] === undefined,
      color: process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined,
      write: (text) => process.stderr.write(text),
      now: () => performance.now(),
    });
  }

  /**
   * Gate and audit plugins that are installed for the user, and those that come with floe; nothing of them is imported. One
   * of which floe cannot say what it would provide is left out; `floe plugins` shows it.
   */
  protected installedPlugins(): PluginSource[] {
    const own = listInstalledPlugins(pluginHome(process.env));
    return [...own.filter(({ from }) => from !== ""), ...this.bundledPlugins()];
  }

  /** Plugins that come with floe. */
  protected bundledPlugins(): PluginSource[] {
    const sources = this.config.getPluginsList().flatMap((plugin): PluginSource[] => {
      const { name, version, root } = plugin;
      const descriptor = (plugin.pjson as { floe?: unknown }).floe;
      if (descriptor === undefined || name === this.config.name) return [];
      return [{ name, version, root, origin: "bundled", descriptor }];
    });
    // oclif finds them in an order of its own.
    return sources.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Wires a floe for this command. */
  protected async compose(
    flags: Partial<GlobalFlags> & {
      readonly key?: string | undefined;
      readonly "gate-logs"?: string | undefined;
    },
    use: Pick<ComposeInput, "writes" | "withoutGates" | "withAnchors" | "alsoUse">,
  ): Promise<Composed> {
    const { compose } = await import("./compose.ts");
    const logger = this.logger({ quiet: flags.quiet ?? false, verbose: flags.verbose ?? false });
    const folder = flags["gate-logs"];
    return await compose({
      manifestPath: flags.manifest,
      registry: flags.registry,
      key: flags.key,
      ...use,
      installed: this.installedPlugins(),
      env: process.env,
      cwd: process.cwd(),
      version: this.config.version,
      logger: folder === undefined ? logger : await withGateLogs(folder, logger),
      telemetry: this.telemetry,
      signal: this.signal,
    });
  }

  /** Prints the result: `value` as JSON or YAML, or the text for people. */
  protected async result(value: unknown, text: () => string): Promise<void> {
    await print(this.outputFormat(), this.#traced(value), text);
  }

  // A list is a list of what was asked for; every object says under which trace it was made.
  #traced(value: unknown): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return "trace_id" in value ? value : { ...value, trace_id: this.telemetry.traceId() };
  }

  /** Ends the command with what blocked it; nothing is thrown, since a refusal is an answer. */
  protected refuse(blocking: readonly Reason[], word?: "BLOCKED" | "FOUND" | "INCOMPLETE"): void {
    process.exitCode = blocking[0]?.exitCode ?? EXIT.bug;
    this.#failure ??= blocking[0]?.code ?? null;
    if (this.outputFormat() === "table") process.stderr.write(renderReasons(blocking, word));
  }

  /** Ends a command that is done with 19, where secondary registries are incomplete and the user was strict about that. */
  protected incomplete({ incomplete = [] }: Pick<OperationDone, "incomplete">): void {
    if (incomplete.length > 0) this.refuse(incomplete, "INCOMPLETE");
  }

  override async finally(error: Error | undefined): Promise<void> {
    process.off("exit", this.#cutOff);
    process.off("SIGINT", this.#stop);
    process.off("SIGTERM", this.#stop);
    await super.finally(error);
  }

  override async catch(
    error: Error & { readonly exitCode?: number; readonly oclif?: { readonly exit?: number } },
  ): Promise<void> {
    // What was committed all the same is worth more to know than that somebody pressed Ctrl-C.
    const interrupted =
      this.#abort.signal.aborted && !isFloeError(error, "FLOE_LEDGER_OUTCOME_MISSING");
    // oclif throws this to end early with success, as --help does.
    if (error.oclif?.exit === 0) throw error;
    const known: FloeError | null = isFloeError(error) ? error : null;
    const usage = known === null && error.oclif?.exit !== undefined;
    const exitCode = interrupted
      ? EXIT.interrupted
      : (known?.exitCode ?? (usage ? EXIT.usage : EXIT.bug));
    process.exitCode = exitCode;
    this.#failure = await renderError(error, {
      traceId: this.telemetry.traceId(),
      format: this.outputFormat(),
      exitCode,
      interrupted,
      usage: usage
        ? {
            command: (this.ctor.aliases[0] ?? this.id ?? "").replaceAll(":", " "),
            flags: Object.keys({ ...this.ctor.baseFlags, ...this.ctor.flags }),
          }
        : null,
      verbose: this.argv.includes("--verbose"),
    });
  }
}

async function withGateLogs(folder: string, logger: Logger): Promise<Logger> {
  const { logGates } = await import("./adapters/gate-logs.ts");
  return logGates(folder, logger);
}

/** `--gate-logs`, on commands that run gates. */
export const gateLogsFlag = {
  "gate-logs": Flags.string({
    description: "Write what the command of each gate prints to GATE.log in this folder, masked",
  }),
};

/** `--key`, on every command that proves who runs it. */
export const keyFlag = {
  key: Flags.string({
    description:
      "Private key that proves who you are: a file, file:PATH, env:NAME, or NAME://ID of a KMS plugin; default FLOE_SIGNING_KEY, then an OIDC token where the manifest knows keyless identities, then the manifest's keys",
  }),
};

/** `--operator`, a label. */
export const operatorFlag = {
  operator: Flags.string({ description: "A label for the record; it proves and grants nothing" }),
};

/** `--override`, where a refusal may be let pass by whom the manifest names. */
export function overrideFlag(more: { readonly dependsOn?: string[] } = {}) {
  return Flags.string({
    ...more,
    description:
      "Refusals to let pass: freeze, soak, lock, approval, gate:NAME, separated by commas; needs the environment's overrides",
  });
}
