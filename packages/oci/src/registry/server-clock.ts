/** The registry's clock, as far as its answers tell. */
export interface ServerClock {
  /** Takes an answer's `Date` header. */
  observe(date: string | undefined): void;
  now(): Date;
}

/** `Date` has whole seconds. */
const RESOLUTION_MS = 1000;

/**
 * Makes a clock that carries the last `Date` header forward by a monotonic clock, and is the local clock until
 * there is one.
 */
export function createServerClock(local: () => Date, monotonicMs: () => number): ServerClock {
  let last: { readonly at: number; readonly time: number } | null = null;
  const carried = () => (last === null ? local().getTime() : last.time + (monotonicMs() - last.at));
  return {
    observe(date) {
      const time = Date.parse(date ?? "");
      if (Number.isNaN(time)) return;
      // A header cut to the second says nothing new within that second; without this the clock would step back.
      const current = carried();
      if (last !== null && current >= time && current < time + RESOLUTION_MS) return;
      last = { at: monotonicMs(), time };
    },
    now: () => new Date(carried()),
  };
}
