/** Runs a piece of work, or waits for the same work that somebody else has begun. */
export type SingleFlight<Result> = (
  key: string,
  signal: AbortSignal,
  run: () => Promise<Result>,
) => Promise<Result>;

/**
 * Makes a guard that lets work of one key run once at a time. Everybody who waits gets its result or error; only when
 * the one who began it gave up, one of those who waited begins again.
 */
export function createSingleFlight<Result>(): SingleFlight<Result> {
  const running = new Map<string, { work: Promise<Result>; owner: AbortSignal }>();

  return async (key, signal, run) => {
    for (;;) {
      signal.throwIfAborted();
      const other = running.get(key);
      if (other === undefined) {
        const work = run().finally(() => running.delete(key));
        running.set(key, { work, owner: signal });
        return await work;
      }
      try {
        return await orAborted(other.work, signal);
      } catch (error) {
        if (signal.aborted || !other.owner.aborted) throw error;
      }
    }
  };
}

/** Waits for work that has no signal of its own; an abort ends the waiting, not the work. */
export async function orAborted<Result>(
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
