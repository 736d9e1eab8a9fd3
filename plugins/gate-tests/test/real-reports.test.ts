import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fakeReport } from "@floe/plugin-testkit";
import { describe, expect, test } from "vitest";
import { readJunit } from "../src/read-junit.ts";
import { judge } from "./judge.ts";
import {
  isSharedPresent,
  knownReports,
  readable,
  reportFolder,
  reportSource,
  reports,
  unreadable,
} from "./real-reports.ts";

const NEVER = new AbortController().signal;
const NONE = { passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 };
const STACK = /\n\s+at /;

function read(path: string): Buffer {
  return readFileSync(join(reportFolder, path));
}

/** The outcome of a report of which the command ended with exit status 0: the most that could be wrong. */
async function outcome(path: string, bytes: Uint8Array): Promise<string> {
  try {
    return (await judge([fakeReport(path, bytes)])).status;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).not.toMatch(STACK);
    return "thrown";
  }
}

test("the shared collection is here where it is required", () => {
  expect(isSharedPresent || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
});

test("every report in the folder is known", () => {
  const present = readdirSync(reportFolder, { recursive: true, encoding: "utf8" }).filter((path) =>
    /^(?:junit\/|nothing-ran\/junit-)/.test(path),
  );

  expect(present.filter((path) => !knownReports.has(path))).toEqual([]);
  expect(present.length).toBe(reports.length);
});

describe(`a report of a real tool, from ${reportSource}, gives the right verdict`, () => {
  test.each(readable)("%s", async (path, expected) => {
    const report = await readJunit(path, read(path), { signal: NEVER });
    const listed: Record<string, number> = { ...NONE };
    for (const { status } of report.cases) {
      const key = status === "todo" ? "skipped" : status;
      listed[key] = (listed[key] ?? 0) + 1;
    }
    const exitCode = expected.status === "failed" ? 1 : 0;

    const verdict = await judge([fakeReport(path, read(path))], { run: { exitCode } });

    const count = Object.values(expected.listed).reduce((sum, number) => sum + number, 0);
    expect(listed).toEqual({ ...NONE, ...expected.listed });
    expect(verdict.status).toBe(expected.status);
    expect(verdict.metrics).toEqual(
      expected.metrics === undefined
        ? { ...NONE, ...expected.listed, tests: count }
        : { ...NONE, ...expected.metrics },
    );
    expect(verdict.details).toMatchObject({
      judged_by: "report",
      ...(expected.seconds === undefined ? {} : { seconds: expected.seconds }),
    });
    const reasons = (verdict.reasons ?? []).map((reason) => reason.message).join("\n");
    for (const text of expected.says ?? []) expect(reasons).toContain(text);
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
  test.each(readable)("%s, cut off anywhere", async (path) => {
    const bytes = read(path);
    for (let part = 0; part < 20; part++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 20));

      expect(await outcome(path, cut)).toBe("thrown");
    }
  });

  test.each(readable)("%s, with NUL at any place", async (path, expected) => {
    const bytes = read(path);
    for (let part = 0; part < 20; part++) {
      const at = Math.floor((bytes.length * part) / 20);
      const added = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1), bytes.subarray(at)]);
      const wiped = Buffer.from(bytes).fill(0, at, Math.min(at + 512, bytes.length));

      expect(["thrown", expected.status]).toContain(await outcome(path, added));
      expect(["thrown", expected.status]).toContain(await outcome(path, wiped));
    }
  });

  test.each(readable)("%s, with bytes of zero after its end", async (path) => {
    expect(await outcome(path, Buffer.concat([read(path), Buffer.alloc(4096)]))).toBe("thrown");
  });

  test.each(readable)("%s, doubled", async (path) => {
    expect(await outcome(path, Buffer.concat([read(path), read(path)]))).toBe("thrown");
  });

  test.each(readable)("%s, with NaN for every number", async (path, expected) => {
    const text = read(path)
      .toString("utf8")
      .replaceAll(/="\d+(?:\.\d+)?"/g, '="NaN"');
    // Numbers of a report are totals and times: they never make a verdict better.
    expect(["thrown", "failed", expected.status]).toContain(await outcome(path, Buffer.from(text)));
  });

  test.each(readable)("%s, of zeros only", async (path) => {
    expect(await outcome(path, Buffer.alloc(read(path).length))).toBe("thrown");
  });
});

describe(`a report, from ${reportSource}, reads the same`, () => {
  test.each(readable)("%s, in another encoding", async (path, expected) => {
    const bytes = read(path);
    const text = bytes.toString("utf8").replace(/^\ufeff/, "");
    const little = Buffer.from(`\ufeff${text}`, "utf16le");
    const unmarked = Buffer.from(text.trimStart(), "utf16le");

    for (const encoded of [
      Buffer.from(`\ufeff${text}`),
      little,
      Buffer.from(little).swap16(),
      unmarked,
      Buffer.from(unmarked).swap16(),
      Buffer.from(`\n\n  ${text}`),
      Buffer.from(text.replaceAll("\n", "\r\n")),
    ]) {
      const exitCode = expected.status === "failed" ? 1 : 0;
      const verdict = await judge([fakeReport(path, encoded)], { run: { exitCode } });
      const plain = await judge([fakeReport(path, bytes)], { run: { exitCode } });

      expect(verdict.status).toBe(expected.status);
      expect(verdict.metrics).toEqual(plain.metrics);
    }
  });
});
