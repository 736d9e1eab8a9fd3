/** What the rank test says of two samples. */
export interface RankTest {
  /** Pairs in which the second sample's value is larger; a tie counts one half. */
  readonly u: number;
  /** Two-sided: how often chance alone gives a difference as large, if there is none. */
  readonly p: number;
  /** Cliff's delta, -1 to 1: how much more often the second one's value is larger than smaller. */
  readonly effect: number;
}

/** Up to so many values in each sample the distribution of U is counted out; above it the approximation is off by less than 0.001. */
const EXACT = 12;

/**
 * Mann–Whitney U test: whether values of the second sample tend to be larger or smaller than those of the first. It assumes
 * no distribution and is not moved by outliers. Exact for small samples without ties, otherwise the normal approximation
 * with the corrections for ties and continuity.
 */
export function mannWhitney(first: readonly number[], second: readonly number[]): RankTest {
  const [m, n] = [first.length, second.length];
  if (m === 0 || n === 0) return { u: 0, p: 1, effect: 0 };
  const all = [...first.map((value) => [value, 0] as const), ...second.map((v) => [v, 1] as const)];
  all.sort(([a], [b]) => a - b);
  let ranks = 0;
  let ties = 0;
  for (let start = 0; start < all.length; ) {
    let end = start;
    while (end < all.length && all[end]?.[0] === all[start]?.[0]) end += 1;
    const count = end - start;
    for (let index = start; index < end; index += 1)
      if (all[index]?.[1] === 1) ranks += (start + 1 + end) / 2;
    ties += count ** 3 - count;
    start = end;
  }
  const u = ranks - (n * (n + 1)) / 2;
  const effect = (2 * u) / (m * n) - 1;
  const p = ties === 0 && m <= EXACT && n <= EXACT ? exactP(u, m, n) : normalP(u, m, n, ties);
  return { u, p, effect };
}

function normalP(u: number, m: number, n: number, ties: number): number {
  const total = m + n;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return 1;
  const distance = Math.max(0, Math.abs(u - (m * n) / 2) - 0.5);
  return Math.min(1, 2 * upperTail(distance / Math.sqrt(variance)));
}

/** Counts the orders of m and n values by their U; all are equally likely when the samples do not differ. */
function exactP(u: number, m: number, n: number): number {
  // ways[j][k]: orders of i and j values with U = k, for i = 0, 1, … m; f(i,j,k) = f(i-1,j,k-j) + f(i,j-1,k).
  let ways: Float64Array[] = Array.from({ length: n + 1 }, () => Float64Array.of(1));
  for (let i = 1; i <= m; i += 1) {
    const next: Float64Array[] = [Float64Array.of(1)];
    for (let j = 1; j <= n; j += 1) {
      const counts = new Float64Array(i * j + 1);
      for (const [k, count] of (ways[j] ?? []).entries()) counts[k + j] = count;
      for (const [k, count] of (next[j - 1] ?? []).entries()) counts[k] = (counts[k] ?? 0) + count;
      next.push(counts);
    }
    ways = next;
  }
  const counts = ways[n] ?? Float64Array.of(1);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const extreme = Math.max(u, m * n - u);
  return Math.min(1, (2 * counts.slice(extreme).reduce((sum, count) => sum + count, 0)) / total);
}

/** Upper tail of the standard normal distribution (Abramowitz and Stegun 26.2.17; off by less than 8e-8). */
function upperTail(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}
