import type { FreezeWindow, RecurringFreeze } from "../manifest/manifest.ts";
import { instantOf, parseWallTime, type WallTime, wallTimeAt } from "../model/wall-time.ts";
import { createRecurrence, type Recurrence } from "./recurrence.ts";

/** One time that a window is closed, from its beginning to just before its end. */
export interface FreezeTime {
  readonly start: Date;
  readonly end: Date;
}

/** Where a window is at some moment. */
export interface FreezeTimes {
  /** The time that it is in; `null`: the window is open. */
  readonly now: FreezeTime | null;
  /** The one after that; `null`: it does not close again. */
  readonly next: FreezeTime | null;
}

/** Zones are never more than a day and a few hours off what they were. */
const MARGIN_MS = 2 * 86_400_000;

/** Of a rule whose windows touch, so many are taken as one. */
const MAX_JOINED = 400;

/**
 * Computes where a window is. A window is a span of its zone's local time, whether it is written as one or recurs: it
 * begins when the clocks there first read its start, and ends when they read its end for the last time. A start or end
 * that is skipped when clocks are set forward is the moment at which they are set.
 */
export async function freezeTimes(window: FreezeWindow, at: Date): Promise<FreezeTimes> {
  if (window.kind === "recurring") return await recurringTimes(window, at);
  const time = timeOf(parseWallTime(window.start), parseWallTime(window.end), window.timezone);
  if (at >= time.end) return { now: null, next: null };
  return at < time.start ? { now: null, next: time } : { now: time, next: null };
}

async function recurringTimes(window: RecurringFreeze, at: Date): Promise<FreezeTimes> {
  const recurrence = await createRecurrence(window);
  const first = joinedTime(window, recurrence, at);
  if (!first) return { now: null, next: null };
  if (at < first.start) return { now: null, next: first };
  return { now: first, next: joinedTime(window, recurrence, first.end) };
}

// The first time that ends after a moment. Where one begins before the other has ended, they are one.
function joinedTime(
  { durationMs, timezone }: RecurringFreeze,
  recurrence: Recurrence,
  at: Date,
): FreezeTime | null {
  const reading = wallTimeAt(at.getTime(), timezone);
  const near = recurrence.between(reading - durationMs - MARGIN_MS, reading + MARGIN_MS);
  const queue = [...near];
  let last = near.at(-1) ?? reading + MARGIN_MS;
  let time = null as FreezeTime | null;
  for (let joined = 0; joined < MAX_JOINED; ) {
    const begin = queue.shift() ?? recurrence.after(last);
    if (begin === null) break;
    last = Math.max(last, begin);
    const { start, end } = timeOf(begin, begin + durationMs, timezone);
    const touches = time !== null && start <= time.end;
    if (time && !touches && time.end > at) break;
    if (time && touches) joined += 1;
    time =
      time && touches
        ? { start: time.start, end: new Date(Math.max(Number(end), Number(time.end))) }
        : { start, end };
  }
  return time && time.end > at ? time : null;
}

function timeOf(start: WallTime, end: WallTime, zone: string): FreezeTime {
  return {
    start: new Date(instantOf(start, zone, "first")),
    end: new Date(instantOf(end, zone, "second")),
  };
}
