import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCanonicalJson } from "@floe/core/model";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";

const SPEC = `apiVersion: floe.dev/v1
kind: Spec
metadata: { name: acme }
components:
  - { name: web, type: service, depends_on: [db], config: { replicas: 2 } }
  - { name: db, type: database, version: 1.2.3 }
`;
const KEY = ["--key", "keys/artifact.key"];

async function withSpec(spec = SPEC): Promise<Project> {
  const project = await aProject({ versions: [] });
  project.write("floe.yaml", spec);
  return project;
}

describe("floe platform compile", () => {
  test("writes canonical JSON, the same every time, and says what is in it", async () => {
    await using project = await withSpec();
    const first = await project.done("platform", "compile", "--json");
    const bytes = readFileSync(join(project.dir, "target/compiled_artifacts.json"));
    expect(parseCanonicalJson(bytes)).toMatchObject({ kind: "CompiledArtifact", version: 1 });
    expect(first.json).toMatchObject({
      success: true,
      output: "target/compiled_artifacts.json",
      components: ["db", "web"],
      environments: ["dev", "staging", "prod"],
    });
    await project.done("platform", "compile", "--output", "elsewhere/it.json");
    expect(project.read("elsewhere/it.json")).toBe(bytes.toString("utf8"));
  });

  test("refuses a spec with errors, all of them, and writes nothing", async () => {
    await using project = await withSpec(
      SPEC.replace("depends_on: [db]", "depends_on: [dbx], x: 1"),
    );
    const run = await project.run("platform", "compile");
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(
      'floe.yaml:5:46 components[0].depends_on[0]: no component is named "dbx"; did you mean "db"?',
    );
    expect(run.stderr).toContain("components[0].x: unknown key");
    expect(() => project.read("target/compiled_artifacts.json")).toThrow();
  });

  test("says what to do where there is no spec", async () => {
    await using project = await aProject({ versions: [] });
    const run = await project.run("platform", "compile", "--json");
    expect([run.code, run.json]).toMatchObject([2, { error: { code: "FLOE_SPEC_NOT_FOUND" } }]);
  });
});

describe("floe platform publish", () => {
  test("leaves a version that is signed, described, and may be promoted", async () => {
    await using project = await withSpec();
    const run = await project.done("platform", "publish", "v1.0.0", ...KEY);
    expect(run.stdout.trim()).toBe((await project.tags())["v1.0.0"]);
    await project.promote("v1.0.0", "dev", "staging");
    const sboms = await project.done("artifact", "sbom", "v1.0.0", "--show", "-o", "json");
    expect(sboms.rows).toMatchObject([{ format: "CycloneDX" }]);
    await project.done("artifact", "pull", "v1.0.0", "-d", "out");
    await project.done("platform", "compile");
    expect(project.read("out/compiled_artifacts.json")).toBe(
      project.read("target/compiled_artifacts.json"),
    );
  });

  test("published again with the same content changes nothing; with other content it is refused", async () => {
    await using project = await withSpec();
    const first = await project.done("platform", "publish", "v1.0.0", ...KEY, "--json");
    const state = await project.registryState();
    const again = await project.done("platform", "publish", "v1.0.0", ...KEY, "--json");
    expect(again.json).toEqual({
      ...first.json,
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      changed: false,
      sbom: { ...(first.json["sbom"] as object), status: "unchanged" },
      signature: { ...(first.json["signature"] as object), status: "unchanged" },
    });
    expect(await project.registryState()).toEqual(state);
    project.write("floe.yaml", SPEC.replace("replicas: 2", "replicas: 3"));
    const refused = await project.run("platform", "publish", "v1.0.0", ...KEY, "--json");
    expect([refused.code, refused.json]).toMatchObject([
      4,
      { error: { code: "FLOE_TAG_IMMUTABLE" } },
    ]);
    expect(await project.registryState()).toEqual(state);
  });

  test.each([
    [
      "another version than the spec says",
      SPEC.replace("name: acme", "name: acme, version: 1.0.1"),
      "v1.0.0",
      "FLOE_USAGE_INVALID",
    ],
    ["what is no version", SPEC, "latest", "FLOE_TAG_INVALID"],
    ["what only promotions write", SPEC, "v1.0.0-prod", "FLOE_TAG_RESERVED"],
  ])("refuses %s", async (_, spec, version, code) => {
    await using project = await withSpec(spec);
    const run = await project.run("platform", "publish", version, ...KEY, "--json");
    expect(run.json).toMatchObject({ success: false, error: { code } });
    expect(await project.tags()).toEqual({});
  });

  test("killed at any of its writes shows no version that is not complete, and is finished by the same command", async () => {
    await using registry = await startRegistry({ referrers: false });
    await using project = await withSpec();
    const publish = (repository: string): string[] => [
      ...["platform", "publish", "v1.0.0", ...KEY],
      ...["-r", `oci://${registry.host}/acme/${repository}`],
    ];
    const before = registry.writes;
    const whole = await project.done(...publish("whole"));
    const writes = registry.writes - before;
    expect(writes).toBeGreaterThanOrEqual(8);
    for (let nth = 1; nth <= writes; nth += 1) {
      const repository = `killed-${nth}`;
      let pid = 0;
      let seen = 0;
      registry.configure({
        onWrite: ({ phase }) => {
          if (phase !== "after") return;
          seen += 1;
          if (seen === nth) process.kill(pid, "SIGKILL");
        },
      });
      const started = (child: number): void => {
        pid = child;
      };
      await project.runWith({ started }, ...publish(repository));
      registry.configure({ onWrite: () => undefined });
      if (nth < writes)
        expect([nth, registry.tags(`acme/${repository}`)["v1.0.0"]]).toEqual([nth, undefined]);
      expect((await project.done(...publish(repository))).stdout).toBe(whole.stdout);
      const verified = await project.run(
        ...["artifact", "verify", `oci://${registry.host}/acme/${repository}:v1.0.0`],
        ...["--key", "keys/artifact.pub", "--json"],
      );
      expect([nth, verified.json["status"]]).toEqual([nth, "valid"]);
      const referrers = await project.done(
        ...["artifact", "referrers", `oci://${registry.host}/acme/${repository}:v1.0.0`, "--json"],
      );
      // One signature and one SBOM, however often it was begun.
      expect([nth, referrers.rows.length]).toEqual([nth, 2]);
    }
  }, 300_000);
});
