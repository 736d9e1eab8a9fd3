import { fakeReport } from "@floe/plugin-testkit";
import { expect, test } from "vitest";
import { formatNames } from "../src/formats.ts";
import { judge } from "./judge.ts";

// Zeros behind a beginning take no memory before they are read.
const large = Buffer.alloc(200 * 1024 * 1024);

test.each(["auto", ...formatNames])(
  "a report of 200 MB is refused without being read: %s",
  (format) => {
    large.write('{"floe_performance":1}');
    const report = { ...fakeReport("big", "", { format }), bytes: large };
    expect(() => judge([report])).toThrow(
      /^cannot read big: it has 209715200 bytes, the limit is 67108864: write /,
    );
  },
);

test("a list of very many runs of Lighthouse is read in time", () => {
  const run = '{"isRepresentativeRun":true,"url":"u","summary":{"performance":0.9}}';
  const runs = `[${`${run},`.repeat(100_000)}${run}]`;
  expect(judge([runs]).status).toBe("warning");
});
