/** Runs a piece of work, or waits for the same work that somebody else has begun. */
export type SharedWork<Result> = (
  /** Work is the same only for the very same objects. */
  owners: readonly [object, object],
  key: string,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<Result>,
) => Promise<Result>;

interface Running<Result> {
  readonly work: Promise<Result>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Makes a guard that lets the same work run once at a time: eight containers of one image are one verification. Everybody
 * who waits gets its result or error; who gives up only stops waiting, and the last one to give up ends the work.
 */
export function createSharedWork<Result>(): SharedWork<Result> {
  const all = new WeakMap<object, WeakMap<object, Map<string, Running<Result>>>>();

  function runningFor([first, second]: readonly [object, object]): Map<string, Running<Result>> {
    const inner = all.get(first) ?? new WeakMap<object, Map<string, Running<Result>>>();
    all.set(first, inner);
    const found = inner.get(second) ?? new Map<string, Running<Result>>();
    inner.set(second, found);
    return found;
  }

  return async (owners, key, signal, run) => {
    signal.throwIfAborted();
    const running = runningFor(owners);
    let one = running.get(key);
    if (one === undefined || one.abort.signal.aborted) {
      const abort = new AbortController();
      const work = run(abort.signal).finally(() => {
        if (running.get(key)?.abort === abort) running.delete(key);
      });
      one = { work, abort, waiting: 0 };
      running.set(key, one);
    }
    one.waiting += 1;
    const { promise, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await Promise.race([one.work, promise]);
    } finally {
      signal.removeEventListener("abort", stop);
      one.waiting -= 1;
      if (one.waiting === 0) one.abort.abort(signal.reason);
    }
  };
}
