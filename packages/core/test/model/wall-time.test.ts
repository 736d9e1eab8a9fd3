import fc from "fast-check";
import { Temporal } from "temporal-polyfill";
import { describe, expect, test } from "vitest";
import { instantOf, parseWallTime, wallTimeAt, wallTimeText } from "../../src/model/wall-time.ts";

const ZONES = [
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  // Half an hour, quarters of an hour, and no change at all.
  "Australia/Lord_Howe",
  "Asia/Kathmandu",
  "UTC",
  // Skipped a whole day at the end of 2011.
  "Pacific/Apia",
  // Changes twice around Ramadan.
  "Africa/Casablanca",
];

function at(text: string, zone: string, which: "first" | "second"): string {
  return new Date(instantOf(parseWallTime(text), zone, which)).toISOString();
}

describe("a reading of the clock", () => {
  test("that never comes is the moment at which the clocks are set forward", () => {
    for (const which of ["first", "second"] as const)
      expect(at("2027-03-28T02:30", "Europe/Berlin", which)).toBe("2027-03-28T01:00:00.000Z");
    expect(at("2027-03-14T02:59:59", "America/New_York", "first")).toBe("2027-03-14T07:00:00.000Z");
    expect(at("2011-12-30T12:00", "Pacific/Apia", "first")).toBe("2011-12-30T10:00:00.000Z");
  });

  test("that comes twice is the first or the second moment", () => {
    expect(at("2026-10-25T02:30", "Europe/Berlin", "first")).toBe("2026-10-25T00:30:00.000Z");
    expect(at("2026-10-25T02:30", "Europe/Berlin", "second")).toBe("2026-10-25T01:30:00.000Z");
  });

  test("is what the standard library of the language makes of it, at any time in any zone", () => {
    const minute = fc.integer({ min: Date.UTC(2005, 0) / 60_000, max: Date.UTC(2035, 0) / 60_000 });
    fc.assert(
      fc.property(minute, fc.constantFrom(...ZONES), (minutes, zone) => {
        const wall = minutes * 60_000;
        const plain = Temporal.PlainDateTime.from(new Date(wall).toISOString().slice(0, 19));
        const [earlier, later] = (["earlier", "later"] as const).map((disambiguation) =>
          plain.toZonedDateTime(zone, { disambiguation }),
        );
        if (!earlier || !later) throw new Error("no reading");
        const skipped = earlier.toPlainDateTime().toString() !== plain.toString();
        const set = skipped ? earlier.getTimeZoneTransition("next") : null;
        expect(instantOf(wall, zone, "first")).toBe((set ?? earlier).epochMilliseconds);
        expect(instantOf(wall, zone, "second")).toBe((set ?? later).epochMilliseconds);
      }),
      { numRuns: 2000 },
    );
  });

  test("is what clocks show", () => {
    const reading = wallTimeAt(Date.parse("2026-12-19T23:00:00Z"), "Europe/Berlin");
    expect(wallTimeText(reading)).toBe("2026-12-20 00:00");
    expect(wallTimeText(parseWallTime("2026-12-20T00:00:07"))).toBe("2026-12-20 00:00:07");
  });
});
