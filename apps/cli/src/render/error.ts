import { stripVTControlCharacters, styleText } from "node:util";
import type { Reason } from "@floe/core";
import { isFloeError, knownBy } from "@floe/core/errors";
import { plain } from "./paint.ts";
import { print } from "./print.ts";

/** How an error is shown. */
export interface ErrorView {
  readonly format: "table" | "json" | "yaml";
  readonly exitCode: number;
  readonly interrupted: boolean;
  /** A mistake on the command line that oclif found. */
  readonly usage: boolean;
  readonly verbose: boolean;
  readonly traceId: string;
}

/** The `error` object of JSON outputs. */
interface ErrorJson {
  readonly code: string;
  readonly exit_code: number;
  readonly message: string;
  readonly hint: string | null;
  readonly details: unknown;
}

/** Describes any error as JSON outputs do. */
function errorJson(
  error: Error,
  view: Pick<ErrorView, "exitCode" | "interrupted" | "usage">,
): ErrorJson {
  const base = { exit_code: view.exitCode, message: plain(error.message) };
  if (view.interrupted) {
    return {
      ...base,
      code: "FLOE_INTERRUPTED",
      message: "interrupted",
      hint: "Run the same command again: it goes on where this one stopped.",
      details: null,
    };
  }
  if (isFloeError(error))
    return { ...base, code: error.code, hint: error.hint ?? null, details: error.details ?? null };
  if (view.usage)
    return {
      ...base,
      code: "FLOE_USAGE_INVALID",
      message: usageMessage(error.message),
      hint: "See --help.",
      details: null,
    };
  return {
    ...base,
    code: "FLOE_BUG",
    hint: "This is a bug in floe. Please report it with the output of the same command and --verbose.",
    details: null,
  };
}

// The parser puts what is wrong on lines of their own, below a heading that may say nothing, and --help at the end.
function usageMessage(text: string): string {
  const [head = "", ...facts] = plain(stripVTControlCharacters(text))
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(?:See more help|Note:|Alternatively)/.test(line));
  if (facts.length === 0) return head;
  const all = facts.join("; ");
  return /^The following errors? occurred:$/.test(head) ? all : `${head} ${all}`;
}

/** Prints an error: as an object on stdout for JSON and YAML, as sentences on stderr for people. Gives its code. */
export async function renderError(error: Error, view: ErrorView): Promise<string> {
  const described = errorJson(error, view);
  if (view.format !== "table") {
    const value = {
      success: false,
      error: described,
      trace_id: view.traceId,
      ...knownBy(error),
    };
    const printed = await print(view.format, value, () => "").then(
      () => true,
      () => false,
    );
    // Where standard output takes nothing, people are told at least.
    if (printed) return described.code;
  }
  const bug = described.code === "FLOE_BUG";
  const lines = [`${red("error")} ${dim(described.code)}: ${plain(described.message)}`];
  if (described.hint !== null) lines.push(`  ${dim("→")} ${plain(described.hint)}`);
  if (bug || view.verbose)
    lines.push(dim(`trace ${view.traceId}`), dim(plain(error.stack ?? "")), ...causes(error));
  process.stderr.write(`${lines.join("\n")}\n`);
  return described.code;
}

/** Prints why something is refused, all reasons at once; or what was found to be wrong. */
export function renderReasons(
  reasons: readonly Reason[],
  word: "BLOCKED" | "FOUND" | "INCOMPLETE" = "BLOCKED",
): string {
  return reasons
    .map(({ code, message, hint }) => {
      const head = `${red(word)}: ${plain(message)} ${dim(`[${code}]`)}`;
      return hint === null ? `${head}\n` : `${head}\n  ${dim("→")} ${plain(hint)}\n`;
    })
    .join("");
}

function causes(error: Error): string[] {
  const lines: string[] = [];
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    lines.push(dim(`caused by ${plain(cause.stack ?? cause.message)}`));
  return lines;
}

function red(text: string): string {
  return color("red", text);
}

function dim(text: string): string {
  return color("dim", text);
}

function color(style: "red" | "dim", text: string): string {
  const wanted = process.stderr.isTTY === true && process.env["NO_COLOR"] === undefined;
  return wanted ? styleText(style, text, { validateStream: false }) : text;
}
