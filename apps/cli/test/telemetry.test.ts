import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startCollector, startRegistry, type TestCollector } from "@floe/testing";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "./bed/a-project.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const CALLER = { TRACEPARENT: `00-${TRACE}-b7ad6b7169203331-01` };
const PASSWORD = "Pa55-word/of+the=registry";
const GATE_SECRET = "S3cret-of-a-gate";
const HEADER_SECRET = "H3ader-secret-value";

const tells = { command: ["sh", "-c", 'env > told.txt; echo "$MY_SECRET"'] };
const DEV = { name: "dev", gates: { policy_compliance: true, tells } };

function sentTo({ endpoint }: TestCollector, protocol = "http/json") {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol };
}

/** Lists what a run loads, also what it loads late. */
function loadsOf(project: Project) {
  const list = join(project.dir, "loaded.txt");
  project.write(
    "list-loads.mjs",
    `import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({ load(url, context, next) { appendFileSync(${JSON.stringify(list)}, url + "\\n"); return next(url, context); } });
`,
  );
  return {
    env: { NODE_OPTIONS: `--import=${join(project.dir, "list-loads.mjs")}` },
    read: () => readFileSync(list, "utf8").split("\n"),
  };
}

const isTelemetry = (url: string) => /open-watched|opentelemetry/.test(url);

test("a promotion is one trace, from the caller's span down to requests and events, and no secret is in it", async () => {
  await using collector = await startCollector();
  const auth = { kind: "basic", username: "ci", password: PASSWORD } as const;
  await using registry = await startRegistry({ auth });
  await using project = await aProject({
    environments: [
      {
        ...DEV,
        gates: { ...DEV.gates, tells: { ...tells, secret_env: { MY_SECRET: "env:GATE_VALUE" } } },
      },
    ],
  });
  const uri = `oci://${registry.host}/acme/app`;
  const login = { CREDENTIALS_OF_CI: `ci:${PASSWORD}` };
  const copied = await project.runWith(
    { env: { FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: PASSWORD } },
    ...["artifact", "copy", "v1.0.0", uri],
  );
  expect(copied.code, copied.stderr).toBe(0);
  const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
  manifest.artifacts["registry"] = {
    uri,
    auth: { type: "basic", credentials_ref: "env:CREDENTIALS_OF_CI" },
  };
  project.write("manifest.yaml", stringify(manifest));
  const before = registry.requests.length;

  const env = {
    ...{ ...sentTo(collector), ...CALLER, ...login, GATE_VALUE: GATE_SECRET },
    TRACESTATE: "vendor=1",
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${HEADER_SECRET}`,
    OTEL_RESOURCE_ATTRIBUTES: `key=${HEADER_SECRET}`,
  };
  const run = await project.runWith(
    { env },
    "promote",
    "v1.0.0",
    "--to",
    "dev",
    "--verbose",
    "-o",
    "json",
  );

  expect(run.code, run.stderr).toBe(0);
  expect(run.json["trace_id"]).toBe(TRACE);
  expect(collector.spans.every(({ traceId }) => traceId === TRACE)).toBe(true);
  const digest = run.json["artifact_digest"];
  const command = collector.span("floe platform promote");
  expect(command).toMatchObject({
    parentSpanId: "b7ad6b7169203331",
    attributes: { "process.executable.name": "floe", "process.exit.code": 0 },
    status: { code: 0 },
  });
  const promote = collector.span("promote");
  expect(promote).toMatchObject({
    parentSpanId: command.spanId,
    attributes: {
      "cicd.pipeline.name": "acme",
      "cicd.pipeline.run.id": run.json["promotion_id"],
      "cicd.pipeline.result": "success",
      "deployment.environment.name": "dev",
      "deployment.id": run.json["promotion_id"],
      "deployment.status": "succeeded",
      "artifact.version": "v1.0.0",
      "oci.manifest.digest": digest,
      "floe.result": "done",
    },
  });
  const inPromote = (name: string) => {
    const found = collector.span(name);
    expect(found.parentSpanId, name).toBe(promote.spanId);
    return found;
  };
  expect(inPromote("verify signature").attributes).toMatchObject({
    "floe.signature.status": "valid",
  });
  const gate = inPromote("gate tells");
  expect(gate.attributes).toMatchObject({
    "cicd.pipeline.task.name": "tells",
    "cicd.pipeline.task.type": "test",
    "cicd.pipeline.task.run.result": "success",
    "floe.gate.status": "passed",
  });
  const apply = inPromote("apply");
  const appended = collector.spans.filter(({ name }) => name === "ledger append");
  expect(appended.map(({ parentSpanId }) => parentSpanId)).toEqual([apply.spanId, apply.spanId]);
  const events = collector.spans.flatMap((span) => span.events);
  const kinds = events.map(({ attributes }) => attributes["floe.ledger.event.kind"]);
  expect(kinds).toEqual(["genesis", "intent", "outcome"]);
  const logged = collector.logs.filter(({ event }) => event === "floe.ledger.event");
  expect(logged.map(({ attributes }) => attributes["floe.ledger.event.kind"])).toEqual(kinds);

  // The gate's command goes on with the gate's span, and the registry is told nothing.
  const told = project.read("told.txt");
  expect(told).toContain(`TRACEPARENT=00-${TRACE}-${gate.spanId}-01\n`);
  expect(told).toContain("TRACESTATE=vendor=1\n");
  expect(told).toContain(`FLOE_TRACE_ID=${TRACE}\n`);
  expect(told).not.toContain("OTEL_");
  for (const { headers } of registry.requests.slice(before))
    expect(Object.keys(headers).filter((name) => /trace|baggage/.test(name))).toEqual([]);
  const requests = collector.spans.filter(({ kind }) => kind === 3);
  expect(requests).toHaveLength(run.json["registry_requests"] as number);
  const ids = new Set(collector.spans.map(({ spanId }) => spanId));
  expect(requests.filter(({ parentSpanId }) => !ids.has(parentSpanId))).toEqual([]);
  expect(requests[0]?.attributes).toMatchObject({
    "http.request.method": expect.stringMatching(/^[A-Z]+$/),
    "url.full": expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/v2\/acme\/app\//),
  });
  const measured = Object.groupBy(collector.points, ({ name }) => name);
  expect(measured["floe.promotions"]).toMatchObject([
    { value: 1, attributes: { "deployment.environment.name": "dev", "floe.result": "done" } },
  ]);
  expect(measured["floe.gate.duration"]).toHaveLength(2);
  const counts = measured["http.client.request.duration"] ?? [];
  expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(requests.length);
  expect(measured["floe.ledger.events"]).toHaveLength(3);
  expect(measured["floe.cache.lookups"]?.length).toBeGreaterThan(0);

  const sent = collector.requests.map(({ body }) => body.toString("utf8")).join("\n");
  expect(sent).toContain("promote");
  for (const secret of [PASSWORD, GATE_SECRET, HEADER_SECRET, login.CREDENTIALS_OF_CI])
    for (const form of [secret, Buffer.from(secret).toString("base64"), secret.slice(0, 9)])
      expect(sent).not.toContain(form);
  expect(run.stderr + run.stdout).not.toContain("telemetry");
});

test("without an endpoint nothing of it is loaded, and a trace id is everywhere all the same", async () => {
  await using collector = await startCollector();
  await using project = await aProject({ environments: [DEV] });
  const loads = loadsOf(project);
  const off = { ...loads.env, ...CALLER };
  const disabled = { ...off, ...sentTo(collector), OTEL_SDK_DISABLED: "true" };

  const failed = await project.runWith(
    { env: disabled },
    "promote",
    "v9.9.9",
    "--to",
    "dev",
    "-o",
    "json",
  );
  expect(failed.json).toMatchObject({ success: false, trace_id: TRACE });
  const hostile = { ...loads.env, TRACEPARENT: `00-${TRACE}-$(reboot)-01`, TRACESTATE: "\n" };
  const usage = await project.runWith({ env: hostile }, "platform", "lock", "-o", "json");
  expect(usage.json["trace_id"]).toMatch(/^(?!0af7)[0-9a-f]{32}$/);
  const run = await project.runWith({ env: off }, "promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.json["trace_id"]).toBe(TRACE);
  // Whoever called is followed all the same.
  expect(project.read("told.txt")).toContain(`TRACEPARENT=${CALLER.TRACEPARENT}\n`);
  const shown = await project.run("audit", "export", "--format", "cloudevents");
  expect(shown.stdout.match(new RegExp(TRACE, "g"))?.length ?? 0).toBe(3);
  expect([collector.requests.length, loads.read().filter(isTelemetry)]).toEqual([0, []]);

  const on = { ...loads.env, ...sentTo(collector) };
  await project.runWith({ env: on }, "status");
  expect(loads.read().filter(isTelemetry)).not.toEqual([]);
  expect(collector.span("floe platform status")).toMatchObject({ parentSpanId: "" });
});

test("a collector that is gone costs a moment and one warning, never the result or the exit code", async () => {
  await using collector = await startCollector();
  collector.refuse("hang");
  await using project = await aProject({ environments: [DEV] });
  const plain = await project.run("promote", "v9.9.9", "--to", "dev");
  const env = { ...sentTo(collector), OTEL_EXPORTER_OTLP_TIMEOUT: "nonsense" };
  const args = ["promote", "v9.9.9", "--to", "dev"];
  const started = performance.now();
  const watched = await project.runWith({ env }, ...args);
  const took = performance.now() - started;
  expect([watched.code, watched.stdout]).toEqual([plain.code, plain.stdout]);
  expect(watched.stderr.startsWith(plain.stderr)).toBe(true);
  const said = watched.stderr.slice(plain.stderr.length).trim().split("\n");
  expect(said).toEqual([
    `warning: telemetry: OTEL_EXPORTER_OTLP_TIMEOUT is no number of milliseconds: 10000 is used; traces, metrics could not be sent to ${collector.endpoint}: no answer within 2 s`,
  ]);
  expect(took).toBeLessThan(20_000);
  collector.refuse({ status: 500 });
  const quiet = await project.runWith({ env: sentTo(collector) }, ...args, "--quiet");
  expect([quiet.code, quiet.stderr]).toEqual([plain.code, plain.stderr]);
});

test("a run that is interrupted is sent as one that was, and so is a refusal with its reason", async () => {
  await using collector = await startCollector();
  const slow = { command: ["sh", "-c", "touch running.txt; sleep 100"] };
  await using project = await aProject({
    environments: [{ name: "dev", gates: { policy_compliance: true, slow } }],
  });
  const env = sentTo(collector, "http/protobuf");
  const { promise: started, resolve } = Promise.withResolvers<number>();
  const running = project.runWith({ env, started: resolve }, "promote", "v1.0.0", "--to", "dev");
  const pid = await started;
  while (!existsSync(join(project.dir, "running.txt"))) await sleep(20);
  process.kill(pid, "SIGINT");
  expect((await running).code).toBe(130);
  expect(collector.span("floe platform promote")).toMatchObject({
    attributes: { "process.exit.code": 130, "error.type": "FLOE_INTERRUPTED" },
    status: { code: 2 },
  });
  expect(collector.span("gate slow").status.code).toBe(2);

  collector.clear();
  await project.done("platform", "lock", "--env", "dev", "--reason", "r");
  const refused = await project.runWith({ env }, "promote", "v1.0.0", "--to", "dev");
  expect(refused.code).toBe(13);
  for (const name of ["floe platform promote", "promote"])
    expect(collector.span(name)).toMatchObject({
      attributes: { "error.type": "FLOE_ENVIRONMENT_LOCKED" },
      status: { code: 2 },
    });
  expect(collector.points.find(({ name }) => name === "floe.promotions")?.attributes).toMatchObject(
    {
      "floe.result": "blocked",
    },
  );
});
