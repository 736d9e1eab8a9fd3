import { expect, test } from "vitest";
import { estimateGates } from "../../src/gates/estimate-gates.ts";
import { aGate } from "../a-manifest.ts";

const took = { a: 5000, b: 3000, c: 2000, d: 1000, e: 4000, f: 1000 };

test.each([
  ["gates that run at the same time take as long as the longest", [aGate("a"), aGate("b")], 5000],
  [
    "one that needs another comes after it",
    [aGate("a", { needs: ["b"] }), aGate("b"), aGate("c")],
    8000,
  ],
  [
    "an exclusive one runs while no other does",
    [aGate("a"), aGate("b", { exclusive: true })],
    8000,
  ],
  [
    "four run at a time",
    [aGate("a"), aGate("b"), aGate("c"), aGate("d"), aGate("e"), aGate("f")],
    5000,
  ],
  [
    "a chain counts, whatever runs beside it",
    [aGate("a"), aGate("b"), aGate("c", { needs: ["b"] }), aGate("d", { needs: ["c"] })],
    6000,
  ],
  ["a name that is no gate is not waited for", [aGate("a", { needs: ["gone"] })], 5000],
  ["none take no time", [], 0],
  ["one of which nothing is known makes the whole unknown", [aGate("a"), aGate("new")], null],
])("%s", (_, gates, expected) => {
  expect(estimateGates(gates, took)).toBe(expected);
});
