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
  /** A mistake on the command line that oclif found: the command that it was made with, and its flags; else `null`. */
  readonly usage: { readonly command: string; readonly flags: readonly string[] } | null;
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
async function errorJson(
  error: Error,
  view: Pick<ErrorView, "exitCode" | "interrupted" | "usage">,
): Promise<ErrorJson> {
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
      hint: await usageHint(error, view.usage),
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
    .filter((line) => line !== "" && !/^(?:See more help|Note:|Alternatively)/.test(line))
    .map((line) => line.replace(/(?<=^Missing required flag )(?=\w)/, "--"));
  if (facts.length === 0) return head;
  const all = facts.join("; ");
  return /^The following errors? occurred:$/.test(head) ? all : `${head} ${all}`;
}

async function usageHint(error: Error, usage: NonNullable<ErrorView["usage"]>): Promise<string> {
  const help = `floe ${usage.command} --help says what it takes.`;
  const { flags: unknown } = error as { readonly flags?: unknown };
  if (!error.message.startsWith("Nonexistent flag") || !Array.isArray(unknown)) return help;
  const { nearNames } = await import("@floe/core");
  const near = unknown.flatMap((flag) =>
    nearNames(String(flag).replace(/^-+/, ""), usage.flags, 1),
  );
  return near.length === 0
    ? help
    : `Did you mean ${near.map((name) => `--${name}`).join(", ")}? ${help}`;
}

/** Prints an error: as an object on stdout for JSON and YAML, as sentences on stderr for people. Gives its code. */
export async function renderError(error: Error, view: ErrorView): Promise<string> {
  const described = await errorJson(error, view);
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
