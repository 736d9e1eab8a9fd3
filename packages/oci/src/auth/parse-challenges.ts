/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case; of a repeated parameter the first. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 16 * 1024;
const MAX_CHALLENGES = 16;
const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * Parses `WWW-Authenticate`: several challenges in one value, quoted strings with escapes and commas, and token68
 * data, which is passed over. What cannot be read is passed over too; the parser never throws and never goes back.
 */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_LENGTH);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;

  const skip = (characters: string) => {
    while (at < text.length && characters.includes(text.charAt(at))) at += 1;
  };
  const readToken = (): string => {
    const start = at;
    while (at < text.length && TOKEN.test(text.charAt(at))) at += 1;
    return text.slice(start, at);
  };
  const readQuoted = (): string => {
    let value = "";
    at += 1;
    while (at < text.length && text.charAt(at) !== '"') {
      if (text.charAt(at) === "\\") at += 1;
      value += text.charAt(at);
      at += 1;
    }
    at += 1;
    return value;
  };

  while (at < text.length) {
    skip(" \t,");
    const name = readToken();
    if (name === "") {
      at += 1;
      continue;
    }
    skip(" \t");
    if (text.charAt(at) !== "=") {
      if (challenges.length === MAX_CHALLENGES) break;
      challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
      continue;
    }
    at += 1;
    skip(" \t");
    const value = text.charAt(at) === '"' ? readQuoted() : readToken();
    const parameters = challenges.at(-1)?.parameters;
    const key = name.toLowerCase();
    if (parameters !== undefined && !parameters.has(key)) parameters.set(key, value);
  }
  return challenges;
}
