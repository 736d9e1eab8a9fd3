import type { RecurringFreeze } from "../manifest/manifest.ts";
import { parseWallTime, type WallTime, wallTimeAt } from "../model/wall-time.ts";
import { parseRecurrence } from "./parse-recurrence.ts";

/**
 * From when on a rule is applied that does not say so. A first of January and a Monday: whatever a rule leaves out (hour,
 * day of the month, day of the week) is the beginning of its period.
 */
const ANCHOR = "2001-01-01T00:00:00";

/** Periods that are looked at for the next beginning: decades of days. More of them are a rule that never occurs. */
const MAX_PERIODS = 20_000;

/** The beginnings that a recurrence rule gives, as readings of the clock in the window's zone. */
export interface Recurrence {
  /** Those from one reading to another, both included, in order. */
  between(from: WallTime, to: WallTime): readonly WallTime[];
  /** The first after a reading; `null`: there is none. */
  after(wall: WallTime): WallTime | null;
  /** The first of all, at most so many. */
  first(count: number): readonly WallTime[];
}

/** The rule of a window as it is in the manifest. */
export type RecurringRule = Pick<RecurringFreeze, "rrule" | "start" | "timezone">;

const known = new WeakMap<RecurringRule, Recurrence>();

/**
 * Prepares a rule. The library is loaded here, so that only manifests with such windows pay for it. It works in UTC on
 * readings of the clock: what becomes of them where clocks are set is the window's to decide, and for a freeze it must
 * not be that it is left out, as RFC 5545 has it for appointments.
 * @throws {Error} the rule is not one; the manifest has checked it before
 */
export async function createRecurrence(rule: RecurringRule): Promise<Recurrence> {
  const before = known.get(rule);
  if (before) return before;
  const { RRuleTemporal } = await import("rrule-temporal");
  const parts = parseRecurrence(rule.rrule);
  if ("problem" in parts) throw new Error(`the rule ${parts.problem}`);
  const until = parts.get("UNTIL");
  const text = [...parts]
    .map(
      ([name, value]) => `${name}=${name === "UNTIL" ? untilReading(value, rule.timezone) : value}`,
    )
    .join(";");
  const start = basic(parseWallTime(rule.start ?? ANCHOR));
  const library = new RRuleTemporal({
    rruleString: `DTSTART;TZID=UTC:${start}\nRRULE:${text}`,
    strict: true,
    cache: false,
    maxIterations: MAX_PERIODS,
  });
  // What cannot occur before it ends has no next; asking would go through all periods.
  const end = until === undefined ? Number.POSITIVE_INFINITY : endOf(until, rule.timezone);
  const recurrence: Recurrence = {
    between: (from, to) =>
      library
        .between(new Date(from), new Date(Math.min(to, end)), true)
        .map(({ epochMilliseconds }) => epochMilliseconds),
    after: (wall) =>
      wall >= end ? null : (library.next(new Date(wall), false)?.epochMilliseconds ?? null),
    first: (count) =>
      library.all((_, index) => index < count).map(({ epochMilliseconds }) => epochMilliseconds),
  };
  known.set(rule, recurrence);
  return recurrence;
}

// UNTIL may be written as a reading, as a day (the whole of it counts) or in UTC.
function endOf(until: string, zone: string): WallTime {
  const [, day = "", time = "", utc] = /^(\d{8})(?:T(\d{6})(Z)?)?$/.exec(until) ?? [];
  const date = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}`;
  const clock = time === "" ? "23:59:59" : time.replace(/(..)(..)(..)/, "$1:$2:$3");
  const wall = parseWallTime(`${date}T${clock}`);
  return utc === undefined ? wall : wallTimeAt(wall, zone);
}

function untilReading(until: string, zone: string): string {
  return `${basic(endOf(until, zone))}Z`;
}

function basic(wall: WallTime): string {
  return new Date(wall).toISOString().slice(0, 19).replace(/[-:]/g, "");
}
