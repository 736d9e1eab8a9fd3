import { styleText } from "node:util";
import type { Logger, ProgressEvent } from "@floe/core";
import { plain } from "../render/paint.ts";

/** How much is said on stderr. */
export interface LoggerOptions {
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** A terminal shows one live line and marks; anything else gets plain lines. */
  readonly terminal: boolean;
  readonly color: boolean;
  readonly write: (text: string) => void;
  readonly now: () => number;
}

/** Tells people on stderr what goes on; the result of a command never goes through here. */
export function createConsoleLogger(options: LoggerOptions): Logger {
  const started = new Map<string, number>();
  const paint = (format: "green" | "red" | "yellow" | "dim", text: string): string =>
    options.color ? styleText(format, text, { validateStream: false }) : text;
  const clearLine = options.terminal ? "\r\u001b[K" : "";

  // What is under way, on the one live line: the last thing that was said, and what else runs beside it.
  const live = (scope: string, message: string): void => {
    const others = [...started.keys()].filter((other) => other !== scope);
    const beside = others.length === 0 ? "" : `, beside ${others.join(", ")}`;
    options.write(`${clearLine}${paint("dim", `… ${scope}: ${message}${beside}`.slice(0, 200))}`);
  };

  function progress(given: ProgressEvent): void {
    if (options.quiet) return;
    const event = { ...given, message: plain(given.message) };
    if (event.phase === "start") {
      started.set(event.scope, options.now());
      if (options.terminal) live(event.scope, event.message);
      return;
    }
    const seconds = (options.now() - (started.get(event.scope) ?? options.now())) / 1000;
    if (event.phase !== "update") started.delete(event.scope);
    const took = event.phase === "update" ? "" : ` (${seconds.toFixed(1)} s)`;
    if (!options.terminal) {
      options.write(`${event.scope}: ${event.message}${took}\n`);
      return;
    }
    const mark =
      event.phase === "done"
        ? paint("green", "✓")
        : event.phase === "failed"
          ? paint("red", "✗")
          : "…";
    const end = event.phase === "update" ? "" : "\n";
    options.write(
      `${clearLine}${mark} ${event.scope}: ${event.message}${paint("dim", took)}${end}`,
    );
    const [still] = started.keys();
    if (event.phase !== "update" && still !== undefined) live(still, "running");
  }

  return {
    debug: (message) => {
      if (options.verbose) options.write(`${clearLine}${paint("dim", plain(message))}\n`);
    },
    info: (message) => {
      if (options.verbose) options.write(`${clearLine}${plain(message)}\n`);
    },
    warn: (message) => {
      if (!options.quiet)
        options.write(`${clearLine}${paint("yellow", "warning")}: ${plain(message)}\n`);
    },
    progress,
  };
}
