import type { Measurement, ReadReport } from "../performance-report.ts";
import { FieldProblem, numberOf, wordsOf } from "../read-fields.ts";
import { sampled } from "./measure.ts";

const UNITS: Readonly<
  Record<string, { unit: string; factor: number; better: "lower" | "higher"; suffix: string }>
> = {
  "ns/op": { unit: "ms", factor: 1e-6, better: "lower", suffix: "" },
  "B/op": { unit: "bytes", factor: 1, better: "lower", suffix: " B/op" },
  "allocs/op": { unit: "allocs", factor: 1, better: "lower", suffix: " allocs/op" },
  "MB/s": { unit: "MB/s", factor: 1, better: "higher", suffix: " MB/s" },
};
const HEAD = /^(goos|goarch|pkg|cpu): (.+)$/;

/** Whether a text is what `go test -bench` prints. */
export function isGoBench(text: string): boolean {
  return /^Benchmark\S*\s+\d+\s+\S+ \S/m.test(text) || /^(?:PASS|ok\s+\S+\s)/m.test(text);
}

/**
 * Reads what `go test -bench` prints; every line of a name is one sample (`-count 10`).
 * @throws {FieldProblem} a benchmark failed, a line is cut off, or the lines repeat themselves
 */
export function readGoBench(text: string): ReadReport {
  if (!text.endsWith("\n")) throw new FieldProblem("its last line is cut off");
  const head: Record<string, string> = {};
  const samples = new Map<string, { readonly unit: string; readonly values: number[] }>();
  const lines: string[] = [];
  // The same name may stand in several packages.
  const several = new Set(text.match(/^pkg: .+$/gm)).size > 1;
  let prefix = "";
  let ended = false;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    const where = `line ${index + 1}`;
    if (/^(?:FAIL\b|--- FAIL|panic:)/.test(line))
      throw new FieldProblem(`${where} says that a benchmark failed: ${line}`);
    if (/^(?:PASS$|ok\s)/.test(line)) ended = true;
    const [, key, word] = HEAD.exec(line) ?? [];
    if (key !== undefined && word !== undefined && key !== "pkg") head[key] = word;
    if (key === "pkg") {
      ended = false;
      prefix = several ? `${word}.` : "";
    }
    const [, name, rest] = /^(Benchmark\S*)\s+\d+\s+(.+)$/.exec(line) ?? [];
    if (name === undefined || rest === undefined) continue;
    lines.push(line);
    readLine(prefix + name, rest, where, samples);
  }
  if (!ended && Object.keys(head).length > 0)
    throw new FieldProblem(
      "the line ok, with which go test ends a package, is missing: it is cut off",
    );
  const half = lines.length / 2;
  if (lines.length > 1 && lines.slice(0, half).join("\n") === lines.slice(half).join("\n"))
    throw new FieldProblem("it holds the same lines twice: copies are no samples");
  const measurements: Measurement[] = [...samples].map(([name, { unit, values }]) => {
    const known = UNITS[unit];
    if (known === undefined) return sampled(name, unit, null, values);
    const scaled = values.map((value) => value * known.factor);
    return sampled(name, known.unit, known.better, scaled);
  });
  return { measurements, comparability: wordsOf(head) };
}

function readLine(
  name: string,
  rest: string,
  where: string,
  samples: Map<string, { readonly unit: string; readonly values: number[] }>,
): void {
  const words = rest.split(/\s+/);
  if (words.length % 2 !== 0) throw new FieldProblem(`${where} has a number without a unit`);
  for (let at = 0; at < words.length; at += 2) {
    const unit = words[at + 1] ?? "";
    const full = `${name}${UNITS[unit]?.suffix ?? ` ${unit}`}`;
    const found = samples.get(full) ?? { unit, values: [] };
    found.values.push(numberOf(words[at], where));
    samples.set(full, found);
  }
}
