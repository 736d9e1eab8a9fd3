import { FieldProblem } from "./read-fields.ts";

const MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds in one of a unit of time. @throws {FieldProblem} for a word that is none */
export function msPer(unit: string, where: string): number {
  const ms = Object.hasOwn(MS, unit) ? MS[unit] : undefined;
  if (ms === undefined) throw new FieldProblem(`${where}: "${unit}" is no unit of time`);
  return ms;
}

/** A number for people, with its unit: times in the unit that suits their size, sizes in KiB and MiB. */
export function showValue(value: number, unit: string): string {
  if (unit === "ms") {
    if (value === 0) return "0 ms";
    if (value < 1e-3) return `${digits(value * 1e6)} ns`;
    if (value < 1) return `${digits(value * 1e3)} µs`;
    return value < 10_000 ? `${digits(value)} ms` : `${digits(value / 1000)} s`;
  }
  if (unit === "bytes" && value >= 1024) {
    return value < 1024 ** 2 ? `${digits(value / 1024)} KiB` : `${digits(value / 1024 ** 2)} MiB`;
  }
  return unit === "" ? digits(value) : `${digits(value)} ${unit}`;
}

/** A change for people: `+12.3 %`; from nothing there is no percentage. */
export function showChange(relative: number): string {
  if (!Number.isFinite(relative)) return "up from 0";
  const percent = relative * 100;
  const text = Math.abs(percent).toFixed(Math.abs(percent) < 100 ? 1 : 0);
  return `${percent < 0 ? "-" : "+"}${text} %`;
}

function digits(value: number): string {
  if (value >= 1e15) return value.toExponential(3);
  return value >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(4)));
}
