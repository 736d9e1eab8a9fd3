import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { type RegistryOptions, startRegistry, type TestRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "../bed/a-project.ts";

/** A project whose manifest names an HTTP registry that is not asked twice. */
async function overHttp(
  host: string,
  options: Parameters<typeof aProject>[0] = {},
): Promise<Project> {
  const project = await aProject({ versions: [], ...options });
  const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
  manifest.artifacts["registry"] = {
    uri: `oci://${host}/acme/app`,
    resilience: { retry: { max_attempts: 1 } },
  };
  project.write("manifest.yaml", stringify(manifest));
  return project;
}

/** The same with a version that was pushed and signed through floe. */
async function published(registry: TestRegistry): Promise<Project> {
  const project = await overHttp(registry.host);
  project.write("app.json", "{}");
  await project.done("artifact", "push", "v1.0.0", "app.json");
  await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
  return project;
}

test.each<[string, RegistryOptions]>([
  ["with the referrers API", {}],
  ["without it", { referrers: false }],
])("push, sign, promote, status and rollback work over HTTP, %s", async (_, options) => {
  await using registry = await startRegistry(options);
  await using project = await published(registry);
  const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
  const tags = registry.tags("acme/app");
  expect(tags["latest-dev"]).toBe(tags["v1.0.0"]);
  expect(tags["v1.0.0-dev"]).toBe(tags["v1.0.0"]);
  expect(tags[`floe-rec.${String(run.json["promotion_id"])}`]).toBeDefined();
  const { rows } = await project.done("status", "--env", "dev", "-o", "json");
  expect(rows[0]).toMatchObject({ version: "v1.0.0", drift: null, ledger: "advisory" });
  expect((await project.run("rollback", "--env", "dev", "--reason", "x")).code).toBe(11);
});

describe("a registry that", () => {
  test("cannot be reached ends with 5 and names it", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await using project = await overHttp(`127.0.0.1:${port}`);
    for (const args of [["status"], ["promote", "v1.0.0", "--to", "dev"], ["artifact", "list"]]) {
      const run = await project.run(...args, "-o", "json");
      expect([args[0], run.code]).toEqual([args[0], 5]);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_REGISTRY_UNAVAILABLE",
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
    }
  });

  test("answers with server errors ends with 5", async () => {
    await using registry = await startRegistry();
    registry.faults.add({ match: {}, action: { kind: "status", status: 503 }, times: 1000 });
    await using project = await overHttp(registry.host);
    expect((await project.run("promote", "v1.0.0", "--to", "dev")).code).toBe(5);
  });

  test("does not take the intent ends with 15 and says what was known by then", async () => {
    await using registry = await startRegistry();
    await using project = await published(registry);
    registry.faults.add({
      match: { method: "PUT", path: /floe-ev/ },
      action: { kind: "status", status: 503 },
      times: 1000,
    });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(15);
    expect(run.json).toMatchObject({
      success: false,
      error: { code: "FLOE_LEDGER_UNAVAILABLE", exit_code: 15 },
      promotion_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      artifact_digest: registry.tags("acme/app")["v1.0.0"],
      artifact_tag: "v1.0.0",
      source_environment: "none",
      target_environment: "dev",
      gate_results: [{ gate: "policy_compliance", status: "passed" }],
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(registry.tags("acme/app")["latest-dev"]).toBeUndefined();
  });

  test("wants credentials that nobody gave ends with 14, and with wrong ones too", async () => {
    const auth = { kind: "basic", username: "ci", password: "s3cret-word" } as const;
    await using registry = await startRegistry({ auth });
    await using project = await overHttp(registry.host);
    const none = await project.run("status", "-o", "json");
    expect(none.code).toBe(14);
    expect(none.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_UNAUTHORIZED" });
    const env = { FLOE_REGISTRY_USERNAME: "ci", FLOE_REGISTRY_PASSWORD: "wrong-word" };
    const wrong = await project.runWith({ env }, "status", "-o", "json", "--verbose");
    expect(wrong.code).toBe(14);
    expect(wrong.stdout + wrong.stderr).not.toContain("wrong-word");
    const right = { ...env, FLOE_REGISTRY_PASSWORD: "s3cret-word" };
    expect((await project.runWith({ env: right }, "status")).code).toBe(0);
  });

  test("refuses the intent ends with 15, and nothing was changed", async () => {
    await using registry = await startRegistry();
    await using project = await published(registry);
    await project.done("platform", "lock", "--env", "dev", "--reason", "x");
    await project.done("platform", "unlock", "--env", "dev", "--reason", "x");
    const before = registry.tags("acme/app");
    const match = { method: "PUT", path: /\/manifests\/floe-ev\./ };
    registry.faults.add({ match, action: { kind: "status", status: 500 }, times: 1000 });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(15);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_LEDGER_UNAVAILABLE" });
    expect(registry.tags("acme/app")).toEqual(before);
  });

  test("refuses the outcome ends with 17, and the same command finishes it", async () => {
    await using registry = await startRegistry();
    await using project = await published(registry);
    await project.done("platform", "lock", "--env", "dev", "--reason", "x");
    await project.done("platform", "unlock", "--env", "dev", "--reason", "x");
    // The intent passes; every later event does not.
    const match = { method: "PUT", path: /\/manifests\/floe-ev\./ };
    registry.faults.add({ match, action: { kind: "status", status: 500 }, times: 1000, after: 1 });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(17);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_LEDGER_OUTCOME_MISSING",
      hint: expect.stringContaining("floe platform reconcile --env dev"),
    });
    expect(registry.tags("acme/app")["v1.0.0-dev"]).toBe(registry.tags("acme/app")["v1.0.0"]);
    registry.faults.clear();
    const again = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(again.json).toMatchObject({ success: true, resumed: true });
    const { rows } = await project.done("platform", "history", "--env", "dev", "-o", "json");
    expect(rows.filter((row) => row["kind"] === "outcome")).toHaveLength(1);
  });

  test("warns (RFC 9111 Warning 299) is heard, once and without control characters", async () => {
    await using registry = await startRegistry();
    await using project = await overHttp(registry.host);
    registry.faults.add({
      match: {},
      action: { kind: "headers", headers: { warning: '299 - "this registry ends in June"' } },
      times: 100,
    });
    const status = await project.run("status");
    expect(status.code).toBe(0);
    expect(status.stderr.split("this registry ends in June")).toHaveLength(2);
    expect(status.stderr).toContain(registry.host);
    const list = await project.run("artifact", "list", "--quiet");
    expect(list.stderr).not.toContain("ends in June");
  });

  test("is not on this machine is never spoken to in plain http", async () => {
    await using project = await overHttp("registry.example.invalid");
    const run = await project.run(
      "artifact",
      "list",
      "-r",
      "http://registry.example.invalid/acme/app",
    );
    expect(run.code).toBe(2);
  });
});
