const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^(\d{1,9})([smhd])$/;
/** Ten years; a longer duration is a slip of the keyboard. */
const LONGEST_SECONDS = 3650 * SECONDS.d;

/**
 * Reads a duration as the manifest writes it (`90s`, `15m`, `24h`, `7d`) in seconds. `null` when it is none, zero, or
 * longer than ten years.
 */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (!match?.[1] || !match[2]) return null;
  const seconds = Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS];
  return seconds > 0 && seconds <= LONGEST_SECONDS ? seconds : null;
}
