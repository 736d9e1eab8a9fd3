import { cleanText } from "@floe/gate-kit";

/** An object of a report. */
export type Fields = Readonly<Record<string, unknown>>;

/** A field is not what the format says. `readReport` adds the file's name. */
export class FieldProblem extends Error {
  override readonly name = "FieldProblem";
}

/** Whether a value is an object, and no list. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object at a place. @throws {FieldProblem} when it is none */
export function fieldsAt(value: unknown, where: string): Fields {
  if (isFields(value)) return value;
  throw new FieldProblem(`${where} is ${shown(value)}, not an object`);
}

/** The list at a place. @throws {FieldProblem} when it is none */
export function listAt(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new FieldProblem(`${where} is ${shown(value)}, not a list`);
}

/** The text at a place. @throws {FieldProblem} when it is none, or empty */
export function textAt(value: unknown, where: string): string {
  if (typeof value === "string" && value.trim() !== "") return cleanText(value);
  throw new FieldProblem(`${where} is ${shown(value)}, not a text`);
}

/** The measured number at a place: finite and not negative. @throws {FieldProblem} when it is none */
export function numberAt(value: unknown, where: string): number {
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new FieldProblem(`${where} is ${shown(value)}, not a number of 0 or more`);
}

/** The measured number that a text holds. @throws {FieldProblem} when it is none */
export function numberOf(text: string | undefined, where: string): number {
  const plain = (text ?? "").trim();
  return numberAt(/^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(plain) ? Number(plain) : text, where);
}

/** A number that may be missing. @throws {FieldProblem} when it is there and no number */
export function optionalNumberAt(value: unknown, where: string): number | null {
  return value === undefined || value === null ? null : numberAt(value, where);
}

/** Texts and numbers of an object as texts; what is missing is left out. */
export function wordsOf(entries: Readonly<Record<string, unknown>>): Record<string, string> {
  const words: Record<string, string> = {};
  for (const [key, value] of Object.entries(entries))
    if (["string", "number", "boolean"].includes(typeof value))
      words[key] = cleanText(String(value));
  return words;
}

function shown(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "number") return String(value);
  return cleanText(JSON.stringify(value) ?? typeof value, 60);
}
