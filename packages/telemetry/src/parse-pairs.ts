/** More of a list than this is not looked at. */
const MAX_LENGTH = 16 * 1024;

/**
 * Reads `key=value,key=value` as the variables of OpenTelemetry have it: percent-encoded, spaces around names and values
 * left out. An entry that is none is left out and told; never what it holds, which may be a secret.
 */
export function parsePairs(
  text: string | undefined,
  variable: string,
  problems: string[],
): Record<string, string> {
  const pairs: [string, string][] = [];
  if (text !== undefined && text.length > MAX_LENGTH) {
    problems.push(`${variable} is longer than ${MAX_LENGTH} characters and is left out`);
    return {};
  }
  for (const entry of (text ?? "").split(",")) {
    if (entry.trim() === "") continue;
    const at = entry.indexOf("=");
    const key = decode(entry.slice(0, Math.max(0, at)).trim());
    const value = decode(entry.slice(at + 1).trim());
    if (key === null || key === "" || value === null)
      problems.push(`${variable} has an entry that is not key=value, which is left out`);
    else pairs.push([key, value]);
  }
  return Object.fromEntries(pairs);
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
