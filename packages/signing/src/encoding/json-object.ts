/** Says whether a parsed JSON value is an object, not an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Reads a member that the object itself has. Never what it inherits, so that neither `__proto__` in the JSON nor
 * names such as `constructor` mean anything.
 */
export function own(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Shows a value out of a file that anybody may have written: quoted, escaped and short. */
export function show(value: unknown, maxLength = 120): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  // JSON escapes C0 controls only; C1 and bidirectional controls can still rewrite a terminal line.
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
