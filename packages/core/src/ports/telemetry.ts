/** What is said of a span, a measurement or a log line, named by OpenTelemetry's semantic conventions. What is `undefined` or `null` is left out. */
export type TelemetryFacts = Readonly<
  Record<string, string | number | boolean | readonly string[] | null | undefined>
>;

/** A piece of work that somebody watches. */
export interface TelemetrySpan {
  /** Says more of the work. */
  add(facts: TelemetryFacts): void;
  /** Something that happened meanwhile. */
  event(name: string, facts: TelemetryFacts): void;
  /** Says that the work failed, with a code that has few values; for a failure that nothing is thrown for. */
  fail(type: string, message?: string): void;
}

/** What is measured. Durations are in seconds. */
export type MetricName =
  | "floe.promotions"
  | "floe.operation.duration"
  | "floe.gate.duration"
  | "floe.ledger.events"
  | "floe.cache.lookups"
  | "floe.registry.breaker.open"
  | "floe.registry.held_back"
  | "http.client.request.duration";

/** How important a log line is. */
export type TelemetryLevel = "info" | "warn" | "error";

/**
 * Where core says what it does, for machines that watch. It is lossy and proves nothing: what has to be proven is in the ledger.
 * Nothing here fails or waits.
 */
export interface Telemetry {
  /** The W3C trace id (32 hexadecimal digits) of what is going on; `null`: every request makes its own. */
  traceId(): string | null;
  /** Variables by which a child process goes on with the trace (`TRACEPARENT`, `TRACESTATE`); none where nobody follows it. */
  childEnvironment(): Readonly<Record<string, string>>;
  /**
   * Does a piece of work as a span, within the span in which the caller is. What the work throws is thrown on, and the span
   * has failed.
   * @param kind - `client`: it waits for somebody else's answer. Default `internal`
   */
  span<Result>(
    name: string,
    facts: TelemetryFacts,
    work: (span: TelemetrySpan) => Promise<Result>,
    kind?: "internal" | "client",
  ): Promise<Result>;
  /** Notes one measurement. */
  measure(metric: MetricName, value: number, facts: TelemetryFacts): void;
  /** Writes a log line within the span in which the caller is. `event`: what kind of thing it is, where programs look for it. */
  log(level: TelemetryLevel, message: string, facts?: TelemetryFacts, event?: string): void;
}
