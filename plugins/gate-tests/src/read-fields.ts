import { ReportProblem } from "@floe/gate-kit";

/** An object of a report. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object and no list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * A list that has to be there.
 *
 * @throws {ReportProblem} when it is not one, or holds something else than objects.
 */
export function listOf(path: string, value: unknown, where: string): readonly Fields[] {
  if (!Array.isArray(value) || !value.every(isFields))
    throw new ReportProblem(path, undefined, `${where} is not a list of objects`);
  return value;
}

/**
 * A text that has to be there.
 *
 * @throws {ReportProblem} when it is none.
 */
export function textOf(path: string, value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new ReportProblem(path, undefined, `${where} is not a text`);
}

/** A number that is at least 0; 0 for anything else. */
export function countOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** Texts of a list; others in it are left out. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
