import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { judge } from "./judge.ts";

const folder = join(import.meta.dirname, "../../../../shared/data/reports");
const present = existsSync(folder);

test("the shared collection is here where it is required", () => {
  expect(present || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

/** Monthly, previous, status, resources without a price. */
const readable: Readonly<
  Record<
    string,
    readonly [monthly: string, previous: string | null, status: string, unpriced: number]
  >
> = {
  "infracost-v0.2/diff-minus-742.json": ["1303.28", "2045.92", "passed", 0],
  "infracost-v0.2/doubled.json": ["81.122", "40.561", "passed", 0],
  "infracost-v0.2/example.json": ["1361.3075", null, "passed", 0],
  "infracost-v0.2/null-costs-no-currency.json": ["4018.65", null, "warning", 5],
  "infracost-v0.2/sum-of-projects-0.json": ["1272.9834", "1272.9834", "warning", 6],
  "infracost-v2/scan-two-projects.json": ["1310.94", null, "warning", 1],
};

const unreadable: Readonly<Record<string, RegExp>> = {
  "infracost-v0.2/errors-total-0.json": /could not be estimated \(102 No valid terraform files/,
  "infracost-v0.2/no-price.json": /it is not JSON there: cut off, or not written by the tool alone/,
  "infracost-v0.2/one-of-two-projects-failed.json": /could not be estimated \(102 .*not complete/,
  "infracost-v0.2/table-not-json.txt": /line 1: it is of no format that is read/,
  "infracost-v2/inspect-summary.json": /summary of infracost inspect/,
};

const read = (path: string): Buffer => readFileSync(join(folder, path));

async function outcome(report: string | Uint8Array): Promise<string> {
  try {
    return (await judge([report])).status;
  } catch (error) {
    expect(String(error)).not.toMatch(/\n\s+at /);
    return "thrown";
  }
}

describe.runIf(present)("a report of a real tool", () => {
  test("is known, every one in the folder", () => {
    const files = ["infracost-v0.2", "infracost-v2"].flatMap((name) =>
      readdirSync(join(folder, name)).map((file) => `${name}/${file}`),
    );

    expect(files.toSorted()).toEqual(
      [...Object.keys(readable), ...Object.keys(unreadable)].toSorted(),
    );
  });

  test.each(Object.entries(readable))("%s", async (path, [monthly, previous, status, unpriced]) => {
    const verdict = await judge([read(path)]);

    expect(verdict.details).toMatchObject({ monthly, previous });
    expect(verdict.status).toBe(status);
    expect(verdict.metrics).toMatchObject({ unpriced_resources: unpriced });
  });

  test.each(Object.entries(unreadable))("%s gives no verdict", async (path, message) => {
    await expect(judge([read(path)])).rejects.toThrow(message);
  });

  test.each(Object.keys(readable))("%s, damaged, never passes", async (path) => {
    const bytes = read(path);
    const text = bytes.toString("utf8");
    for (let part = 0; part < 20; part++) {
      expect(await outcome(bytes.subarray(0, Math.floor((bytes.length * part) / 20)))).toBe(
        "thrown",
      );
    }
    for (const damaged of [
      text + text,
      text.replace(/("[A-Za-z_]+": ?)(?=["\d[{])/, "$1null, $1"),
      "null",
      text.replace(/("total_?monthly_?cost": ?)"[^"]*"/i, "$1NaN"),
      text.replaceAll(/("(?:total_?)?monthly_?cost": ?)"[^"]*"/gi, '$1"x"'),
      text.replaceAll(/("(?:total_?)?monthly_?cost": ?)"[^"]*"/gi, "$1null"),
      "\0".repeat(text.length),
    ]) {
      expect(await outcome(damaged)).not.toBe("passed");
    }
  });

  test.each(Object.entries(readable))(
    "%s reads the same in UTF-16, and behind a byte order mark",
    async (path, [monthly]) => {
      const text = `\ufeff${read(path).toString("utf8")}`;

      for (const encoded of [Buffer.from(text), Buffer.from(text, "utf16le")])
        expect((await judge([encoded])).details).toMatchObject({ monthly });
    },
  );

  test("with a total that is lower than its parts counts as its parts", async () => {
    const report = read("infracost-v0.2/example.json").toString("utf8");
    const lower = report.replaceAll(/("totalMonthlyCost": ?)"[^"]*"/g, '$1"1"');

    expect(lower).not.toBe(report);
    expect(await judge([lower])).toMatchObject({
      status: "warning",
      details: { monthly: "1361.3075" },
      reasons: [
        { code: "COST_REPORT_ODD", message: /its total is 1.00 and what it lists adds up/ },
      ],
    });
  });
});
