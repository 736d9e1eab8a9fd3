/** Lets so many through at a time, in the order of arrival. */
export interface HostLimiter {
  /**
   * Waits for a place and gives the function that leaves it, which may be called twice.
   * @throws the signal's reason - aborted while waiting
   */
  acquire(limit: number, signal: AbortSignal): Promise<() => void>;
}

interface Waiter {
  readonly limit: number;
  readonly enter: () => void;
}

/** Makes a limiter. The limit comes with every call, since stores with different ones may share a host. */
export function createHostLimiter(): HostLimiter {
  const waiting: Waiter[] = [];
  let active = 0;

  /** Only the first in the line may enter: a request with a higher limit does not overtake. */
  function admit(): void {
    for (;;) {
      const [first] = waiting;
      if (first === undefined || active >= first.limit) return;
      waiting.shift();
      active += 1;
      first.enter();
    }
  }

  function leaver(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      active -= 1;
      admit();
    };
  }

  return {
    acquire(limit, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      if (signal.aborted) {
        reject(signal.reason);
        return promise;
      }
      const abort = () => {
        waiting.splice(waiting.indexOf(waiter), 1);
        reject(signal.reason);
        admit();
      };
      const waiter: Waiter = {
        limit,
        enter: () => {
          signal.removeEventListener("abort", abort);
          resolve(leaver());
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      waiting.push(waiter);
      admit();
      return promise;
    },
  };
}
