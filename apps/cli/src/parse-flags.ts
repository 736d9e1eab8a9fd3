import { FloeError } from "@floe/core/errors";
import { parseTimestamp } from "@floe/core/model";

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Parses a duration of the command line: `90s`, `2m`, `1h`. Milliseconds; 0 when absent.
 * @throws {FloeError} FLOE_USAGE_INVALID - another form
 */
export function parseWait(text: string | undefined): number {
  if (text === undefined) return 0;
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  if (match?.[1] && match[2]) return Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(text)} is not a duration`,
    hint: "Write it as 90s, 2m or 1h.",
  });
}

/**
 * Parses `KEY=VALUE` words.
 * @throws {FloeError} FLOE_USAGE_INVALID - without a key or an equals sign
 */
export function parseAnnotations(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word): [string, string] => {
      const at = word.indexOf("=");
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      throw new FloeError({
        code: "FLOE_USAGE_INVALID",
        message: `${JSON.stringify(word)} is not KEY=VALUE`,
        hint: "For example: --annotation ticket=OPS-12",
      });
    }),
  );
}

/**
 * Parses a time: RFC 3339, a date (its first second in UTC), or a duration back from now.
 * @throws {FloeError} FLOE_USAGE_INVALID - another form, or a day that no month has
 */
export function parseTime(text: string | undefined, now: Date): Date | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}[smhd]$/.test(text)) return new Date(now.getTime() - parseWait(text));
  const time = parseTimestamp(text);
  if (time) return time;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(text)} is not a time`,
    hint: "Write 2026-11-22, 2026-11-22T10:00:00Z, or 24h for the last day.",
  });
}

/**
 * Takes the kinds of `--override` apart.
 * @throws {FloeError} FLOE_USAGE_INVALID - there are none
 */
export function parseKinds(list: string): string[] {
  const kinds = list
    .split(",")
    .map((kind) => kind.trim())
    .filter((kind) => kind !== "");
  if (kinds.length > 0) return kinds;
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: "--override names nothing",
    hint: "For example: --override freeze,gate:tests",
  });
}

/** Stands for a flag that was given without a value. */
const WHOLE = "*";

/** Gives a flag that may stand alone, and otherwise has its value after `=`, a value that says so. */
export function wholeFlag(argv: readonly string[], name: string): string[] {
  const end = argv.indexOf("--");
  return argv.map((word, index) =>
    word === `--${name}` && (end === -1 || index < end) ? `--${name}=${WHOLE}` : word,
  );
}

/** Which gates run in any case: `--rerun` for all, `--rerun=GATE` for one. */
export function parseRerun(values: readonly string[]): "all" | readonly string[] {
  return values.includes(WHOLE) ? "all" : values;
}
