import type { Telemetry, TelemetryFacts, TelemetrySpan } from "../ports/telemetry.ts";
import { type TraceContext, traceEnvironment } from "./trace-context.ts";

/** A span that nobody watches. */
const UNWATCHED: TelemetrySpan = { add() {}, event() {}, fail() {} };

/**
 * Telemetry that records nothing and still says under which trace id everything happens. Whoever called with a trace of its own
 * finds it handed on to child processes as it came.
 */
export function createUntraced(traceId: string, caller: TraceContext | null): Telemetry {
  const environment = caller === null ? {} : traceEnvironment(caller);
  return {
    traceId: () => traceId,
    childEnvironment: () => environment,
    span: async (_name, _facts, work) => await work(UNWATCHED),
    measure() {},
    log() {},
  };
}

/** Does a piece of work as a span, where somebody watches. */
export async function inSpan<Result>(
  { telemetry }: { readonly telemetry?: Telemetry | undefined },
  name: string,
  facts: TelemetryFacts,
  work: (span: TelemetrySpan) => Promise<Result>,
): Promise<Result> {
  return telemetry ? await telemetry.span(name, facts, work) : await work(UNWATCHED);
}
