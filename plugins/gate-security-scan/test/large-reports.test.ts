import { fakeReport } from "@floe/plugin-testkit";
import { expect, test } from "vitest";
import { SCAN_FORMATS } from "../src/scan-report.ts";
import { judge } from "./judge.ts";

// Zeros behind a beginning take no memory before they are read.
const large = Buffer.alloc(200 * 1024 * 1024);

test.each(["auto", ...SCAN_FORMATS])(
  "a report of 200 MB is refused without being read: %s",
  async (format) => {
    large.write('{"matches":[]}');
    const report = { ...fakeReport("big", "", { format }), bytes: large };
    await expect(judge([report])).rejects.toThrow(
      /^cannot read big: it has 209715200 bytes, the limit is 67108864: write /,
    );
  },
);
