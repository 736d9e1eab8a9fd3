import type { GateReport, GateRun } from "@floe/core/plugin";
import { describe, expect, test } from "vitest";
import {
  decodeParts,
  decodeText,
  jsonLines,
  parseJson,
  parseNumber,
  parsePercent,
  ReportProblem,
  type ReportReader,
  readReports,
  readShape,
  requireAgreement,
  requireEnded,
  requireFresh,
} from "../src/index.ts";

const { signal } = new AbortController();
const START = new Date("2026-03-01T12:00:00.400Z");

const run = (changes: Partial<GateRun> = {}): GateRun => ({
  argv: ["tool"],
  exitCode: 0,
  signal: null,
  timedOut: false,
  startedAt: START,
  durationMs: 10,
  stdout: "",
  stderr: "",
  truncated: false,
  leftoverProcesses: 0,
  ...changes,
});

const report = (content: string | Uint8Array, changes: Partial<GateReport> = {}): GateReport => ({
  path: "out/report.json",
  format: "auto",
  bytes: typeof content === "string" ? Buffer.from(content) : content,
  modifiedAt: new Date(START.getTime() + 5),
  ...changes,
});

const readers: readonly ReportReader<string>[] = [
  {
    format: "list",
    matches: (content) => content.text().startsWith("["),
    read: (content) => `list ${JSON.stringify(content.json())}`,
  },
  { format: "words", matches: () => false, read: (content) => `words ${content.text()}` },
];

describe("a report is decoded", () => {
  const text = '{"a": "ü"}';

  test.each<[string, Uint8Array]>([
    ["as UTF-8", Buffer.from(text)],
    ["with a byte order mark", Buffer.from(`\ufeff${text}`)],
    ["as UTF-16", Buffer.from(`\ufeff${text}`, "utf16le")],
    ["as UTF-16 of the other order", Buffer.from(`\ufeff${text}`, "utf16le").swap16()],
    ["as UTF-16 without a mark", Buffer.from(text, "utf16le")],
    ["as UTF-16 of the other order without a mark", Buffer.from(text, "utf16le").swap16()],
  ])("%s", (_how, bytes) => {
    expect(decodeText("r", bytes)).toBe(text);
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["it is empty", Buffer.alloc(0), /^cannot read r: the report is empty$/],
    ["it is blank", Buffer.from("\ufeff \n"), /the report is empty$/],
    ["it has a hole", Buffer.from(`a\nb${"\0".repeat(9)}`), /r line 2: a run of NUL/],
  ])("and refused when %s", (_why, bytes, message) => {
    expect(() => decodeText("r", bytes)).toThrow(message);
  });

  test.each<[string, string, BufferEncoding, string?]>([
    ["in UTF-8, of characters of every length", "aü€𝄞", "utf8"],
    ["in UTF-16", "aü€𝄞", "utf16le"],
    ["in an encoding that is named", "aü", "latin1", "iso-8859-1"],
  ])("in parts as it is as a whole, %s", (_how, characters, encoding, name) => {
    // An odd number of bytes before them, so that parts end in every place of a character.
    for (const shift of ["", "x", "xx", "xxx"]) {
      const text = `${encoding === "utf16le" ? "\ufeff" : ""}${shift}${characters.repeat(150_000)}`;
      const options = name === undefined ? {} : { encoding: name };
      const bytes = Buffer.from(text, encoding);
      const parts = [...decodeParts("r", bytes, options)];
      expect(parts.length).toBeGreaterThan(1);
      expect(parts.join("") === decodeText("r", bytes, options)).toBe(true);
      expect(parts.join("") === text.replace("\ufeff", "")).toBe(true);
    }
  });

  test.each<[string, Uint8Array, RegExp]>([
    ["it is blank", Buffer.from(" ".repeat(600_000)), /the report is empty$/],
    ["it is empty", Buffer.alloc(0), /the report is empty$/],
    [
      "it has a hole on the border of two parts",
      Buffer.from(`\n${"a".repeat(256 * 1024 - 4)}${"\0".repeat(8)}${"a".repeat(1000)}`),
      /r line 2: a run of NUL/,
    ],
    ["it is large", Buffer.alloc(65 * 1024 * 1024), /has 68157440 bytes, the limit is 67108864/],
  ])("in parts, and refused when %s", (_why, bytes, message) => {
    expect(() => [...decodeParts("r", bytes)]).toThrow(message);
  });

  test("and refused before it is decoded when it is large", () => {
    const bytes = Buffer.alloc(200 * 1024 * 1024);

    expect(() => decodeText("r", bytes)).toThrow(/it has 209715200 bytes, the limit is 67108864/);
  });
});

describe("JSON is read strictly", () => {
  test.each<[string, string, RegExp]>([
    ["NaN", '{"a": NaN}', /r line 1: it is not JSON/],
    ["a key twice", '{"a": 1,\n "a": 2}', /r line 2: the key "a" stands twice/],
    ["a key twice, spelled differently", '{"a": 1, "\\u0061": 2}', /the key "a" stands twice/],
    ["a prototype", '{"a": {"__proto__": {}}}', /a key is named __proto__/],
    ["a spelled out prototype", '{"\\u005f_proto__": {}}', /a key is named __proto__/],
    ["text that was cut off", '{"a": [1,\n2', /r line 2: it is not JSON/],
    ["a string that was cut off", '{"a": "secret', /it is not JSON/],
    ["text behind it", '{"a": 1}\nErr: secret', /r line 2: it is not JSON/],
    ["two reports", '{"a": 1}\n{"a": 1}', /it is not JSON/],
    ["a great depth", "[".repeat(100_000), /nested more than 200 levels deep/],
  ])("%s is refused, and not shown", (_what, text, message) => {
    expect(() => parseJson("r", text)).toThrow(message);
    expect(() => parseJson("r", text)).not.toThrow(/secret/);
  });

  test("keys of different objects, and values that look like keys, are no doubles", () => {
    const text = '[{"a": "a", "b": ["a", "a\\"", "\\\\"]}, {"a": {"a": "b:"}}]';

    expect(parseJson("r", text)).toEqual(JSON.parse(text));
  });

  test("on lines: others are passed over, and one that was cut off is refused", () => {
    expect([...jsonLines("r", '{"a":1}\r\nhello\n\n{"a":2}\n')]).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 4, value: { a: 2 } },
    ]);
    expect(() => [...jsonLines("r", '{"a":1}\n{"a":')]).toThrow(/r line 2: it is not JSON/);
  });
});

test.each<[string, number | null]>([
  ["12", 12],
  ["-0.5", -0.5],
  ["1e3", 1000],
  ["1,234.5", 1234.5],
  ["12,5", null],
  ["", null],
  ["NaN", null],
  ["-nan", null],
  ["Infinity", null],
  ["1e999", null],
  ["0x10", null],
])("the number %j is %j", (text, number) => {
  expect(parseNumber(text)).toBe(number);
  expect(parsePercent(`${text} %`)).toBe(number);
  expect(parsePercent(text)).toBe(null);
});

describe("a reader is chosen", () => {
  test("by what the report holds, and a copy is read once", async () => {
    const reports = [report("[1]"), report("[1]", { path: "copy.json" }), report("[2]")];

    expect(await readReports(reports, readers, { signal })).toEqual(["list [1]", "list [2]"]);
  });

  test("by the format that the manifest names", async () => {
    const reports = [report("[1]", { format: "words" })];

    expect(await readReports(reports, readers, { signal })).toEqual(["words [1]"]);
  });

  test.each<[string, GateReport, RegExp]>([
    [
      "a name that is not known",
      report("[1]", { format: "trx" }),
      /out\/report.json: its format is given as "trx"; this version reads list, words/,
    ],
    ["a format that is not known", report("<p>"), /line 1: it is of no format that is read \(list/],
    ["JSON that was cut off", report('{"a":\n'), /line 2: it is not JSON there/],
  ])("and none for %s", async (_what, one, message) => {
    await expect(readReports([one], readers, { signal })).rejects.toThrow(message);
  });
});

describe("what the command did is held against its reports", () => {
  test("a good verdict beside a bad exit status is refused", () => {
    expect(() => requireAgreement(run({ exitCode: 1 }), "passed")).toThrow(/exit status 1/);
    expect(() => requireAgreement(run({ exitCode: 1 }), "warning")).toThrow(/exit status 1/);
    expect(() => requireAgreement(run({ exitCode: 1 }), "failed")).not.toThrow();
    expect(() => requireAgreement(run({ exitCode: 1 }), "passed", true)).not.toThrow();
    expect(() => requireAgreement(run(), "passed")).not.toThrow();
    expect(() => requireAgreement(null, "passed")).not.toThrow();
  });

  test("one that did not end proves nothing", () => {
    expect(() => requireEnded(run({ exitCode: null, timedOut: true }))).toThrow(/time limit; what/);
    expect(() => requireEnded(run({ exitCode: 127 }))).toThrow(/exit status 127/);
    expect(() => requireEnded(run({ exitCode: 3 }))).not.toThrow();
  });

  test("a report from before the run is stale", () => {
    const before = new Date("2026-03-01T11:59:59.999Z");

    expect(() => requireFresh([report("[]", { modifiedAt: before })], run())).toThrow(
      /out\/report.json: it was written 2026-03-01T11:59:59.999Z, before the command was started/,
    );
    expect(() =>
      requireFresh([report("[]", { modifiedAt: new Date("2026-03-01T12:00:00Z") })], run()),
    ).not.toThrow();
    expect(() => requireFresh([report("[]", { modifiedAt: before })], null)).not.toThrow();
  });
});

describe("a shape is read", () => {
  // As zod answers.
  const schema = {
    safeParse: (value: unknown) =>
      typeof value === "number"
        ? { success: true as const, data: value }
        : {
            success: false as const,
            error: { issues: [{ path: ["a", 0, "b"], message: "expected number" }] },
          },
  };

  test("as what it is", () => {
    expect(readShape(schema, 7, "a count")).toBe(7);
  });

  test("and refused with the place, without the value, and with the file where one is named", () => {
    const read = (path?: string) => () => readShape(schema, "hunter2", "a count", path);
    expect(read()).toThrow(new Error("it is not a count: at $.a[0].b: expected number"));
    expect(read("r.json")).toThrow(
      new ReportProblem("r.json", undefined, "it is not a count: at $.a[0].b: expected number"),
    );
  });
});
