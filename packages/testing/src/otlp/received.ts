/** Attributes as plain values. */
export type OtlpAttributes = Readonly<Record<string, unknown>>;

/** A span as a collector got it. */
export interface OtlpSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** 1 internal, 3 client. */
  readonly kind: number;
  readonly attributes: OtlpAttributes;
  readonly events: readonly { readonly name: string; readonly attributes: OtlpAttributes }[];
  /** 0 unset, 1 ok, 2 error. */
  readonly status: { readonly code: number; readonly message: string };
  readonly durationNs: bigint;
  readonly resource: OtlpAttributes;
  readonly schemaUrl: string;
}

/** One point of a metric. */
export interface OtlpPoint {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  /** 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly attributes: OtlpAttributes;
  /** Of a histogram its sum. */
  readonly value: number;
  /** Of a histogram how many were measured. */
  readonly count: number;
  readonly resource: OtlpAttributes;
}

/** A log record as a collector got it. */
export interface OtlpLog {
  readonly body: unknown;
  readonly severity: string;
  readonly event: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: OtlpAttributes;
  readonly resource: OtlpAttributes;
}

// What was decoded is read as it is: a collector in a test that is sent something else should fail there.
// biome-ignore lint/suspicious/noExplicitAny: of any shape, by whoever sent it
type Raw = any;

/** The spans of a request for traces, in JSON. */
export function spansIn(request: Raw): OtlpSpan[] {
  return (request.resourceSpans ?? []).flatMap(({ resource, scopeSpans }: Raw) =>
    (scopeSpans ?? []).flatMap(({ spans, schemaUrl }: Raw) =>
      (spans ?? []).map((span: Raw) => ({
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        traceState: span.traceState ?? "",
        kind: span.kind,
        attributes: attributesOf(span.attributes),
        events: (span.events ?? []).map((event: Raw) => ({
          name: event.name,
          attributes: attributesOf(event.attributes),
        })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
        durationNs: BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano),
        resource: attributesOf(resource?.attributes),
        schemaUrl: schemaUrl ?? "",
      })),
    ),
  );
}

/** The points of a request for metrics, in JSON. */
export function pointsIn(request: Raw): OtlpPoint[] {
  return (request.resourceMetrics ?? []).flatMap(({ resource, scopeMetrics }: Raw) =>
    (scopeMetrics ?? []).flatMap(({ metrics }: Raw) =>
      (metrics ?? []).flatMap((metric: Raw) =>
        (["gauge", "sum", "histogram"] as const).flatMap((kind) =>
          (metric[kind]?.dataPoints ?? []).map((point: Raw) => ({
            name: metric.name,
            unit: metric.unit,
            kind,
            temporality: metric[kind].aggregationTemporality ?? 0,
            attributes: attributesOf(point.attributes),
            value: Number(point.asDouble ?? point.asInt ?? point.sum ?? 0),
            count: Number(point.count ?? 1),
            resource: attributesOf(resource?.attributes),
          })),
        ),
      ),
    ),
  );
}

/** The records of a request for logs, in JSON. */
export function logsIn(request: Raw): OtlpLog[] {
  return (request.resourceLogs ?? []).flatMap(({ resource, scopeLogs }: Raw) =>
    (scopeLogs ?? []).flatMap(({ logRecords }: Raw) =>
      (logRecords ?? []).map((record: Raw) => ({
        body: plainValue(record.body),
        severity: record.severityText ?? "",
        event: record.eventName ?? "",
        traceId: record.traceId ?? "",
        spanId: record.spanId ?? "",
        attributes: attributesOf(record.attributes),
        resource: attributesOf(resource?.attributes),
      })),
    ),
  );
}

function attributesOf(pairs: Raw): OtlpAttributes {
  return Object.fromEntries((pairs ?? []).map(({ key, value }: Raw) => [key, plainValue(value)]));
}

function plainValue(value: Raw): unknown {
  if (!value) return null;
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plainValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}
