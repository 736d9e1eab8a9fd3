/**
 * Replaces secrets in all strings of a value, and what no JSON holds: halves of surrogate pairs. Commands and reports are masked
 * by the runner already, in all spellings; this is for what a plugin says.
 */
export function maskValues<T>(value: T, secrets: readonly string[]): T {
  const hidden = secrets.filter((secret) => secret.length >= 6);
  const replace = (item: unknown): unknown => {
    if (typeof item === "string")
      return hidden.reduce((text, secret) => text.replaceAll(secret, "***"), item.toWellFormed());
    if (Array.isArray(item)) return item.map(replace);
    if (typeof item === "object" && item !== null) {
      return Object.fromEntries(
        Object.entries(item).map(([key, member]) => [key, replace(member)]),
      );
    }
    return item;
  };
  return replace(value) as T;
}
