import { type CircuitBreaker, createCircuitBreaker } from "./circuit-breaker.ts";
import { createHostLimiter, type HostLimiter } from "./host-limiter.ts";

/** What is known of one origin, by everybody in the process who speaks to it. Times are of the monotonic clock. */
export interface HostState {
  readonly breaker: CircuitBreaker;
  /** Requests, until their answer is read; of a streamed answer until its headers. */
  readonly requests: HostLimiter;
  /**
   * Uploads have places of their own: what they send may have to be fetched from the same host first, and with one
   * line for both they would wait for each other.
   */
  readonly uploads: HostLimiter;
  /** No request before this moment: the host answered 429, or 503 with `Retry-After`. */
  pausedUntilMs: number;
  /** 429 without `Retry-After`, in a row. */
  throttled: number;
  /** The next moment that the rate limit leaves free. */
  nextStartMs: number;
  /** Warnings of this host that were shown. */
  readonly shown: Set<string>;
}

/** The states of all origins. */
export interface HostStates {
  /** `origin`: scheme, host and port. */
  of(origin: string): HostState;
}

/** A registry may redirect to any number of hosts; the oldest are forgotten. */
const MAX_HOSTS = 1000;

/** Makes an empty table of hosts. */
export function createHostStates(): HostStates {
  const states = new Map<string, HostState>();
  return {
    of(origin) {
      const known = states.get(origin);
      if (known !== undefined) return known;
      const [oldest] = states.keys();
      if (states.size >= MAX_HOSTS && oldest !== undefined) states.delete(oldest);
      const state: HostState = {
        breaker: createCircuitBreaker(),
        requests: createHostLimiter(),
        uploads: createHostLimiter(),
        pausedUntilMs: 0,
        throttled: 0,
        nextStartMs: 0,
        shown: new Set(),
      };
      states.set(origin, state);
      return state;
    },
  };
}

/** The table that all stores of a process share unless they are given another. */
export const PROCESS_HOSTS: HostStates = createHostStates();
