/** A limit of time for what is not floe's code. */
export interface TimeLimit extends Disposable {
  /** Aborted with a `TimeoutError` when the time is over. */
  readonly signal: AbortSignal;
}

/**
 * Begins a limit of time, in milliseconds. Other than `AbortSignal.timeout` it keeps the process alive until then: what never
 * answers may leave nothing else to wait for, and Node would end the process, with success, before anybody is told.
 */
export function timeLimit(ms: number): TimeLimit {
  const over = new AbortController();
  const timer = setTimeout(
    () => over.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    ms,
  );
  return { signal: over.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}
