/** The parts of a recurrence rule (RFC 5545 section 3.3.10) that windows may have, and what their values look like. */
const PARTS: Readonly<Record<string, RegExp>> = {
  FREQ: /^(?:YEARLY|MONTHLY|WEEKLY|DAILY)$/,
  INTERVAL: /^[1-9]\d{0,2}$/,
  COUNT: /^[1-9]\d{0,3}$/,
  UNTIL: /^\d{8}(?:T\d{6}Z?)?$/,
  BYMONTH: listOf("(?:[1-9]|1[0-2])"),
  BYMONTHDAY: listOf("-?(?:[1-9]|[12]\\d|3[01])"),
  BYYEARDAY: listOf("-?(?:[1-9]|[1-9]\\d|[12]\\d\\d|3[0-5]\\d|36[0-6])"),
  BYWEEKNO: listOf("-?(?:[1-9]|[1-4]\\d|5[0-3])"),
  BYDAY: listOf("(?:[+-]?(?:[1-9]|[1-4]\\d|5[0-3]))?(?:MO|TU|WE|TH|FR|SA|SU)"),
  BYHOUR: listOf("(?:1?\\d|2[0-3])"),
  BYMINUTE: listOf("[1-5]?\\d"),
  BYSETPOS: listOf("-?(?:[1-9]|[1-9]\\d|[12]\\d\\d|3[0-5]\\d|36[0-6])"),
  WKST: /^(?:MO|TU|WE|TH|FR|SA|SU)$/,
};

/** Whoever means every minute means something else. */
const MAX_PER_DAY = 24;

/** Names of the parts that a rule may have. */
export const RECURRENCE_PARTS: readonly string[] = Object.keys(PARTS);

/** Why a rule is none, with the word that is wrong where a similar one is known. */
export interface RecurrenceProblem {
  readonly problem: string;
  readonly unknownPart?: string;
}

/** The parts of a rule by name, each with a value that such a part can have. */
export type RecurrenceParts = ReadonlyMap<string, string>;

/** Takes a recurrence rule apart, and says what is wrong with it. */
export function parseRecurrence(rule: string): RecurrenceParts | RecurrenceProblem {
  const parts = new Map<string, string>();
  for (const part of rule.split(";")) {
    const at = part.indexOf("=");
    const name = part.slice(0, Math.max(at, 0));
    const value = part.slice(at + 1);
    const form = Object.hasOwn(PARTS, name) ? PARTS[name] : undefined;
    if (!form)
      return { problem: `has a part ${JSON.stringify(name || part)}`, unknownPart: name || part };
    if (parts.has(name)) return { problem: `has ${name} twice` };
    if (name === "FREQ" && /^(?:HOUR|MINUTE|SECOND)LY$/.test(value))
      return { problem: `recurs ${value.toLowerCase()}; windows recur daily at most` };
    if (!form.test(value)) return { problem: `has ${name}=${value}, which ${name} cannot be` };
    parts.set(name, value);
  }
  if (!parts.has("FREQ")) return { problem: "has no FREQ" };
  const perDay = lengthOf(parts.get("BYHOUR")) * lengthOf(parts.get("BYMINUTE"));
  if (perDay > MAX_PER_DAY)
    return { problem: `begins ${perDay} times a day; at most ${MAX_PER_DAY} are a window` };
  if (parts.has("COUNT") && parts.has("UNTIL"))
    return { problem: "has both COUNT and UNTIL; one of them says when it ends" };
  return parts;
}

/** Says whether a rule counts from a beginning, which then has to be given. */
export function countsFromStart(parts: RecurrenceParts): string | null {
  if (parts.has("COUNT")) return `COUNT=${parts.get("COUNT")}`;
  const interval = parts.get("INTERVAL") ?? "1";
  return interval === "1" ? null : `INTERVAL=${interval}`;
}

function lengthOf(list: string | undefined): number {
  return list === undefined ? 1 : list.split(",").length;
}

function listOf(item: string): RegExp {
  return new RegExp(`^${item}(?:,${item}){0,59}$`);
}
