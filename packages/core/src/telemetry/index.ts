export { FACTS, FLOE_FACTS } from "./fact-names.ts";
export { METRICS, type MetricDefinition } from "./metrics.ts";
export { parseTraceContext, type TraceContext, traceEnvironment } from "./trace-context.ts";
export { createUntraced, inSpan } from "./untraced.ts";
