import { describe, expect, test } from "vitest";
import { terminalSafe } from "../../src/transport/terminal-safe.ts";

describe("terminalSafe", () => {
  test.for([
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["a\u001b]8;;http://evil\u0007link\u001b]8;;\u0007b", "a link b"],
    ["a\u001b]0;title\u001b\\b", "a b"],
    ["a\u009b31mb", "a b"],
    ["a\u001bPq#0\u001b\\b", "a b"],
    ["a\u001bcb", "a b"],
    ["a\u001b]never ended", "a"],
    ["a\r\nb\tc\u0000d", "a b c d"],
    ["a\u202eb\u2028c", "a b c"],
    ["Grüße, 世界", "Grüße, 世界"],
  ])("%j: %j", ([text, expected]) => {
    expect(terminalSafe(text ?? "")).toBe(expected);
  });

  test("is linear", () => {
    for (const piece of ["\u001b", "\u001b[", "\u001b]", "\u001b[0;", "\u009d\u001b", "\u001b "]) {
      expect(terminalSafe(piece.repeat(200_000)).length).toBeLessThan(200_000 * 3);
    }
  });
});
