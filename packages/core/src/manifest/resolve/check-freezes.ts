import type { IssuePath } from "../issue-list.ts";
import { quote } from "../issue-list.ts";
import type { Freeze } from "../schema/environments.ts";
import type { ResolveContext } from "./resolve-context.ts";

/** Checks freeze windows: either a span of local time, or a rule with a duration; always with a known zone. */
export function checkFreezes(
  context: ResolveContext,
  freezes: readonly Freeze[],
  path: IssuePath,
): void {
  for (const [index, freeze] of freezes.entries()) {
    const at = [...path, index];
    const isSpan = context.has([...at, "start"]) || context.has([...at, "end"]);
    const isRule = context.has([...at, "rrule"]) || context.has([...at, "duration"]);
    if (isSpan === isRule) {
      context.report(at, "needs either start and end, or rrule and duration");
      continue;
    }
    for (const key of isSpan ? ["start", "end"] : ["rrule", "duration"])
      if (!context.has([...at, key])) context.report([...at, key], "is required");
    if (freeze.start !== undefined && freeze.end !== undefined && freeze.start >= freeze.end)
      context.report([...at, "end"], "must be after start");
    for (const key of ["start", "end"] as const) {
      const text = freeze[key];
      if (text !== undefined && !isCalendarTime(text))
        context.report([...at, key], `${quote(text)} is no date and time`);
    }
    // Local times mean nothing without one, and a server's own zone must not decide.
    if (freeze.timezone === undefined && !context.has([...at, "timezone"]))
      context.report([...at, "timezone"], "is required");
    else if (freeze.timezone !== undefined && !isTimeZone(freeze.timezone))
      context.report(
        [...at, "timezone"],
        `${quote(freeze.timezone)} is no time zone, such as Europe/Berlin`,
      );
  }
}

function isCalendarTime(text: string): boolean {
  const instant = new Date(`${text}Z`);
  return !Number.isNaN(instant.getTime()) && instant.toISOString().startsWith(text.slice(0, 16));
}

function isTimeZone(name: string): boolean {
  // Ten times cheaper than a formatter, which is for the other names (UTC, US/Eastern).
  if (Intl.supportedValuesOf("timeZone").includes(name)) return true;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
