import { expect, test } from "vitest";
import { race } from "../bench/race.ts";
import { renderTable } from "../bench/table.ts";

test("contenders run in turn, each round begins with another one, and the first round is not counted", async () => {
  const ran: string[] = [];
  let answered = 0;
  const contender = (name: string, side: "floe" | "peer", requests: number) => ({
    name,
    side,
    prepare: (round: number) => {
      answered += 100;
      ran.push(`prepare ${name}${round}`);
    },
    run: (round: number) => {
      answered += requests;
      ran.push(`${name}${round}`);
    },
  });

  const measured = await race([contender("a", "peer", 2), contender("b", "floe", 3)], {
    rounds: 2,
    requests: () => answered,
  });

  expect(ran.filter((step) => !step.startsWith("prepare"))).toEqual([
    ...["a0", "b0"],
    ...["b1", "a1"],
    ...["a2", "b2"],
  ]);
  expect(ran.slice(0, 2)).toEqual(["prepare a0", "a0"]);
  expect(measured.map(({ name, times, requests }) => [name, times.length, requests])).toEqual([
    ["a", 2, 2],
    ["b", 2, 3],
  ]);
});

test("the table has medians, ranges, requests and floe's median divided by each peer's", () => {
  const table = renderTable("Section", [
    { name: "peer", side: "peer", times: [10, 20, 90], requests: 4 },
    { name: "quick", side: "peer", times: [5], requests: null },
    { name: "floe", side: "floe", times: [20, 30, 31], requests: 3 },
  ]);
  expect(table.split("\n")).toEqual([
    "Section",
    "         n  median ms  min\u2013max  floe \u00f7 peer  requests",
    "  peer   3         20    10\u201390                      4",
    "  quick  1        5.0  5.0\u20135.0",
    "  floe   3         30    20\u201331  1.50 / 6.00         3",
  ]);
});

test("below the table it is said which budgets were met", () => {
  const rows = [
    { name: "oras", side: "peer", times: [100, 100, 100], requests: 4 },
    { name: "crane", side: "peer", times: [100], requests: 3 },
    { name: "floe", side: "floe", times: [120, 131, 140], requests: 3 },
  ] as const;
  const budgets = [
    { kind: "time", row: "floe", of: "oras", most: 1.3 },
    { kind: "time", row: "floe", of: "oras", most: 1.31 },
    { kind: "requests", row: "floe", below: ["oras"] },
    { kind: "requests", row: "floe", below: ["oras", "crane"] },
  ] as const;

  expect(renderTable("Section", rows, budgets).split("\n").slice(-4)).toEqual([
    "  budget, floe at most 1.3 \u00d7 oras: 1.31, NOT met",
    "  budget, floe at most 1.31 \u00d7 oras: 1.31, met",
    "  budget, floe with fewer requests than oras: 3 to 4, met",
    "  budget, floe with fewer requests than oras and crane: 3 to 4 and 3, NOT met",
  ]);
  const unknown = { kind: "time", row: "floe", of: "nobody", most: 1 } as const;
  expect(() => renderTable("Section", rows, [unknown])).toThrow("there is no row nobody");
});

test("the slowest one in a hundred is shown of those that were measured as often", () => {
  const times = Array.from({ length: 200 }, (_, index) => index + 1);
  const table = renderTable("Section", [
    { name: "many", side: "floe", times, requests: null },
    { name: "few", side: "floe", times: [0.25], requests: null },
  ]);
  expect(table.split("\n")).toEqual([
    "Section",
    "          n  median ms  p99 ms    min\u2013max  floe \u00f7 peer  requests",
    "  many  200        100     198    1.0\u2013200",
    "  few     1       0.25          0.25\u20130.25",
  ]);
});
