import type { ReadReport } from "../performance-report.ts";
import { FieldProblem, numberOf, wordsOf } from "../read-fields.ts";
import { msPer } from "../units.ts";
import { throughput, timings } from "./measure.ts";

/** Whether a text is what wrk prints. */
export function isWrk(text: string): boolean {
  return /^Running .+ test @ /m.test(text) && /^\s*Thread Stats\b/m.test(text);
}

/**
 * Reads what wrk prints, with or without `--latency`. Its last line must be there: before it come the errors.
 * @throws {FieldProblem} a line is missing, cut off or not as wrk writes it
 */
export function readWrk(text: string): ReadReport {
  if ((text.match(/^Running /gm) ?? []).length > 1)
    throw new FieldProblem("it holds several runs: write each to a file of its own");
  if (!/^Transfer\/sec:\s+[\d.]+[KMGT]?B\s*\n\s*$/m.test(text))
    throw new FieldProblem("the line Transfer/sec, with which wrk ends, is missing: it is cut off");
  const [, target] = lineOf(text, /^Running .+ test @ (.+)$/m, "Running");
  const [, threads, connections] = lineOf(
    text,
    /^\s*(\d+) threads and (\d+) connections$/m,
    "threads and connections",
  );
  const [, mean, , max] = lineOf(text, /^\s*Latency\s+(\S+)\s+(\S+)\s+(\S+)\s/m, "Latency");
  const found: Record<string, number> = { "latency.mean": time(mean), "latency.max": time(max) };
  for (const [, percent, value] of text.matchAll(/^\s*(50|75|90|99)(?:\.0+)?%\s+(\S+)$/gm))
    found[`latency.p${percent}`] = time(value);
  const [, count, duration] = lineOf(text, /^\s*(\d+) requests in ([^,\s]+),/m, "requests in");
  const [, rate] = lineOf(text, /^Requests\/sec:\s+(\S+)$/m, "Requests/sec");
  const non2xx = /^\s*Non-2xx or 3xx responses: (\S+)$/m.exec(text)?.[1];
  const sockets = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)$/m.exec(
    text,
  );
  const lost = (sockets ?? []).slice(1).reduce((sum, part) => sum + Number(part), 0);
  return {
    load: {
      requests: numberOf(count, "requests") + lost,
      failed: (non2xx === undefined ? 0 : numberOf(non2xx, "Non-2xx or 3xx responses")) + lost,
      durationMs: time(duration),
    },
    measurements: [
      ...timings(found, ["latency.p99", "latency.mean"]),
      throughput(numberOf(rate, "Requests/sec")),
    ],
    comparability: wordsOf({ target, threads, connections }),
  };
}

function lineOf(text: string, pattern: RegExp, name: string): RegExpExecArray {
  const found = pattern.exec(text);
  if (!found) throw new FieldProblem(`the line "${name}" is missing or not as wrk writes it`);
  return found;
}

function time(text: string | undefined): number {
  const [, value, unit = ""] = /^([\d.]+)(us|ms|s|m|h)$/.exec(text ?? "") ?? [];
  if (value === undefined) throw new FieldProblem(`"${text}" is no time`);
  return numberOf(value, "a time") * msPer(unit, "a time");
}
