import { expect, test } from "vitest";
import { parseDuration } from "../../src/manifest/index.ts";

test.each([
  ["90s", 90],
  ["15m", 900],
  ["24h", 86_400],
  ["7d", 604_800],
  ["1s", 1],
  ["3650d", 315_360_000],
])("%s is %i seconds", (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each([
  "",
  "0s",
  "0d",
  "5",
  "5w",
  "1.5h",
  "-1h",
  " 1h",
  "1h ",
  "1H",
  "3651d",
  "99999999999s",
  "1h30m",
  "٣h",
])("%j is no duration", (text) => {
  expect(parseDuration(text)).toBeNull();
});
