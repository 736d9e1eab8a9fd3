import { createHostStates, createRegistryStore } from "@floe/oci";
import { createTelemetry, parseOtlpSettings } from "@floe/telemetry";
import { startCollector, startRegistry, type TestCollector } from "@floe/testing";
import { expect, test } from "vitest";

const call = { signal: new AbortController().signal };
const RECOVERY_MS = 60_000;

test("a collector is told when requests to a host are held back, how many, and when it answers again", async () => {
  await using registry = await startRegistry();
  const down = { kind: "status", status: 503 } as const;
  registry.faults.add({ match: {}, action: down, times: 2 });
  const hosts = createHostStates();
  let now = 0;

  // As two commands of one process, each with its own measurements.
  async function resolve(times: number): Promise<TestCollector> {
    const collector = await startCollector();
    const telemetry = createTelemetry({
      settings: parseOtlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }),
      ...{ version: "1.2.3", caller: null, mask: (text: string) => text, instanceId: "one" },
    });
    const store = createRegistryStore({
      uri: `oci://${registry.host}/acme/app`,
      retry: { maxAttempts: 1 },
      circuitBreaker: { failureThreshold: 2, recoveryTimeoutMs: RECOVERY_MS },
      ...{ hosts, telemetry, monotonicMs: () => now },
    });
    for (let time = 0; time < times; time += 1)
      await store.resolve("v1", call).catch(() => undefined);
    await store[Symbol.asyncDispose]?.();
    expect(await telemetry.finish(call)).toBeNull();
    await collector[Symbol.asyncDispose]();
    return collector;
  }

  const [address = "", port] = registry.host.split(":");
  const host = { "server.address": address, "server.port": Number(port) };
  const told = (collector: TestCollector) => ({
    points: collector.points
      .filter(({ name }) => name.startsWith("floe.registry."))
      .map(({ name, kind, value, attributes }) => ({ name, kind, value, attributes }))
      .sort((a, b) => (a.name < b.name ? -1 : 1)),
    requests: collector.points
      .filter(({ name }) => name === "http.client.request.duration")
      .map(({ count, attributes }) => [count, attributes["http.response.status_code"]]),
    logs: collector.logs
      .filter(({ event }) => event === "floe.registry.breaker")
      .map(({ severity, body }) => [severity, body]),
  });

  expect(told(await resolve(5))).toEqual({
    points: [
      { name: "floe.registry.breaker.open", kind: "gauge", value: 1, attributes: host },
      { name: "floe.registry.held_back", kind: "sum", value: 3, attributes: host },
    ],
    requests: [[2, 503]],
    logs: [["WARN", `${registry.host} failed again and again: requests are held back`]],
  });
  expect(registry.requests).toHaveLength(2);

  now += RECOVERY_MS;
  expect(told(await resolve(1))).toEqual({
    points: [{ name: "floe.registry.breaker.open", kind: "gauge", value: 0, attributes: host }],
    requests: [[1, 404]],
    logs: [["INFO", `${registry.host} answers again`]],
  });
});
