import type { Logger, Meter, Tracer } from "@opentelemetry/api";
import {
  JsonLogsSerializer,
  JsonMetricsSerializer,
  JsonTraceSerializer,
  LogsExporterMetricsHelper,
  MetricsExporterMetricsHelper,
  ProtobufLogsSerializer,
  ProtobufMetricsSerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from "@opentelemetry/otlp-transformer";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { cleanFacts } from "./clean-facts.ts";
import { createExporter, type Exporter } from "./create-exporter.ts";
import type { TelemetryOptions } from "./create-telemetry.ts";
import type { OtlpSettings, Signal } from "./otlp-settings.ts";

/** What spans, measurements and log lines go through. */
export interface Providers {
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly logger: Logger;
  /** Sends what was not sent yet. Trouble does not throw. */
  flush(): Promise<void>;
  /** Lets go of what is still on its way, and of every timer. */
  abandon(): void;
  /** What could not be sent, and why; `null`: all was taken. */
  problem(tooLate: boolean): string | null;
}

/** The conventions that names of attributes follow. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";

/** How often what has gathered is sent meanwhile, in milliseconds. */
const EVERY_MS = 5000;
const METRICS_EVERY_MS = 60_000;

/** Opens the SDK's providers for the kinds that are sent. */
export function openProviders(options: TelemetryOptions, longestMs: number): Providers {
  const { settings, version } = options;
  const { targets } = settings;
  const resource = defaultResource().merge(
    resourceFromAttributes(
      cleanFacts(
        {
          "service.version": version,
          "service.instance.id": options.instanceId,
          ...settings.resource,
        },
        options.mask,
      ),
    ),
  );
  const exporters: {
    readonly signal: Signal;
    readonly url: string;
    readonly exporter: Exporter<never>;
  }[] = [];
  const common = { userAgent: `floe/${version}`, longestMs };
  function open<Items, Answer>(
    signal: Signal,
    made: Pick<Parameters<typeof createExporter<Items, Answer>>[0], "serializer" | "helper">,
  ): Exporter<Items> | null {
    const target = targets[signal];
    if (!target) return null;
    const exporter = createExporter({ ...common, ...made, signal, target });
    exporters.push({ signal, url: target.url, exporter: exporter as Exporter<never> });
    return exporter;
  }
  const isJson = (signal: Signal): boolean => targets[signal]?.protocol === "http/json";

  const spans = open("traces", {
    serializer: isJson("traces") ? JsonTraceSerializer : ProtobufTraceSerializer,
    helper: TraceExporterMetricsHelper,
  });
  const measurements = open("metrics", {
    serializer: isJson("metrics") ? JsonMetricsSerializer : ProtobufMetricsSerializer,
    helper: MetricsExporterMetricsHelper,
  });
  const lines = open("logs", {
    serializer: isJson("logs") ? JsonLogsSerializer : ProtobufLogsSerializer,
    helper: LogsExporterMetricsHelper,
  });

  const random = new RandomIdGenerator();
  const traces = new TracerProvider({
    resource,
    sampler: samplerOf(settings.sampler),
    idGenerator: {
      generateTraceId: () => options.traceId ?? random.generateTraceId(),
      generateSpanId: () => random.generateSpanId(),
    },
    spanProcessors: spans
      ? [new BatchSpanProcessor({ exporter: spans, scheduledDelayMillis: EVERY_MS })]
      : [],
  });
  const metrics = new MeterProvider({
    resource,
    readers: measurements
      ? [
          new PeriodicExportingMetricReader({
            exporter: {
              export: (given, done) => measurements.export(given, done),
              forceFlush: () => measurements.forceFlush(),
              shutdown: () => measurements.shutdown(),
              selectAggregationTemporality: (type) => temporalityOf(type, settings.temporality),
            },
            exportIntervalMillis: METRICS_EVERY_MS,
          }),
        ]
      : [],
  });
  const logs = new LoggerProvider({
    resource,
    processors: lines
      ? [new BatchLogRecordProcessor({ exporter: lines, scheduledDelayMillis: EVERY_MS })]
      : [],
  });
  const all = [traces, metrics, logs];
  const scope = ["floe", version, { schemaUrl: SCHEMA_URL }] as const;

  return {
    tracer: traces.getTracer(...scope),
    meter: metrics.getMeter(...scope),
    logger: logs.getLogger(...scope),
    async flush() {
      await Promise.allSettled(all.map(async (provider) => await provider.forceFlush()));
    },
    abandon() {
      for (const { exporter } of exporters) exporter.abandon();
      // Clears the timers; there is nothing left that it could wait for.
      for (const provider of all) void provider.shutdown().catch(() => {});
    },
    problem(tooLate) {
      const failed = exporters.flatMap(({ signal, url, exporter }) => {
        const why =
          exporter.failure ??
          (tooLate && exporter.waits ? `no answer within ${longestMs / 1000} s` : null);
        return why === null ? [] : [{ signal, origin: new URL(url).origin, why }];
      });
      const [first] = failed;
      if (!first) return null;
      const kinds = failed.map(({ signal }) => signal).join(", ");
      return `${kinds} could not be sent to ${first.origin}: ${first.why}`;
    },
  };
}

function samplerOf({ kind, parentBased, ratio }: OtlpSettings["sampler"]): Sampler {
  const root =
    kind === "always_on"
      ? new AlwaysOnSampler()
      : kind === "always_off"
        ? new AlwaysOffSampler()
        : new TraceIdRatioBasedSampler(ratio);
  return parentBased ? new ParentBasedSampler({ root }) : root;
}

// OTLP exporter specification, "Additional Environment Variable Configuration".
function temporalityOf(
  type: InstrumentType,
  preference: OtlpSettings["temporality"],
): AggregationTemporality {
  const isDelta =
    preference === "delta"
      ? type !== InstrumentType.UP_DOWN_COUNTER &&
        type !== InstrumentType.OBSERVABLE_UP_DOWN_COUNTER
      : preference === "lowmemory" &&
        (type === InstrumentType.COUNTER || type === InstrumentType.HISTOGRAM);
  return isDelta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
}
