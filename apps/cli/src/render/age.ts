const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;

/** How long ago a time was, in its largest unit: `3h`, `2d`. */
export function age(at: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - new Date(at).getTime()) / 1000));
  for (const [unit, size] of UNITS)
    if (seconds >= size) return `${Math.floor(seconds / size)}${unit}`;
  return "now";
}
