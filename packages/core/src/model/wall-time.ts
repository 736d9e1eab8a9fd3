/** A reading of a wall clock: the milliseconds since 1970 at which a clock in UTC reads the same. */
export type WallTime = number;

const DAY_MS = 86_400_000;
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Reads a local time as manifests write it (`2026-12-20T00:00[:00]`); checked by the manifest's schema before. */
export function parseWallTime(text: string): WallTime {
  return Date.parse(`${text}Z`);
}

/** What a clock in a zone reads at an instant. */
export function wallTimeAt(instant: number, zone: string): WallTime {
  return instant + offsetAt(instant, zone);
}

/** Writes a reading for people: `2026-12-20 00:00`, with seconds where there are some. */
export function wallTimeText(wall: WallTime): string {
  const text = new Date(wall).toISOString().slice(0, 19).replace("T", " ");
  return text.endsWith(":00") ? text.slice(0, -3) : text;
}

/** A moment as people in a zone read it, and in UTC: `2027-01-04 00:00 Europe/Berlin (2027-01-03T23:00:00Z)`. */
export function momentText(moment: Date, zone: string): string {
  const utc = `${moment.toISOString().slice(0, 19)}Z`;
  return `${wallTimeText(wallTimeAt(moment.getTime(), zone))} ${zone} (${utc})`;
}

/**
 * The instant of a reading. Where clocks are set back, a reading comes twice: `which` chooses. Where they are set
 * forward, some readings never come: then it is the moment at which the clocks are set.
 */
export function instantOf(wall: WallTime, zone: string, which: "first" | "second"): number {
  // Two days off, every zone has left the reading behind it, or before it, also one that skips a day.
  const offsets = [offsetAt(wall - 2 * DAY_MS, zone), offsetAt(wall + 2 * DAY_MS, zone)];
  const instants = offsets
    .map((offset) => wall - offset)
    .filter((instant) => wallTimeAt(instant, zone) === wall);
  if (instants.length > 0) return which === "first" ? Math.min(...instants) : Math.max(...instants);
  let before = wall - Math.max(...offsets);
  let after = wall - Math.min(...offsets);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallTimeAt(middle, zone) < wall) before = middle;
    else after = middle;
  }
  return after;
}

function offsetAt(instant: number, zone: string): number {
  let formatter = formatters.get(zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    formatters.set(zone, formatter);
  }
  const parts = formatter.formatToParts(instant);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const match = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(name);
  if (!match) throw new Error(`the offset of ${zone} is given as ${JSON.stringify(name)}`);
  const [, sign, hours = "0", minutes = "0", seconds = "0"] = match;
  const size = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === "-" ? -size : size;
}
