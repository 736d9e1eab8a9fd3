import { expect, test } from "vitest";
import { holm } from "../src/holm.ts";
import { mannWhitney } from "../src/mann-whitney.ts";
import { noisy, seeded } from "./judge.ts";

/** All p values of small samples by trying every order: the definition, without the recursion. */
function bruteForceP(u: number, m: number, n: number): number {
  const total = m + n;
  let all = 0;
  let extreme = 0;
  for (let mask = 0; mask < 1 << total; mask += 1) {
    const second = Array.from({ length: total }, (_, at) => (mask >> at) & 1);
    if (second.reduce((sum, bit) => sum + bit, 0) !== n) continue;
    all += 1;
    let pairs = 0;
    for (const [at, bit] of second.entries())
      if (bit === 1) pairs += second.slice(0, at).filter((other) => other === 0).length;
    if (Math.abs(pairs - (m * n) / 2) >= Math.abs(u - (m * n) / 2)) extreme += 1;
  }
  return extreme / all;
}

test("small samples without ties have the exact p value, as counted by trying every order", () => {
  const random = seeded(1);
  for (let round = 0; round < 20; round += 1) {
    const [m, n] = [2 + (round % 4), 2 + (round % 5)];
    const first = Array.from({ length: m }, random);
    const second = Array.from({ length: n }, random);
    const { u, p } = mannWhitney(first, second);
    expect(p).toBeCloseTo(bruteForceP(u, m, n), 10);
  }
});

test("complete separation of 10 and 10 has p = 2 / C(20, 10)", () => {
  const first = Array.from({ length: 10 }, (_, index) => index);
  const { u, p, effect } = mannWhitney(
    first,
    first.map((value) => value + 100),
  );
  expect([u, effect]).toEqual([100, 1]);
  expect(p).toBeCloseTo(2 / 184_756, 12);
});

/** Two samples of `size` without ties whose U is `u`: the second's upper values are moved over those of the first. */
function samplesWithU(size: number, u: number): [number[], number[]] {
  const second = Array.from({ length: size }, (_, at) => {
    const fromTop = size - 1 - at;
    const moved = Math.min(size, Math.max(0, u - fromTop * size));
    return at + moved;
  });
  const first = Array.from({ length: 2 * size }, (_, at) => at).filter(
    (at) => !second.includes(at),
  );
  return [first, second];
}

test.each([
  // Critical values as printed in tables: two-sided 0.05.
  [10, 23],
  [12, 37],
  [15, 64],
  [20, 127],
])(
  "for %i on each side the border (U = %i) of 0.05 is where the tables have it",
  (size, critical) => {
    expect(mannWhitney(...samplesWithU(size, critical)).u).toBe(critical);
    expect(mannWhitney(...samplesWithU(size, critical)).p).toBeLessThanOrEqual(0.05);
    expect(mannWhitney(...samplesWithU(size, critical + 1)).p).toBeGreaterThan(0.05);
    expect(mannWhitney(...samplesWithU(size, size * size - critical)).p).toBeLessThanOrEqual(0.05);
  },
);

test("ties are corrected for: 1 2 2 3 against 2 3 3 4 as by hand", () => {
  // Ranks of the second: 3, 6, 6, 8 = 23; U = 13; tie term 24 + 24; sigma² = 16/12 * (9 - 48/56).
  const { u, p } = mannWhitney([1, 2, 2, 3], [2, 3, 3, 4]);
  expect(u).toBe(13);
  const z = (13 - 8 - 0.5) / Math.sqrt((16 / 12) * (9 - 48 / 56));
  expect(z).toBeCloseTo(1.3657, 3);
  expect(p).toBeCloseTo(0.172, 3);
});

test("values that are all equal say nothing", () => {
  expect(mannWhitney([5, 5, 5, 5], [5, 5, 5, 5])).toEqual({ u: 8, p: 1, effect: 0 });
  expect(mannWhitney([], [1])).toEqual({ u: 0, p: 1, effect: 0 });
});

test("several tests are corrected for being several", () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  expect(holm([])).toEqual([]);
});

test("a large sample is tested in well under a second", () => {
  const random = seeded(3);
  const [first, second] = [noisy(random, 100_000, 10, 0.1), noisy(random, 100_000, 10.1, 0.1)];
  const started = performance.now();
  expect(mannWhitney(first, second).p).toBeLessThan(1e-6);
  expect(performance.now() - started).toBeLessThan(3000);
});
