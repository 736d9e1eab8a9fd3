/**
 * Corrects p values of several tests (Holm): with twenty metrics one of them looks significant by chance alone. Returns
 * them in the order given.
 */
export function holm(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 1) - (values[b] ?? 1));
  const corrected = new Array<number>(values.length).fill(1);
  let largest = 0;
  for (const [rank, index] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (values[index] ?? 1) * (values.length - rank)));
    corrected[index] = largest;
  }
  return corrected;
}
