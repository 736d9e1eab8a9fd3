import { expect, test } from "vitest";
import { evidence, generic, judge, noisy, seeded } from "./judge.ts";

const ROUNDS = 2000;

/** Share of rounds in which the whole gate blocks, with its default settings. */
function blocked(samples: number, slowdown: number, seed: number): number {
  const random = seeded(seed);
  let count = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = generic(noisy(random, samples, 100, 0.1));
    const now = generic(noisy(random, samples, 100 * (1 + slowdown), 0.1));
    const { status } = judge([now], { baseline: evidence([before]) });
    if (status === "failed") count += 1;
  }
  return count / ROUNDS;
}

test("at 20 samples and 10 % noise, fewer than 3 % of unchanged artifacts are refused", () => {
  expect(blocked(20, 0, 11)).toBeLessThan(0.03);
});

test("at 20 samples and 10 % noise, more than 75 % of 10 % slowdowns are refused", () => {
  expect(blocked(20, 0.1, 12)).toBeGreaterThan(0.75);
});

test("with 5 samples nothing is ever refused, however it looks", () => {
  expect(blocked(5, 0.5, 13)).toBe(0);
});
