import { quantile } from "../median.ts";
import type { ReadReport } from "../performance-report.ts";
import { FieldProblem, numberOf } from "../read-fields.ts";
import { sampled, throughput, timing, timings } from "./measure.ts";

const HEADER =
  "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset";

/** Whether a text is what `hey -o csv` prints. */
export function isHeyCsv(text: string): boolean {
  return text.startsWith(HEADER);
}

/** Whether a text is what hey prints. */
export function isHeyText(text: string): boolean {
  return (
    /^Summary:\s*$/m.test(text) && /^\s+Slowest:\s/m.test(text) && /^\s+Requests\/sec:/m.test(text)
  );
}

/**
 * Reads `hey -o csv`: a line a request, in seconds. Requests that got no answer have no line.
 * @throws {FieldProblem} a line is cut off or not as hey writes it
 */
export function readHeyCsv(text: string): ReadReport {
  if (!text.endsWith("\n")) throw new FieldProblem("its last line is cut off");
  const rows = text.trim().split(/\r?\n/).slice(1);
  const good: number[] = [];
  let failed = 0;
  let end = 0;
  for (const [index, row] of rows.entries()) {
    const where = `line ${index + 2}`;
    const cells = row.split(",");
    if (cells.length !== 8) throw new FieldProblem(`${where} has ${cells.length} fields, not 8`);
    const ms = numberOf(cells[0], `response-time in ${where}`) * 1000;
    end = Math.max(end, numberOf(cells[7], `offset in ${where}`) * 1000 + ms);
    if (/^[123]\d\d$/.test(cells[6] ?? "")) good.push(ms);
    else if (/^\d{1,3}$/.test(cells[6] ?? "")) failed += 1;
    else throw new FieldProblem(`status-code in ${where} is "${cells[6]}"`);
  }
  return {
    load: { requests: rows.length, failed, durationMs: end },
    measurements:
      good.length === 0
        ? []
        : [
            sampled("latency", "ms", "lower", good),
            timing("latency.mean", good.reduce((sum, ms) => sum + ms, 0) / good.length),
            ...[50, 90, 95, 99].map((percent) =>
              timing(`latency.p${percent}`, nearestRank(good, percent)),
            ),
          ],
  };
}

/**
 * Reads what hey prints. The requests that its lines tell of must be as many as its rate says: otherwise it is cut off.
 * @throws {FieldProblem} a line is missing or not as hey writes it
 */
export function readHeyText(text: string): ReadReport {
  const seconds = (name: string): number =>
    numberOf(new RegExp(`^\\s+${name}:\\s+([\\d.]+) secs$`, "m").exec(text)?.[1], name);
  const rate = numberOf(/^\s+Requests\/sec:\s+(\S+)$/m.exec(text)?.[1], "Requests/sec");
  const total = seconds("Total");
  const [before, distribution] = text.split(/^Status code distribution:$/m);
  if (distribution === undefined || before === undefined || !text.endsWith("\n"))
    throw new FieldProblem("the status code distribution is missing: it is cut off");
  let requests = 0;
  let failed = 0;
  for (const [, code, count] of distribution.matchAll(/^\s+\[(\d{3})\]\s+(\d+) responses$/gm)) {
    requests += Number(count);
    if (!/^[123]/.test(code ?? "")) failed += Number(count);
  }
  const [, errors = ""] = distribution.split(/^Error distribution:$/m);
  for (const [, count] of errors.matchAll(/^\s+\[(\d+)\]\s/gm)) {
    requests += Number(count);
    failed += Number(count);
  }
  const announced = rate * total;
  if (Math.abs(announced - requests) > 2 + announced * 0.005) {
    throw new FieldProblem(
      `it lists ${requests} requests, and its rate tells of ${Math.round(announced)}: it is cut off`,
    );
  }
  const found: Record<string, number> = { "latency.mean": seconds("Average") * 1000 };
  for (const [, percent, value] of before.matchAll(/^\s+(\d+)%+ in ([\d.]+) secs$/gm))
    found[`latency.p${percent}`] = numberOf(value, `p${percent}`) * 1000;
  return {
    load: { requests, failed, durationMs: total * 1000 },
    measurements: [...timings(found, ["latency.p95", "latency.mean"]), throughput(rate)],
  };
}

function nearestRank(values: readonly number[], percent: number): number {
  const at = Math.ceil((percent / 100) * values.length) - 1;
  return quantile(values, values.length === 1 ? 0 : at / (values.length - 1));
}
