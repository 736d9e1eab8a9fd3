import { readFileSync } from "node:fs";
import { FloeError } from "@floe/core/errors";
import { FACTS, METRICS, parseTraceContext } from "@floe/core/telemetry";
import { startCollector } from "@floe/testing";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { describe, expect, test } from "vitest";
import { createTelemetry, parseOtlpSettings, type TelemetryOptions } from "../src/index.ts";
import { SCHEMA_URL } from "../src/open-providers.ts";

const go = { signal: new AbortController().signal };
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";

function open(
  endpoint: string,
  env: Readonly<Record<string, string>> = {},
  more: Partial<TelemetryOptions> = {},
) {
  return createTelemetry({
    settings: parseOtlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env }),
    version: "1.2.3",
    caller: null,
    mask: (text) => text.replaceAll("s3cret", "***"),
    instanceId: "one",
    ...more,
  });
}

describe.each(["http/protobuf", "http/json"])("over %s", (protocol) => {
  test("a collector gets spans within spans, measurements and log lines, each with what was said of it", async () => {
    await using collector = await startCollector();
    const telemetry = open(collector.endpoint, {
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_EXPORTER_OTLP_HEADERS: "x-tenant=a%20b",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_SERVICE_NAME: "release",
      OTEL_RESOURCE_ATTRIBUTES: "team=core",
    });

    const answer = await telemetry.span("outer", { text: "a", many: ["b", "c"] }, async (outer) => {
      await Promise.all([
        telemetry.span("left", {}, async () =>
          telemetry.log("warn", "careful", { n: 1 }, "some.event"),
        ),
        telemetry.span("right", { nothing: undefined, no: null }, async () => {}, "client"),
      ]);
      outer.event("happened", { yes: true });
      outer.add({ later: 1.5 });
      telemetry.measure("floe.promotions", 1, { result: "done" });
      telemetry.measure("floe.promotions", 2, { result: "done" });
      telemetry.measure("floe.gate.duration", 0.25, {});
      telemetry.measure("floe.registry.breaker.open", 1, {});
      return 42;
    });
    expect([answer, await telemetry.finish(go)]).toEqual([42, null]);

    const [outer, left, right] = ["outer", "left", "right"].map((name) => collector.span(name));
    expect(outer).toMatchObject({
      parentSpanId: "",
      kind: 1,
      attributes: { text: "a", many: ["b", "c"], later: 1.5 },
      events: [{ name: "happened", attributes: { yes: true } }],
      status: { code: 0 },
      resource: {
        "service.name": "release",
        team: "core",
        "service.version": "1.2.3",
        "service.instance.id": "one",
      },
      schemaUrl: SCHEMA_URL,
    });
    expect(outer?.traceId).toMatch(/^[0-9a-f]{32}$/);
    for (const inner of [left, right])
      expect(inner).toMatchObject({ traceId: outer?.traceId, parentSpanId: outer?.spanId });
    expect(right).toMatchObject({ kind: 3, attributes: {} });
    expect(collector.logs).toEqual([
      {
        ...{ body: "careful", severity: "WARN", event: "some.event", attributes: { n: 1 } },
        ...{ traceId: outer?.traceId, spanId: left?.spanId, resource: outer?.resource },
      },
    ]);
    const points = collector.points.map(({ name, kind, value, count, temporality, unit }) => ({
      ...{ name, kind, value, count, temporality, unit },
    }));
    expect(points.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      {
        name: "floe.gate.duration",
        kind: "histogram",
        value: 0.25,
        count: 1,
        temporality: 2,
        unit: "s",
      },
      {
        name: "floe.promotions",
        kind: "sum",
        value: 3,
        count: 1,
        temporality: 2,
        unit: "{promotion}",
      },
      {
        name: "floe.registry.breaker.open",
        kind: "gauge",
        value: 1,
        count: 1,
        temporality: 0,
        unit: "1",
      },
    ]);
    for (const { headers } of collector.requests)
      expect(headers).toMatchObject({
        "x-tenant": "a b",
        "content-encoding": "gzip",
        "content-type": protocol === "http/json" ? "application/json" : "application/x-protobuf",
        "user-agent": expect.stringMatching(/^floe\/1\.2\.3 OTel-OTLP-Exporter-JavaScript\//),
      });
  });
});

describe("a trace", () => {
  test("goes on with that of whoever called, and child processes go on with it", async () => {
    await using collector = await startCollector();
    const caller = parseTraceContext({
      TRACEPARENT: `00-${TRACE}-${SPAN}-01`,
      TRACESTATE: "vendor=1",
    });
    const telemetry = open(collector.endpoint, {}, { caller });
    expect(telemetry.traceId()).toBe(TRACE);
    const child = await telemetry.span("work", {}, async () => telemetry.childEnvironment());
    await telemetry.finish(go);
    const work = collector.span("work");
    expect(work).toMatchObject({ traceId: TRACE, parentSpanId: SPAN, traceState: "vendor=1" });
    expect(child).toEqual({ TRACEPARENT: `00-${TRACE}-${work.spanId}-01`, TRACESTATE: "vendor=1" });
  });

  test("is not recorded where the caller does not record it, unless the sampler says so", async () => {
    await using collector = await startCollector();
    const caller = parseTraceContext({ TRACEPARENT: `00-${TRACE}-${SPAN}-00` });
    for (const sampler of ["parentbased_always_on", "always_off", "always_on"]) {
      const telemetry = open(collector.endpoint, { OTEL_TRACES_SAMPLER: sampler }, { caller });
      await telemetry.span(sampler, {}, async () => {});
      await telemetry.finish(go);
    }
    expect(collector.spans.map(({ name }) => name)).toEqual(["always_on"]);
  });

  test("has the identifier that it was given, and children of nobody's span go on with the caller's", async () => {
    await using collector = await startCollector();
    const only = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${collector.endpoint}/v1/metrics` };
    const settings = parseOtlpSettings(only);
    const caller = parseTraceContext({ TRACEPARENT: `00-${TRACE}-${SPAN}-01` });
    const telemetry = open("", {}, { settings, caller, traceId: TRACE });
    const child = await telemetry.span("unseen", {}, async () => telemetry.childEnvironment());
    expect(child).toEqual({ TRACEPARENT: `00-${TRACE}-${SPAN}-01` });
    expect(await telemetry.finish(go)).toBeNull();
    const given = open(collector.endpoint, {}, { traceId: "1".repeat(32) });
    await given.span("given", {}, async () => expect(given.traceId()).toBe("1".repeat(32)));
    await given.finish(go);
    expect(collector.span("given").traceId).toBe("1".repeat(32));
  });
});

describe("what goes wrong", () => {
  test("in the work is thrown on as it was, and the span has failed with its code", async () => {
    await using collector = await startCollector();
    const telemetry = open(collector.endpoint);
    const error = new FloeError({
      code: "FLOE_REGISTRY_UNAVAILABLE",
      message: "no answer to s3cret",
      hint: "wait",
    });
    const work = telemetry.span("work", {}, async () => await Promise.reject(error));
    await expect(work).rejects.toBe(error);
    await telemetry.finish(go);
    expect(collector.span("work")).toMatchObject({
      status: { code: 2, message: "no answer to ***" },
      attributes: { "error.type": "FLOE_REGISTRY_UNAVAILABLE" },
      events: [],
    });
  });

  test.each([
    [
      "nobody listens",
      null,
      /^traces, metrics, logs could not be sent to http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED/,
      2500,
    ],
    ["the collector never answers", "hang", /no answer within 2 s$/, 2500],
    [
      "it refuses, with a secret in its words",
      { status: 401, words: "no s3cret" },
      /401 no \*\*\*$/,
      1000,
    ],
  ] as const)(
    "with the collector (%s) is said in a sentence, after a short time",
    async (_, how, words, ms) => {
      await using collector = await startCollector();
      collector.refuse(how);
      const telemetry = open(how === null ? "http://127.0.0.1:1" : collector.endpoint);
      await telemetry.span("work", {}, async () => telemetry.log("info", "line"));
      telemetry.measure("floe.promotions", 1, {});
      const started = performance.now();
      expect(await telemetry.finish(go)).toMatch(words);
      expect(performance.now() - started).toBeLessThan(ms);
    },
  );

  test("is not waited for once somebody says stop", async () => {
    await using collector = await startCollector();
    collector.refuse("hang");
    const telemetry = open(collector.endpoint);
    await telemetry.span("work", {}, async () => {});
    const started = performance.now();
    await telemetry.finish({ signal: AbortSignal.timeout(50) });
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

test("no secret leaves in a name, a value, an event, a failure, a line or a resource", async () => {
  await using collector = await startCollector();
  const telemetry = open(collector.endpoint, {
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_RESOURCE_ATTRIBUTES: "token=s3cret",
  });
  const long = `${"x".repeat(4093)}s3cret`;
  await telemetry.span(
    "s3cret",
    { a: "s3cret", b: ["s3cret"], long, broken: "s3cret\ud800" },
    async (span) => {
      span.add({ c: "s3cret" });
      span.event("happened", { d: "s3cret" });
      span.fail("CODE", "s3cret");
      telemetry.log("error", "s3cret", { e: "s3cret" });
      telemetry.measure("floe.promotions", 1, { f: "s3cret", nan: Number.NaN });
    },
  );
  expect(await telemetry.finish(go)).toBeNull();
  const sent = collector.requests.map(({ body }) => body.toString("utf8")).join("\n");
  expect(sent.match(/\*\*\*/g)?.length).toBeGreaterThan(9);
  expect(sent).not.toContain("s3cr");
});

describe("names", () => {
  test("are those of the conventions, of the version that the schema names", () => {
    const known = new Set<unknown>(
      Object.entries(conventions).flatMap(([name, value]) =>
        name.startsWith("ATTR_") ? [value] : [],
      ),
    );
    expect(Object.values(FACTS).filter((name) => !known.has(name))).toEqual([]);
    const pack = new URL(
      "../package.json",
      import.meta.resolve("@opentelemetry/semantic-conventions"),
    );
    const { version } = JSON.parse(readFileSync(pack, "utf8")) as { version: string };
    expect(SCHEMA_URL).toBe(`https://opentelemetry.io/schemas/${version}`);
  });

  test("of metrics are all in the guide, with their units", () => {
    const guide = readFileSync(new URL("../../../docs/guides/observe.md", import.meta.url), "utf8");
    const rows = new Set(
      [...guide.matchAll(/^\| `([\w.]+)` \| (\w+) \| `([^`]+)` \|/gm)].map(([, ...cells]) =>
        cells.join(),
      ),
    );
    expect([...rows].sort()).toEqual(
      Object.entries(METRICS)
        .map(([name, { kind, unit }]) => [name, kind, unit].join())
        .sort(),
    );
  });
});
