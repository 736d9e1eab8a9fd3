/** Whether a version is older than another, by the numbers that both begin with; `false` where that cannot be told. */
export function isOlder(version: string | null, than: string | null): boolean {
  const [one, two] = [numbersOf(version), numbersOf(than)];
  if (!one || !two) return false;
  for (let index = 0; index < Math.max(one.length, two.length); index += 1) {
    const difference = (one[index] ?? 0) - (two[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function numbersOf(version: string | null): number[] | null {
  const match = /^v?(\d{1,9}(?:\.\d{1,9}){0,5})(?![\d.]*,)/.exec(version ?? "");
  return match?.[1] ? match[1].split(".").map(Number) : null;
}
