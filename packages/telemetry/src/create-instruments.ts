import type { MetricName } from "@floe/core/ports";
import { METRICS } from "@floe/core/telemetry";
import type { Attributes, Context, Meter } from "@opentelemetry/api";

type Instrument = (value: number, attributes: Attributes, context: Context) => void;

/** Everything that is measured, each instrument made when it is first used. */
export interface Instruments {
  measure(metric: MetricName, value: number, attributes: Attributes, context: Context): void;
}

/** Makes the instruments of {@link METRICS}. */
export function createInstruments(meter: Meter): Instruments {
  const made = new Map<MetricName, Instrument>();
  const make = (metric: MetricName): Instrument => {
    const { kind, unit, description, limits } = METRICS[metric];
    const options = { unit, description };
    switch (kind) {
      case "counter": {
        const counter = meter.createCounter(metric, options);
        return (value, attributes, context) => counter.add(value, attributes, context);
      }
      case "gauge": {
        const gauge = meter.createGauge(metric, options);
        return (value, attributes, context) => gauge.record(value, attributes, context);
      }
      case "histogram": {
        const histogram = meter.createHistogram(metric, {
          ...options,
          ...(limits ? { advice: { explicitBucketBoundaries: [...limits] } } : {}),
        });
        return (value, attributes, context) => histogram.record(value, attributes, context);
      }
    }
  };
  return {
    measure(metric, value, attributes, context) {
      const instrument = made.get(metric) ?? make(metric);
      made.set(metric, instrument);
      instrument(value, attributes, context);
    },
  };
}
