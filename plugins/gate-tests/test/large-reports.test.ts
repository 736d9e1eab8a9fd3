import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { judge, suite, testcase } from "./judge.ts";

// Zeros behind a beginning take no memory before they are read.
const large = Buffer.alloc(200 * 1024 * 1024);

describe("a report of 200 MB is refused without being read", () => {
  test.each<[string, string]>([
    ["junit", suite(testcase("a"))],
    ["tap", "1..1\nok 1\n"],
    ["ctrf", '{"results":{"tests":[{"name":"a","status":"passed"}]}}'],
    ["jest-json", '{"numTotalTests":1,"testResults":[]}'],
    ["vitest-json", '{"numTotalTests":1,"testResults":[]}'],
    ["mocha-json", '{"stats":{"passes":0},"passes":[],"failures":[],"pending":[]}'],
    ["go-json", '{"Action":"pass","Package":"p"}\n'],
  ])("%s, also where the format is not given", async (format, beginning) => {
    large.fill(" ", 0, 1024).write(beginning);
    for (const named of [format, "auto"]) {
      const report = { ...fakeReport("big", "", { format: named }), bytes: large };
      await expect(judge([report])).rejects.toThrow(
        /^cannot read big: it has 209715200 bytes, the limit (?:of TAP )?is \d+: write /,
      );
    }
  });
});

describe("a report that is large and hostile", () => {
  test("of TAP with a diagnostic that is long is read in time", async () => {
    const lines = Array.from({ length: 200_000 }, (_, index) => `  a${index}: b\n`);
    const tap = `TAP version 13\n1..2\nok 1 - a\n  ---\n${lines.join("")}  ...\nnot ok 2 - b\n  ---\n  message: short\n  ...\n`;
    expect(await judge([fakeReport("a.tap", tap)], { run: { exitCode: 1 } })).toMatchObject({
      status: "failed",
      metrics: { passed: 1, failed: 1 },
      reasons: [{ message: "b failed: short" }],
    });
  });

  test("of jest with very many tests in one file is read", async () => {
    const one = '{"title":"t","status":"passed"}';
    const text = `{"numTotalTests":1,"testResults":[{"name":"a","assertionResults":[${`${one},`.repeat(200_000)}${one}]}]}`;
    expect((await judge([fakeReport("jest.json", text)])).metrics).toMatchObject({
      passed: 200_001,
    });
  });

  test("of JUnit is refused when most of it would have to be repaired", async () => {
    const text = suite(testcase("&".repeat(1_100_000)));
    await expect(judge([text])).rejects.toThrow(/line \d+: more than 1000000 illegal characters/);
  });

  test("of go with a failed parent of very many tests is read in time", async () => {
    const event = (action: string, name: string): string =>
      `{"Action":"${action}","Package":"p","Test":"${name}"}\n`;
    const names = Array.from({ length: 50_000 }, (_, index) => `T/${index}`);
    const text = `${names.map((name) => event("pass", name)).join("")}${event("fail", "T")}{"Action":"fail","Package":"p"}\n`;
    expect(await judge([fakeReport("go.jsonl", text)], { run: { exitCode: 1 } })).toMatchObject({
      status: "failed",
      metrics: { passed: 50_000, failed: 1 },
    });
  });
});
