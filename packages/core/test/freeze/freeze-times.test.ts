import { describe, expect, test } from "vitest";
import { freezeTimes } from "../../src/freeze/freeze-times.ts";
import type { FreezeWindow } from "../../src/manifest/manifest.ts";

const HOUR = 3_600_000;
const common = { timezone: "Europe/Berlin", reason: null, allow: [] } as const;

function rule(rrule: string, hours: number, start: string | null = null): FreezeWindow {
  return { ...common, kind: "recurring", rrule, durationMs: hours * HOUR, start };
}

async function times(window: FreezeWindow, at: string): Promise<unknown> {
  const { now, next } = await freezeTimes(window, new Date(at));
  const text = (time: typeof now): string | null =>
    time && `${time.start.toISOString()} ${time.end.toISOString()}`.replaceAll(":00.000Z", "Z");
  return { now: text(now), next: text(next) };
}

describe("a window that comes once", () => {
  const holidays: FreezeWindow = {
    ...common,
    kind: "span",
    start: "2026-12-20T00:00",
    end: "2027-01-04T00:00",
  };
  const span = "2026-12-19T23:00Z 2027-01-03T23:00Z";

  test.each([
    ["2026-12-19T22:59:59Z", { now: null, next: span }],
    ["2026-12-19T23:00:00Z", { now: span, next: null }],
    ["2027-01-03T22:59:59Z", { now: span, next: null }],
    ["2027-01-03T23:00:00Z", { now: null, next: null }],
  ])("is by its zone's clock where it is at %s", async (at, expected) => {
    expect(await times(holidays, at)).toEqual(expected);
  });

  test("takes in both hours that the clock reads twice", async () => {
    const night = { ...holidays, start: "2026-10-25T02:00", end: "2026-10-25T02:30" };
    expect(await times(night, "2026-10-25T00:10:00Z")).toEqual({
      now: "2026-10-25T00:00Z 2026-10-25T01:30Z",
      next: null,
    });
  });
});

describe("a window that recurs", () => {
  const weekend = rule("FREQ=WEEKLY;BYDAY=FR;BYHOUR=16", 62);

  test("is closed from Friday afternoon to Monday morning", async () => {
    const closed = "2026-11-27T15:00Z 2026-11-30T05:00Z";
    const after = "2026-12-04T15:00Z 2026-12-07T05:00Z";
    expect(await times(weekend, "2026-11-27T14:59:00Z")).toEqual({ now: null, next: closed });
    expect(await times(weekend, "2026-11-28T03:00:00Z")).toEqual({ now: closed, next: after });
    expect(await times(weekend, "2026-11-30T05:00:00Z")).toEqual({ now: null, next: after });
  });

  test("ends on Monday at six by the clock also when the clocks were set on Sunday", async () => {
    expect(await times(weekend, "2027-03-28T12:00:00Z")).toMatchObject({
      now: "2027-03-26T15:00Z 2027-03-29T04:00Z",
    });
    expect(await times(weekend, "2026-10-25T12:00:00Z")).toMatchObject({
      now: "2026-10-23T14:00Z 2026-10-26T05:00Z",
    });
  });

  test("begins when the clocks are set forward over its beginning, and is not left out", async () => {
    const nightly = rule("FREQ=DAILY;BYHOUR=2;BYMINUTE=30", 1);
    expect(await times(nightly, "2027-03-28T01:10:00Z")).toMatchObject({
      now: "2027-03-28T01:00Z 2027-03-28T01:30Z",
    });
  });

  test("begins at its period's beginning where the rule says nothing else", async () => {
    const next = async (rrule: string): Promise<unknown> =>
      (await freezeTimes({ ...rule(rrule, 1), timezone: "UTC" }, new Date("2026-11-25T12:00Z")))
        .next?.start;
    expect(await next("FREQ=DAILY")).toEqual(new Date("2026-11-26"));
    expect(await next("FREQ=WEEKLY")).toEqual(new Date("2026-11-30"));
    expect(await next("FREQ=MONTHLY")).toEqual(new Date("2026-12-01"));
    expect(await next("FREQ=YEARLY")).toEqual(new Date("2027-01-01"));
    expect(await next("FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=12")).toEqual(new Date("2026-11-27T12:00Z"));
  });

  test("counts from its start", async () => {
    const second = rule("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;BYHOUR=16", 62, "2026-11-20T00:00");
    expect(await times(second, "2026-11-28T00:00:00Z")).toEqual({
      now: null,
      next: "2026-12-04T15:00Z 2026-12-07T05:00Z",
    });
    const thrice = rule("FREQ=DAILY;COUNT=3", 2, "2026-11-20T08:00");
    expect(await times(thrice, "2026-11-19T00:00:00Z")).toMatchObject({
      next: "2026-11-20T07:00Z 2026-11-20T09:00Z",
    });
    expect(await times(thrice, "2026-11-22T08:00:00Z")).toEqual({
      now: "2026-11-22T07:00Z 2026-11-22T09:00Z",
      next: null,
    });
  });

  test.each([
    "FREQ=DAILY;BYHOUR=8;UNTIL=20261122",
    "FREQ=DAILY;BYHOUR=8;UNTIL=20261122T080000",
    "FREQ=DAILY;BYHOUR=8;UNTIL=20261122T070000Z",
  ])("ends with its last day: %s", async (rrule) => {
    expect(await times(rule(rrule, 2), "2026-11-22T08:00:00Z")).toEqual({
      now: "2026-11-22T07:00Z 2026-11-22T09:00Z",
      next: null,
    });
    expect(await times(rule(rrule, 2), "2026-11-23T08:00:00Z")).toEqual({ now: null, next: null });
    expect(await times(rule(rrule, 2), "2026-11-21T12:00:00Z")).toMatchObject({
      next: "2026-11-22T07:00Z 2026-11-22T09:00Z",
    });
  });

  test("is one time where one begins before the other has ended", async () => {
    const days = rule("FREQ=DAILY;BYMONTH=12;BYMONTHDAY=24,25,26", 30);
    expect(await times(days, "2026-12-25T00:00:00Z")).toEqual({
      now: "2026-12-23T23:00Z 2026-12-27T05:00Z",
      next: "2027-12-23T23:00Z 2027-12-27T05:00Z",
    });
  });
});
