import { fakeReport, fakeRun, fakeSubject } from "@floe/plugin-testkit";
import { expect, test } from "vitest";
import { CostConfig } from "../src/config.ts";
import { evaluateCost } from "../src/evaluate-cost.ts";

test.each(["auto", "infracost", "infracost-2", "generic"])(
  "a report of 200 MB is refused without being read: %s",
  async (format) => {
    // Zeros behind a beginning take no memory before they are read.
    const bytes = Buffer.alloc(200 * 1024 * 1024);
    bytes.write('{"version":"0.2","projects":[]}');
    const reports = [{ ...fakeReport("big", "", { format }), bytes }];
    const subject = fakeSubject({ run: fakeRun(), reports });
    const { signal } = new AbortController();
    await expect(
      evaluateCost(subject, CostConfig.parse({ currency: "USD" }), { signal }),
    ).rejects.toThrow(/^cannot read big: it has 209715200 bytes, the limit is 67108864: write /);
  },
);
