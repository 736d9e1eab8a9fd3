import { describe, expect, test } from "vitest";
import type { GateScan } from "../../src/contract/index.ts";
import type { GateMaterial, MeasuredScan } from "../../src/gates/evidence/gate-material.ts";
import { vulnsOf } from "../../src/gates/evidence/vulns.ts";
import { parseVerdict } from "../../src/gates/verdict.ts";
import type { GateResult } from "../../src/model/records.ts";

const scanner = { uri: "https://scanner.example" };
const passed = { status: "passed", summary: "fine" };

function parsed(scans: unknown): string {
  const found = parseVerdict({ ...passed, scans });
  return found.ok ? "taken" : found.reason;
}

function nested(depth: number): unknown {
  let value: unknown = "x";
  for (let level = 0; level < depth; level++) value = [value];
  return value;
}

describe("what a plugin says that a scanner found", () => {
  const id = "CVE-2024-1";

  test("is taken as the contract has it", () => {
    const scan: GateScan = {
      scanner: {
        ...{ uri: "pkg:generic/scan", version: "1" },
        db: { uri: "https://d.example/a", version: "v6", lastUpdate: "2025-06-13T04:05:06.000Z" },
      },
      result: [
        {
          ...{ id, severity: [{ method: "nvd", score: "high" }] },
          annotations: {
            package: "openssl",
            epss: 0.1,
            known_exploited: true,
            aliases: ["GHSA-1"],
          },
        },
      ],
    };
    expect(parseVerdict({ ...passed, scans: [scan] })).toEqual({
      ok: true,
      verdict: { ...passed, scans: [scan] },
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["no list", {}, /scans/],
    ["too many scans", Array(65).fill({ scanner, result: [] }), /scans/],
    ["a scanner without a URI", [{ scanner: { uri: "trivy" }, result: [] }], /uri: is no URI/],
    ["no list of results", [{ scanner, result: null }], /result/],
    ["members that nobody knows", [{ scanner, result: [], more: 1 }], /nrecognized key/],
    ["an id with a line break", [{ scanner, result: [{ id: "a\nb", severity: [] }] }], /control/],
    [
      "an id with half a character",
      [{ scanner, result: [{ id: "\ud83d", severity: [] }] }],
      /control/,
    ],
    ["an endless id", [{ scanner, result: [{ id: "x".repeat(301), severity: [] }] }], /id/],
    [
      "a score that is a number",
      [{ scanner, result: [{ id, severity: [{ method: "a", score: 9 }] }] }],
      /score/,
    ],
    ["no severity", [{ scanner, result: [{ id }] }], /severity/],
    [
      "annotations that are deep",
      [{ scanner, result: [{ id, severity: [], annotations: { a: nested(500) } }] }],
      /annotations/,
    ],
    [
      "too many annotations",
      [
        {
          scanner,
          result: [
            {
              ...{ id, severity: [] },
              annotations: Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`k${at}`, 1])),
            },
          ],
        },
      ],
      /more than 20/,
    ],
    [
      "a date that is none",
      [{ scanner: { ...scanner, db: { lastUpdate: "yesterday" } }, result: [] }],
      /lastUpdate/,
    ],
    [
      "more than can be signed",
      [
        {
          scanner,
          result: Array.from({ length: 6600 }, () => ({ id: "x".repeat(300), severity: [] })),
        },
      ],
      /verdict.scans has \d+ characters; 2097152 are the limit/,
    ],
  ])("is refused where it is %s", (_, scans, why) => {
    expect(parsed(scans)).toMatch(why);
  });

  test("has room of its own, and gives none to the rest of the verdict", () => {
    const result = Array.from({ length: 5000 }, (_, at) => ({
      id: `CVE-2024-${at}`,
      severity: [],
    }));
    expect(parsed([{ scanner, result }])).toBe("taken");
    const details = { text: "x".repeat(300_000) };
    expect(parseVerdict({ ...passed, details, scans: [{ scanner, result }] })).toMatchObject({
      ok: false,
      reason: expect.stringContaining("262144 are the limit"),
    });
  });
});

describe("the statement of what a scanner found", () => {
  const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 4, 5, minute));
  const found = (platform: string | null, minute: number, more: Partial<MeasuredScan> = {}) => ({
    ...{ platform, scanner, started: at(minute), finished: at(minute + 1) },
    result: [{ id: `CVE-2024-${minute}`, severity: [] }],
    ...more,
  });
  const statements = (scans: readonly MeasuredScan[], status: GateResult["status"] = "failed") =>
    vulnsOf({
      result: { status } as GateResult,
      material: { scans } as unknown as GateMaterial,
    });

  test("is one for each scanner, over the platforms and all the time that it took", () => {
    const other = { uri: "https://other.example" };
    expect(
      statements([
        found("linux/amd64", 1),
        found("linux/arm64", 3, {
          result: [{ id: "CVE-2024-3", severity: [], annotations: { package: "a" } }],
        }),
        found("linux/arm64", 3, { scanner: other }),
      ]),
    ).toEqual([
      {
        scanner: {
          uri: "https://scanner.example",
          db: {},
          result: [
            { id: "CVE-2024-1", severity: [], annotations: [{ platform: "linux/amd64" }] },
            {
              ...{ id: "CVE-2024-3", severity: [] },
              annotations: [{ package: "a", platform: "linux/arm64" }],
            },
          ],
        },
        metadata: {
          scanStartedOn: "2026-03-04T05:01:00.000Z",
          scanFinishedOn: "2026-03-04T05:04:00.000Z",
        },
      },
      expect.objectContaining({ scanner: expect.objectContaining(other) }),
    ]);
  });

  test("has no annotations where there is nothing to say, and is left out where nothing was judged", () => {
    const [one] = statements([found(null, 1)], "passed");
    expect(one?.scanner.result).toEqual([{ id: "CVE-2024-1", severity: [] }]);
    expect(statements([found(null, 1)], "error")).toEqual([]);
    const long = Array.from({ length: 8000 }, () => ({ id: "x".repeat(300), severity: [] }));
    expect(statements([found(null, 1, { result: long })])).toEqual([]);
  });
});
