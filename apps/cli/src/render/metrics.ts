import type { DurationMetric, Metric, Metrics } from "@floe/core";
import { table } from "./table.ts";

/** The figures for people. */
export function metricsText(found: Metrics): string {
  const { deploymentFrequency, leadTime, changeFailureRate, timeToRestore } = found;
  const period = found.since === null ? "no promotion yet" : `${found.since} to ${found.until}`;
  const rows: [string, Metric][] = [
    ["deployment frequency", deploymentFrequency],
    ["lead time for changes", leadTime],
    ["change failure rate", changeFailureRate],
    ["time to restore", timeToRestore],
  ];
  return [
    `${found.environment}, ${period}`,
    table(
      ["FIGURE", "VALUE", "SAMPLES", "HOW"],
      rows.map(([name, metric]) => [
        name,
        valueText(metric),
        String(metric.samples),
        { text: metric.how, style: "dim" },
      ]),
    ),
  ].join("\n");
}

function valueText({ value, unit }: Metric): string {
  if (value === null) return "no data";
  if (unit === "ratio") return `${(value * 100).toFixed(1)} %`;
  if (unit === "per_day") return `${Number(value.toPrecision(3))} a day`;
  const [size, name] =
    value >= 86_400
      ? [86_400, "d"]
      : value >= 3600
        ? [3600, "h"]
        : value >= 60
          ? [60, "m"]
          : [1, "s"];
  return `${Number((value / size).toPrecision(3))} ${name}`;
}

/** The figures as JSON; documented in `docs/reference/json.md`. */
export function metricsJson(found: Metrics): Record<string, unknown> {
  const { environment, since, until, leadTime } = found;
  return {
    environment,
    since,
    until,
    deployment_frequency: metricJson(found.deploymentFrequency),
    lead_time: {
      ...durationJson(leadTime),
      from: {
        first_environment: leadTime.from.firstEnvironment,
        artifact_created: leadTime.from.artifactCreated,
      },
      unknown: leadTime.unknown,
    },
    change_failure_rate: metricJson(found.changeFailureRate),
    time_to_restore: durationJson(found.timeToRestore),
  };
}

function metricJson({ value, unit, samples, how }: Metric): Record<string, unknown> {
  return { value, unit, samples, how };
}

function durationJson(metric: DurationMetric): Record<string, unknown> {
  return { ...metricJson(metric), p90: metric.p90 };
}
