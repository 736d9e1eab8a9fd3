import type { GateResult } from "@floe/core";
import { paint, plain } from "./paint.ts";

/** One gate's result for people: the sentence, then every reason with what was measured and what to do. */
export function gateText(result: GateResult): string {
  const style =
    result.status === "passed" ? "green" : result.status === "warning" ? "yellow" : "red";
  const lines = [
    `${paint("bold", result.gate)}: ${paint(style, result.status)}: ${plain(result.summary)}`,
  ];
  for (const reason of result.reasons) {
    lines.push(
      `  ${reason.level} ${paint("dim", reason.code)} ${plain(reason.message).replaceAll("\n", "\n    ")}`,
    );
    if (reason.where !== undefined)
      lines.push(`    ${paint("dim", "where")} ${plain(reason.where)}`);
    if (reason.fix !== undefined) lines.push(`    ${paint("dim", "→")} ${plain(reason.fix)}`);
  }
  lines.push(...chartLines(result, "  "));
  const { plugin, evidence, reused_from: from } = result;
  if (from)
    lines.push(
      `  ${paint("dim", "reused")} ${from.predicate_type} signed by ${plain(from.signed_by)}`,
    );
  if (evidence) lines.push(`  ${paint("dim", "evidence")} ${evidence.digest}`);
  lines.push(
    paint(
      "dim",
      `  judged by ${plugin ? `${plugin.name} ${plugin.version} (${plugin.origin})` : "the command's exit status"} in ${(result.duration_ms / 1000).toFixed(1)} s`,
    ),
  );
  return lines.join("\n");
}

const CHART_LINES = 30;
const TERMINAL_COLUMNS = 80;

/** What a gate has drawn (`details.chart`, lines of text): as much as fits into a terminal. Nothing where it is no drawing. */
export function chartLines({ details }: Pick<GateResult, "details">, indent: string): string[] {
  const chart = details["chart"];
  if (!Array.isArray(chart)) return [];
  return chart
    .filter((line) => typeof line === "string")
    .slice(0, CHART_LINES)
    .map((line) => `${indent}${plain(line).replaceAll("\n", " ")}`.slice(0, TERMINAL_COLUMNS));
}
