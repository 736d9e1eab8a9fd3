import type { MetricName } from "../ports/telemetry.ts";

/** How something is measured. */
export interface MetricDefinition {
  readonly kind: "counter" | "gauge" | "histogram";
  /** A unit of UCUM, as OpenTelemetry writes them. */
  readonly unit: string;
  readonly description: string;
  /** Upper limits of a histogram's classes. */
  readonly limits?: readonly number[];
}

// Of the convention for HTTP.
const REQUEST_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const WORK_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];

/** Everything that is measured; documented in docs/guides/observe.md. */
export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = {
  "floe.promotions": {
    kind: "counter",
    unit: "{promotion}",
    description: "Promotions by environment and result; dry runs are not among them",
  },
  "floe.operation.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long what was asked for took",
    limits: WORK_SECONDS,
  },
  "floe.gate.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long a gate took, by its status",
    limits: WORK_SECONDS,
  },
  "floe.ledger.events": {
    kind: "counter",
    unit: "{event}",
    description: "Events that were appended to ledgers",
  },
  "floe.cache.lookups": {
    kind: "counter",
    unit: "{lookup}",
    description: "Content that was looked for in the cache",
  },
  "floe.registry.breaker.open": {
    kind: "gauge",
    unit: "1",
    description:
      "1 while requests to a host are held back because it failed again and again, else 0",
  },
  "floe.registry.held_back": {
    kind: "counter",
    unit: "{request}",
    description: "Requests that were not sent because the circuit breaker was open",
  },
  "http.client.request.duration": {
    kind: "histogram",
    unit: "s",
    description: "How long requests to registries took until the answer's headers",
    limits: REQUEST_SECONDS,
  },
};
