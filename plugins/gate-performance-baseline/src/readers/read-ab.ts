import type { ReadReport } from "../performance-report.ts";
import { FieldProblem, numberOf, wordsOf } from "../read-fields.ts";
import { throughput, timings } from "./measure.ts";

/** Whether a text is what ab prints. */
export function isAb(text: string): boolean {
  return text.startsWith("This is ApacheBench,");
}

/** Whether a text is what `ab -e` writes. */
export function isAbCsv(text: string): boolean {
  return text.startsWith("Percentage served,Time in ms");
}

/**
 * Reads what ab prints. Answers of another length than the first are no failures: a page may hold a time of day.
 * @throws {FieldProblem} it ended without a result, is cut off, or is not as ab writes it
 */
export function readAb(text: string): ReadReport {
  const [, , ...more] = text.split(/^This is ApacheBench,/m);
  if (more.length > 0)
    throw new FieldProblem("it holds several runs: write each to a file of its own");
  const line = (name: string, required = true): string | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(text)?.[1];
    if (found === undefined && required)
      throw new FieldProblem(`the line "${name}" is missing: ab ended early, or it is cut off`);
    return found;
  };
  const requests = numberOf(line("Complete requests"), "Complete requests");
  const kinds = /^\s+\(Connect: (\d+), Receive: (\d+), Length: (\d+), Exceptions: (\d+)\)$/m.exec(
    text,
  );
  const all = numberOf(line("Failed requests"), "Failed requests");
  const byLength = kinds === null ? 0 : Number(kinds[3]);
  const non2xx = line("Non-2xx responses", false);
  const mean = /^Time per request:\s+(\S+) \[ms\] \(mean\)$/m.exec(text)?.[1];
  const found: Record<string, number> = { "latency.mean": numberOf(mean, "Time per request") };
  for (const [, percent, value] of text.matchAll(
    /^\s+(50|66|75|80|90|95|98|99|100)%\s+(\d+)(?: \(longest request\))?$/gm,
  ))
    found[percent === "100" ? "latency.max" : `latency.p${percent}`] = numberOf(
      value,
      `${percent}%`,
    );
  if (!/^\s+100%\s+\d+ \(longest request\)\s*$/m.test(text))
    throw new FieldProblem("the line 100%, with which ab ends, is missing: it is cut off");
  return {
    load: {
      requests,
      failed: all - byLength + (non2xx === undefined ? 0 : numberOf(non2xx, "Non-2xx responses")),
      durationMs: numberOf(line("Time taken for tests"), "Time taken for tests") * 1000,
    },
    measurements: [
      ...timings(found, ["latency.p95", "latency.mean"]),
      throughput(numberOf(line("Requests per second"), "Requests per second")),
    ],
    notes: [
      ...(byLength === 0
        ? []
        : [
            `${byLength} answers had another length than the first; they are not counted as failed`,
          ]),
      ...(/results are NOT reliable/.test(text)
        ? ["ab itself calls these results not reliable"]
        : []),
    ],
    comparability: wordsOf({
      path: line("Document Path", false),
      connections: line("Concurrency Level", false),
    }),
  };
}

/**
 * Reads the percentiles of `ab -e`; how many requests were sent and failed does not stand there.
 * @throws {FieldProblem} a line is missing, cut off, or less than the one before
 */
export function readAbCsv(text: string): ReadReport {
  if (!text.endsWith("\n")) throw new FieldProblem("its last line is cut off");
  const rows = text.trim().split(/\r?\n/).slice(1);
  const found: Record<string, number> = {};
  let last = 0;
  for (const [index, row] of rows.entries()) {
    const [percent, value, ...rest] = row.split(",");
    const ms = numberOf(value, `line ${index + 2}`);
    if (percent !== String(index) || rest.length > 0 || ms < last)
      throw new FieldProblem(`line ${index + 2} is not the next percentile: "${row}"`);
    last = ms;
    if ([50, 75, 90, 95, 99].includes(index)) found[`latency.p${percent}`] = ms;
    if (index === 100) found["latency.max"] = ms;
  }
  if (rows.length !== 101) throw new FieldProblem(`it has ${rows.length} percentiles, not 101`);
  return {
    load: null,
    measurements: timings(found, ["latency.p95"]),
    notes: ["this file does not say how many requests were sent and how many failed"],
  };
}
