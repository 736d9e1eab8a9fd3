/** When requests to a host are held back: `registry.resilience.circuit_breaker` of the manifest. */
export interface BreakerSettings {
  /** Default `true`. */
  readonly enabled: boolean;
  /** Failures in a row that open the breaker. Default 5. */
  readonly failureThreshold: number;
  /** How long it stays open, in milliseconds. Default 60 000. */
  readonly recoveryTimeoutMs: number;
  /** Requests that are then let through, and that must all succeed. Default 1. */
  readonly halfOpenRequests: number;
}

/** The settings that apply where the manifest gives none. */
export const DEFAULT_BREAKER: BreakerSettings = {
  enabled: true,
  failureThreshold: 5,
  recoveryTimeoutMs: 60_000,
  halfOpenRequests: 1,
};

/** How an admitted request ended. `unknown` says nothing about the host: an abort, or trouble of floe's own. */
export type RequestOutcome =
  | { readonly kind: "answered" }
  | { readonly kind: "failed"; readonly cause: unknown }
  | { readonly kind: "unknown" };

/** Answer to {@link CircuitBreaker.enter}. */
export type Admission =
  | {
      readonly kind: "admitted";
      /** To be called once, at any time. */
      readonly settle: (outcome: RequestOutcome, nowMs: number) => void;
    }
  | {
      readonly kind: "held-back";
      /** Until the next request is let through; 0 while one is on its way. */
      readonly waitMs: number;
      readonly failures: number;
      /** What the last request failed of. */
      readonly cause: unknown;
    };

/** Keeps requests from a host that fails again and again. */
export interface CircuitBreaker {
  /** Whether requests are held back, but for those that find out whether the host is back. */
  readonly isOpen: boolean;
  enter(settings: BreakerSettings, nowMs: number): Admission;
}

/** Makes a closed breaker. Settings come with every call, since stores with different ones may share a host. */
export function createCircuitBreaker(): CircuitBreaker {
  let failures = 0;
  let lastCause: unknown = null;
  let openedAt: number | null = null;
  /** Counts openings, so that a request of an earlier trial does not decide a later one. */
  let trial = 0;
  let trying = 0;
  let passed = 0;

  function open(nowMs: number): void {
    openedAt = nowMs;
    trial += 1;
    trying = 0;
    passed = 0;
  }

  function settleOrdinary(settings: BreakerSettings, outcome: RequestOutcome, nowMs: number): void {
    // What was sent before the breaker opened says nothing about now.
    if (openedAt !== null || outcome.kind === "unknown") return;
    if (outcome.kind === "answered") {
      failures = 0;
      return;
    }
    failures += 1;
    lastCause = outcome.cause;
    if (failures >= settings.failureThreshold) open(nowMs);
  }

  function settleTrial(settings: BreakerSettings, outcome: RequestOutcome, nowMs: number): void {
    trying -= 1;
    if (outcome.kind === "unknown") return;
    if (outcome.kind === "failed") {
      failures += 1;
      lastCause = outcome.cause;
      open(nowMs);
      return;
    }
    passed += 1;
    if (passed < settings.halfOpenRequests) return;
    failures = 0;
    lastCause = null;
    openedAt = null;
  }

  return {
    get isOpen() {
      return openedAt !== null;
    },
    enter(settings, nowMs) {
      if (openedAt === null) {
        return {
          kind: "admitted",
          settle: once((outcome, now) => settleOrdinary(settings, outcome, now)),
        };
      }
      const waitMs = Math.max(0, openedAt + settings.recoveryTimeoutMs - nowMs);
      if (waitMs > 0 || trying + passed >= settings.halfOpenRequests) {
        return { kind: "held-back", waitMs, failures, cause: lastCause };
      }
      const mine = trial;
      trying += 1;
      return {
        kind: "admitted",
        settle: once((outcome, now) => {
          if (mine === trial && openedAt !== null) settleTrial(settings, outcome, now);
        }),
      };
    },
  };
}

function once(
  run: (outcome: RequestOutcome, nowMs: number) => void,
): (outcome: RequestOutcome, nowMs: number) => void {
  let done = false;
  return (outcome, nowMs) => {
    if (done) return;
    done = true;
    run(outcome, nowMs);
  };
}
