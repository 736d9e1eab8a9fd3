import type { DoctorFinding } from "@floe/core";
import { paint, plain } from "./paint.ts";

const MARKS = {
  ok: { sign: "✓", style: "green" },
  warn: { sign: "!", style: "yellow" },
  fail: { sign: "✗", style: "red" },
  not_checked: { sign: "?", style: "yellow" },
} as const;

/** Findings for people: a line each, grouped by what they are about, with what to do below. */
export function doctorText(findings: readonly DoctorFinding[]): string {
  const groups = new Map<string, DoctorFinding[]>();
  for (const finding of findings) {
    const name = finding.about === "" ? finding.area : `${finding.area} ${finding.about}`;
    groups.set(name, [...(groups.get(name) ?? []), finding]);
  }
  const lines = [...groups].flatMap(([name, group]) => [
    paint("bold", plain(name)),
    ...group.flatMap(({ status, seen, fix, check }) => {
      const { sign, style } = MARKS[status];
      const head = `  ${paint(style, sign)} ${check.replaceAll("_", " ")}: ${plain(seen).replace(/\s*\n\s*/g, " ")}`;
      return fix === null ? [head] : [head, `      ${paint("dim", "→")} ${plain(fix)}`];
    }),
  ]);
  const count = (status: DoctorFinding["status"]): number =>
    findings.filter((finding) => finding.status === status).length;
  const [failed, warned] = [count("fail"), count("warn")];
  const sum =
    failed > 0
      ? paint("red", `${failed} failed`)
      : warned > 0
        ? paint("yellow", `nothing failed, ${warned} to look at`)
        : paint("green", "all is well");
  return [...lines, "", sum].join("\n");
}
