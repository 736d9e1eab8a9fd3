import { expect, test } from "vitest";
import { chartLines } from "../../src/render/gate.ts";

test("a drawing is as wide as a terminal at most, and has nothing that a terminal would obey", () => {
  const chart = ["x".repeat(200), "\u001b[2Jgone", 7, "two\nlines", ...Array(50).fill("more")];
  const lines = chartLines({ details: { chart } }, "      ");
  expect(lines[0]).toBe(`      ${"x".repeat(74)}`);
  expect(lines.slice(1, 3)).toEqual(["      [2Jgone", "      two lines"]);
  expect(lines).toHaveLength(30);
});

test.each([["a word"], [null], [{}], [undefined]])("%j is no drawing", (chart) => {
  expect(chartLines({ details: { chart } } as never, "")).toEqual([]);
});
