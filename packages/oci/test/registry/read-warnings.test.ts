import { describe, expect, test } from "vitest";
import { readWarnings } from "../../src/registry/read-warnings.ts";
import { openStore } from "./open-store.ts";

const signal = new AbortController().signal;

describe("readWarnings", () => {
  test.for<[string | undefined, string[]]>([
    [undefined, []],
    ['299 - "Image is old"', ["Image is old"]],
    ['299 registry.example:5000 "a", 299 - "b"', ["a", "b"]],
    ['199 - "misc", 299 - "b"', ["b"]],
    ['299 - "say \\"yes\\", please"', ['say "yes", please']],
    ['299 - "a" "Sat, 01 Jan 2026 00:00:00 GMT", 299 - "b"', ["a", "b"]],
    ['299 - "\u001b[31mred\u001b[0m\u001b]0;title\u0007 text"', ["red text"]],
    ['299 - "', []],
    ['299 - ""', []],
    ['1299 - "x"', []],
    ["299 - no quotes", []],
  ])("%j: %j", ([header, expected]) => {
    expect(readWarnings(header)).toEqual(expected);
  });

  test("long headers are cut and read in linear time", () => {
    expect(readWarnings(`299 - "${"x".repeat(1_000_000)}"`)[0]).toHaveLength(4088 + 1);
    for (const piece of ['"', '299 - "', "299 ", "\\", ', "', "299 - \u001b]"]) {
      expect(readWarnings(piece.repeat(500_000)).join().length).toBeLessThanOrEqual(4096);
    }
  });
});

// Row 48.
describe("what a registry warns of", () => {
  const open = (lines: string[]) =>
    openStore({}, { logger: { warn: (message) => lines.push(message) } });

  test("is shown once, whichever store meets it, without escape sequences", async () => {
    const lines: string[] = [];
    await using it = await open(lines);
    const headers = { warning: '299 - "\u009b2Jmoves to new.example", 199 - "no matter"' };
    it.registry.faults.add({ match: {}, action: { kind: "headers", headers }, times: 3 });
    await it.store.resolve("v1", { signal });
    await it.store.resolve("v1", { signal });
    await it.another().resolve("v1", { signal });
    expect(lines).toEqual([`${it.registry.host} says: moves to new.example`]);
  });

  test("is cut, and a registry with ever new warnings is not listened to for ever", async () => {
    const lines: string[] = [];
    await using it = await open(lines);
    for (let index = 0; index < 30; index += 1) {
      const headers = { warning: `299 - "${index} ${"x".repeat(10_000)}"` };
      it.registry.faults.add({ match: {}, action: { kind: "headers", headers } });
      await it.store.resolve("v1", { signal });
    }
    expect(lines).toHaveLength(20);
    for (const line of lines) expect(line.length).toBeLessThan(4200);
  });

  test("does not show a secret that the registry gives back", async () => {
    const lines: string[] = [];
    const auth = { kind: "basic", username: "me", password: "hunter2" } as const;
    await using it = await openStore(
      { auth },
      {
        credentials: () => Promise.resolve({ username: "me", password: "hunter2" }),
        logger: { warn: (message) => lines.push(message) },
      },
    );
    await it.store.resolve("v1", { signal });
    const headers = { warning: '299 - "your password hunter2 is weak"' };
    it.registry.faults.add({ match: {}, action: { kind: "headers", headers } });
    await it.store.resolve("v1", { signal });
    expect(lines.join()).toContain("your password *** is weak");
  });
});
