import { describe, expect, test } from "vitest";
import { parseOtlpSettings } from "../src/index.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

describe("parseOtlpSettings", () => {
  test("sends all three kinds below the endpoint, in protobuf, unless told otherwise", () => {
    const { targets, resource, sampler, temporality, problems } = parseOtlpSettings(ENDPOINT);
    expect(Object.values(targets).map(({ url }) => url)).toEqual([
      "http://collector:4318/v1/traces",
      "http://collector:4318/v1/metrics",
      "http://collector:4318/v1/logs",
    ]);
    expect(targets.traces).toMatchObject({
      protocol: "http/protobuf",
      compression: "none",
      headers: {},
    });
    expect({ resource, sampler, temporality, problems }).toEqual({
      resource: { "service.name": "floe" },
      sampler: { kind: "always_on", parentBased: true, ratio: 1 },
      temporality: "cumulative",
      problems: [],
    });
  });

  test("takes what is said of one kind before what is said of all", () => {
    const { targets } = parseOtlpSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example.com/otlp/",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:1/as/it/is",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "http/protobuf",
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=all",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-tenant=metrics",
      OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: "500",
    });
    expect(targets).toEqual({
      traces: {
        ...{ url: "http://traces:1/as/it/is", protocol: "http/json", compression: "gzip" },
        ...{ headers: { "x-tenant": "all" }, timeoutMs: 10_000 },
      },
      metrics: {
        ...{ url: "https://collector.example.com/otlp/v1/metrics", protocol: "http/json" },
        ...{ compression: "none", headers: { "x-tenant": "metrics" }, timeoutMs: 10_000 },
      },
      logs: {
        ...{ url: "https://collector.example.com/otlp/v1/logs", protocol: "http/protobuf" },
        ...{ compression: "none", headers: { "x-tenant": "all" }, timeoutMs: 500 },
      },
    });
  });

  test("sends only what has an endpoint and is not switched off", () => {
    const { targets } = parseOtlpSettings({ ...ENDPOINT, OTEL_LOGS_EXPORTER: "none" });
    expect(Object.keys(targets)).toEqual(["traces", "metrics"]);
    const one = parseOtlpSettings({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://m:1/x" });
    expect(Object.keys(one.targets)).toEqual(["metrics"]);
  });

  test("reads headers and resource attributes percent-encoded; the name of the service goes before the attribute", () => {
    const { targets, resource } = parseOtlpSettings({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20dTpw%3D%3D, x-a = 1 ",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=caf%C3%A9",
      OTEL_SERVICE_NAME: "release",
    });
    expect(targets.traces?.headers).toEqual({ authorization: "Basic dTpw==", "x-a": "1" });
    expect(resource).toEqual({ "service.name": "release", team: "café" });
  });

  test("takes a mistake for a problem to be told, without the value of a header, and never for an error", () => {
    const wrong = parseOtlpSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://traces:1/",
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: "http://logs:1/",
      OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: "grpc",
      OTEL_EXPORTER_OTLP_HEADERS: "h1=fine,s3cret-without-a-name,b%ZZ=s3cret,c=s3cret%0d%0ax: y",
      OTEL_EXPORTER_OTLP_COMPRESSION: "zstd",
      OTEL_EXPORTER_OTLP_TIMEOUT: "-1",
      OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "2",
      OTEL_RESOURCE_ATTRIBUTES: "=x",
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: "sometimes",
    });
    expect(wrong.targets).toEqual({
      traces: {
        ...{ url: "http://traces:1/", protocol: "http/protobuf", compression: "none" },
        ...{ headers: { h1: "fine" }, timeoutMs: 10_000 },
      },
    });
    expect(wrong.sampler).toEqual({ kind: "traceidratio", parentBased: true, ratio: 1 });
    expect(wrong.problems).toEqual([
      "OTEL_EXPORTER_OTLP_HEADERS has an entry that is not key=value, which is left out",
      "OTEL_EXPORTER_OTLP_HEADERS has an entry that can be no header, which is left out",
      "OTEL_EXPORTER_OTLP_COMPRESSION is neither gzip nor none: nothing is compressed",
      "OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds: 10000 is used",
      "OTEL_EXPORTER_OTLP_ENDPOINT is no http or https address: no metrics are sent",
      "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL is neither http/protobuf nor http/json, which are what floe speaks: no logs are sent",
      "OTEL_RESOURCE_ATTRIBUTES has an entry that is not key=value, which is left out",
      "OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: 1 is used",
      "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is neither cumulative, delta nor lowmemory: cumulative is used",
    ]);
    expect(wrong.problems.join()).not.toContain("s3cret");
  });
});
