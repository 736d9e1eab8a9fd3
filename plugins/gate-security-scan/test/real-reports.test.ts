import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { readScan } from "../src/read-scan.ts";
import { redactReport } from "../src/redact-report.ts";
import { DIGEST, judge } from "./judge.ts";
import {
  type Expected,
  isSharedPresent,
  knownReports,
  readable,
  reportFolder,
  reportSource,
  reports,
  unreadable,
} from "./real-reports.ts";

const STACK = /\n\s+at /;
const STATUSES = ["passed", "warning", "failed"];

function read(path: string): Buffer {
  return readFileSync(join(reportFolder, path));
}

/** What comes out for a report of which the command ended with exit status 0: the most that could be wrong. */
async function outcome(
  path: string,
  bytes: Uint8Array,
  { config }: Pick<Expected, "config">,
  digest = DIGEST,
): Promise<string> {
  try {
    return (await judge([fakeReport(path, bytes)], { config: config ?? {}, digest })).status;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toMatch(STACK);
    expect(String(error).length).toBeLessThan(2000);
    return "thrown";
  }
}

/** The digest that the report is about, or any. */
function digestOf(path: string, format: "auto" | "gitleaks"): string {
  return readScan(fakeReport(path, read(path)), format).digests[0] ?? DIGEST;
}

function formatOf({ config }: Expected): "auto" | "gitleaks" {
  return config?.["scanner_format"] === "gitleaks" ? "gitleaks" : "auto";
}

test("the shared collection is here where it is required", () => {
  expect(isSharedPresent || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

test("every report in the folder is known", () => {
  const present = readdirSync(reportFolder, { recursive: true, encoding: "utf8" }).filter((path) =>
    /^(?:trivy|grype|osv|npm-audit|sarif|cyclonedx-vex|gitleaks)\/|^nothing-ran\/npm-/.test(path),
  );

  expect(present.filter((path) => !knownReports.has(path))).toEqual([]);
  expect(present.length).toBe(reports.length);
});

describe(`a report of a real scanner, from ${reportSource}, gives the right verdict`, () => {
  test.each(readable)("%s", async (path, expected) => {
    const report = readScan(fakeReport(path, read(path)), formatOf(expected));
    const listed: Record<string, number> = {};
    const seen = new Set<string>();
    for (const { kind, severity, id } of report.findings) {
      if (expected.byId && seen.has(id)) continue;
      seen.add(id);
      listed[`${kind} ${severity}`] = (listed[`${kind} ${severity}`] ?? 0) + 1;
    }
    const verdict = await judge([fakeReport(path, read(path))], {
      config: expected.config ?? {},
      digest: report.digests[0] ?? DIGEST,
    });

    expect(listed).toEqual(expected.listed);
    expect(verdict.status).toBe(expected.status);
    expect(report.suppressed).toBe(expected.suppressed ?? 0);
    if (expected.merged !== undefined) expect(verdict.metrics?.["total"]).toBe(expected.merged);
    if (expected.fixed !== undefined)
      expect(report.findings.filter(({ fix }) => fix === "fixed")).toHaveLength(expected.fixed);
    const reasons = (verdict.reasons ?? []).map(({ message }) => message).join("\n");
    for (const text of expected.says ?? []) expect(reasons).toContain(text);
    for (const reason of verdict.reasons ?? []) {
      if (reason.level === "fail") {
        expect(reason).toMatchObject({
          measured: expect.anything(),
          limit: expect.anything(),
          fix: expect.any(String),
        });
      }
    }
  });
});

describe(`a report that shows nothing, from ${reportSource}, gives no verdict`, () => {
  test.each(unreadable)("%s", async (path, expected) => {
    const verdict = judge([fakeReport(path, read(path))]);

    await expect(verdict).rejects.toThrow(expected.throws);
    await expect(verdict).rejects.not.toThrow(STACK);
  });
});

describe(`a damaged report, from ${reportSource}, never passes`, () => {
  test.each(readable)(
    "%s, cut off anywhere, doubled, of zeros, or with a hole",
    async (path, expected) => {
      const bytes = read(path);
      const whole = bytes.toString("latin1").trimEnd().length;
      for (let part = 0; part < 20; part++) {
        const at = Math.floor((whole * part) / 20);
        expect(await outcome(path, bytes.subarray(0, at), expected)).toBe("thrown");
      }
      expect(await outcome(path, Buffer.concat([bytes, bytes]), expected)).toBe("thrown");
      expect(await outcome(path, Buffer.alloc(bytes.length), expected)).toBe("thrown");
      const middle = Math.floor(bytes.length / 2);
      const hole = Buffer.from(bytes).fill(0, middle, Math.min(middle + 8, bytes.length));
      expect(await outcome(path, hole, expected)).toBe("thrown");
    },
  );

  test.each(readable)("%s, with a key that stands twice", async (path, expected) => {
    const text = read(path).toString("utf8");
    // Some readers of JSON take the first one, others the last.
    const twice = text.replace(/("[A-Za-z_]+": ?)(?=["\d[{])/, "$1null, $1");
    if (text.trim() === "[]") return;
    expect(twice).not.toBe(text);
    expect(
      await outcome(path, Buffer.from(twice), expected, digestOf(path, formatOf(expected))),
    ).toBe("thrown");
  });

  test.each(readable)("%s, with lists that became null", async (path, expected) => {
    const digest = digestOf(path, formatOf(expected));
    for (const damaged of nulled(
      JSON.parse(
        read(path)
          .toString("utf8")
          .replace(/^\ufeff/, ""),
      ),
    )) {
      const found = await outcome(path, Buffer.from(JSON.stringify(damaged)), expected, digest);
      expect(["thrown", ...STATUSES.slice(STATUSES.indexOf(expected.status))]).toContain(found);
    }
  });

  test.each(readable)("%s, with NaN or a number too large for JSON", async (path, expected) => {
    const text = read(path).toString("utf8");
    const first = /: ?(\d+)(?=[,\s}])/.exec(text);
    if (!first) return;
    const at = first.index + first[0].length - (first[1]?.length ?? 0);
    const put = (value: string): Buffer =>
      Buffer.from(text.slice(0, at) + value + text.slice(at + (first[1]?.length ?? 0)));
    expect(await outcome(path, put("NaN"), expected)).toBe("thrown");
    expect(["thrown", expected.status]).toContain(
      await outcome(path, put("1e999"), expected, digestOf(path, formatOf(expected))),
    );
  });
});

describe(`a report, from ${reportSource}, reads the same`, () => {
  test.each(readable)("%s, with a byte order mark or in UTF-16", async (path, expected) => {
    const digest = digestOf(path, formatOf(expected));
    const text = read(path)
      .toString("utf8")
      .replace(/^\ufeff/, "");
    const little = Buffer.from(`\ufeff${text}`, "utf16le");
    for (const bytes of [Buffer.from(`\ufeff${text}`), little, Buffer.from(little).swap16()])
      expect(await outcome(path, bytes, expected, digest)).toBe(expected.status);
  });

  test.each(readable)("%s, without what must not be kept", async (path, expected) => {
    const bytes = redactReport({ bytes: read(path) });
    const digest = digestOf(path, formatOf(expected));
    expect(await outcome(path, bytes, expected, digest)).toBe(expected.status);
  });
});

/** Copies of a value in which one list, near the top, is null. */
function nulled(value: unknown, depth = 0): unknown[] {
  if (typeof value !== "object" || value === null || depth > 4) return [];
  const entries = Object.entries(value).slice(0, 12);
  return entries.flatMap(([key, member]) => {
    const put = (other: unknown): unknown =>
      Array.isArray(value)
        ? value.map((item, index) => (String(index) === key ? other : item))
        : { ...value, [key]: other };
    const inner = nulled(member, depth + 1).map(put);
    return Array.isArray(member) && member.length > 0 ? [put(null), ...inner] : inner;
  });
}
