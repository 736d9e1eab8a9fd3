import {
  countsFromStart,
  parseRecurrence,
  RECURRENCE_PARTS,
} from "../../freeze/parse-recurrence.ts";
import { createRecurrence, type Recurrence } from "../../freeze/recurrence.ts";
import { parseWallTime } from "../../model/wall-time.ts";
import { didYouMean } from "../did-you-mean.ts";
import { parseDuration } from "../duration.ts";
import type { IssuePath } from "../issue-list.ts";
import { quote } from "../issue-list.ts";
import type { Freeze } from "../schema/environments.ts";
import type { ResolveContext } from "./resolve-context.ts";

/** A longer span is a slip of the keyboard, as a longer duration is. */
const LONGEST_SPAN_MS = 3650 * 86_400_000;

/** So many beginnings are compared to find out that windows leave nothing open: more than a year of days. */
const MANY = 750;
const FEW = 3;

/** Checks freeze windows: either a span of local time, or a rule with a duration; always with a known zone. */
export async function checkFreezes(
  context: ResolveContext,
  freezes: readonly Freeze[],
  path: IssuePath,
): Promise<void> {
  for (const [index, freeze] of freezes.entries()) {
    const at = [...path, index];
    const has = (key: string): boolean => context.has([...at, key]);
    const isRule = has("rrule") || has("duration");
    // `start` beside a rule is from when on it counts.
    const isSpan = has("end") || (has("start") && !has("rrule"));
    if (isSpan === isRule) {
      context.report(at, "needs either start and end, or rrule and duration");
      continue;
    }
    for (const key of isSpan ? ["start", "end"] : ["rrule", "duration"])
      if (!has(key)) context.report([...at, key], "is required");
    for (const key of ["start", "end"] as const) {
      const text = freeze[key];
      if (text !== undefined && !isCalendarTime(text))
        context.report([...at, key], `${quote(text)} is no date and time`);
    }
    if (freeze.start !== undefined && freeze.end !== undefined)
      checkSpan(context, freeze.start, freeze.end, at);
    // Local times mean nothing without one, and a server's own zone must not decide.
    if (freeze.timezone === undefined && !has("timezone"))
      context.report([...at, "timezone"], "is required");
    else if (freeze.timezone !== undefined && !isTimeZone(freeze.timezone))
      context.report(
        [...at, "timezone"],
        `${quote(freeze.timezone)} is no time zone, such as Europe/Berlin`,
      );
    else if (isRule) await checkRule(context, freeze, at);
  }
}

function checkSpan(context: ResolveContext, start: string, end: string, at: IssuePath): void {
  if (start >= end) context.report([...at, "end"], "must be after start");
  else if (parseWallTime(end) - parseWallTime(start) > LONGEST_SPAN_MS)
    context.report([...at, "end"], "is more than ten years after start");
}

async function checkRule(context: ResolveContext, freeze: Freeze, at: IssuePath): Promise<void> {
  const { rrule, duration, start, timezone } = freeze;
  if (rrule === undefined || timezone === undefined) return;
  if (start !== undefined && !isCalendarTime(start)) return;
  const path = [...at, "rrule"];
  const parts = parseRecurrence(rrule);
  if ("problem" in parts) {
    const { problem, unknownPart } = parts;
    const suggestion = unknownPart === undefined ? null : didYouMean(unknownPart, RECURRENCE_PARTS);
    context.report(path, `${quote(rrule)} ${problem}`, { suggestion });
    return;
  }
  const counts = countsFromStart(parts);
  if (counts !== null && start === undefined) {
    context.report(path, `${counts} needs start: the local time from which it counts`);
    return;
  }
  const seconds = duration === undefined ? null : parseDuration(duration);
  let first: readonly number[];
  let recurrence: Recurrence;
  try {
    recurrence = await createRecurrence({ rrule, timezone, start: start ?? null });
    first = recurrence.first(FEW);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    // The library gives up on rules without an occurrence when it has looked at so many periods.
    const never = why.startsWith("Maximum");
    context.report(path, `${quote(rrule)} ${never ? "never occurs" : `is no rule: ${why}`}`);
    return;
  }
  if (first.length === 0) context.report(path, `${quote(rrule)} never occurs`);
  else if (seconds !== null && isNeverOpen(recurrence, first, seconds * 1000))
    context.report(
      [...at, "duration"],
      `${duration} is as long as it takes until the next one begins: it would never be open again`,
    );
}

function isNeverOpen(
  recurrence: Recurrence,
  first: readonly number[],
  durationMs: number,
): boolean {
  const closes = (starts: readonly number[], atLeast: number): boolean =>
    starts.length >= atLeast &&
    starts.every((start, index) => start - (starts[index - 1] ?? start) <= durationMs);
  return closes(first, FEW) && closes(recurrence.first(MANY), MANY);
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
