import { rmSync } from "node:fs";
import { join } from "node:path";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";
import type { Json, Run } from "../../bed/floe.ts";

interface ShownCheck {
  readonly check: string;
  readonly environment: string;
  readonly status: string;
  readonly summary: string;
}

function checksOf(run: Run): readonly ShownCheck[] {
  return run.json["checks"] as readonly ShownCheck[];
}

/** The checks that are not ok, as `environment check status`. */
function notOk(run: Run): string[] {
  return checksOf(run)
    .filter(({ status }) => status !== "ok")
    .map(({ check, environment, status }) => `${environment} ${check} ${status}`);
}

async function verify(project: Project, ...args: string[]): Promise<Run> {
  return await project.run("platform", "verify", ...args, "-o", "json");
}

const PATH = ["dev", "staging", "prod"] as const;
const gates = { policy_compliance: true };

describe("floe platform verify", () => {
  test("walks from the environment back to the first, and every check of each is ok", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", ...PATH);
    const before = await project.registryState();
    const run = await verify(project, "--env", "prod");
    expect(run.code).toBe(0);
    expect(run.json).toMatchObject({
      success: true,
      trusted: true,
      current: true,
      version: "v1.0.0",
      digest: (await project.tags())["v1.0.0"],
      blocking: [],
    });
    const path = run.json["path"] as readonly Json[];
    expect(
      path.map((step) => [step["source_environment"], step["environment"], step["operator"]]),
    ).toEqual([
      ["staging", "prod", "release"],
      ["dev", "staging", "release"],
      ["none", "dev", "release"],
    ]);
    expect(notOk(run)).toEqual([]);
    expect(checksOf(run)).toHaveLength(14 * 3 + 4);
    expect(await project.registryState()).toEqual(before);
    const text = await project.done("platform", "verify", "--env", "prod");
    expect(text.stdout).toContain("prod runs v1.0.0");
    expect(text.stdout.trimEnd().split("\n")).toHaveLength(4);
  });

  test("needs no private key, and no plugin of a gate", async () => {
    const tests = { command: ["true"] };
    await using project = await aProject({
      environments: [{ name: "dev", gates: { ...gates, tests } }],
    });
    await project.promote("v1.0.0", "dev");
    for (const name of ["release", "artifact"]) rmSync(join(project.dir, `keys/${name}.key`));
    const manifest = project.read("manifest.yaml");
    expect((await verify(project, "--env", "dev")).code).toBe(0);
    project.write(
      "manifest.yaml",
      `${manifest}plugins: { use: [floe-plugin-that-is-not-there] }\n`,
    );
    expect((await verify(project, "--env", "dev")).code).toBe(0);
  });

  test("takes a rollback and --force for ways in, and what was rolled back from is not trusted", async () => {
    await using project = await aProject({
      versions: ["v1.0.0", "v1.1.0"],
      environments: [{ name: "dev", gates }],
    });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    await project.done("rollback", "--env", "dev", "--reason", "slow");
    const back = await verify(project, "--env", "dev");
    expect([back.code, back.json["version"]]).toEqual([0, "v1.0.0"]);
    expect(back.json["path"]).toMatchObject([{ action: "rollback", source_environment: "none" }]);
    const held = await verify(project, "v1.1.0", "--env", "dev");
    expect([held.code, held.json["current"]]).toEqual([6, false]);
    expect(held.json["error"]).toMatchObject({
      code: "FLOE_VERIFY_UNTRUSTED",
      message: expect.stringContaining("rolled back from"),
    });
    await project.done("promote", "v1.0.0", "--to", "dev", "--force");
    const forced = await verify(project, "--env", "dev");
    expect([forced.code, notOk(forced)]).toEqual([0, []]);
    expect(forced.json["path"]).toMatchObject([{ action: "promote", forced: true }]);
  });

  test("says of a version, a digest or a reference whether it is, or was, there", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0", "v1.2.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const tags = await project.tags();
    for (const named of ["v1.1.0", tags["v1.1.0"], `v1.1.0@${tags["v1.1.0"]}`, "v1.1.0-dev"]) {
      const run = await verify(project, String(named), "--env", "dev");
      expect([run.code, run.json["version"], run.json["current"]]).toEqual([0, "v1.1.0", true]);
    }
    const was = await verify(project, "v1.0.0", "--env", "dev");
    expect([was.code, was.json["current"], notOk(was)]).toEqual([
      0,
      false,
      ["dev standing warning"],
    ]);
    const never = await verify(project, "v1.2.0", "--env", "dev");
    expect(never.code).toBe(11);
    expect(never.json["error"]).toMatchObject({ code: "FLOE_VERIFY_NOTHING" });
    expect((await verify(project, "--env", "staging")).code).toBe(11);
    expect((await verify(project, "--env", "nowhere")).code).toBe(3);
    expect((await verify(project, "sha256:12", "--env", "dev")).code).toBe(2);
    const other = await verify(project, `v1.0.0@${tags["v1.1.0"]}`, "--env", "dev");
    expect(other.code).toBe(11);
  });

  test("does not take a lock for something wrong", async () => {
    await using project = await aProject({ environments: [{ name: "dev", gates }] });
    await project.promote("v1.0.0", "dev");
    await project.done("platform", "lock", "--env", "dev", "--reason", "incident");
    const run = await verify(project, "--env", "dev");
    expect([run.code, notOk(run)]).toEqual([0, ["dev standing warning"]]);
    expect(checksOf(run).find(({ status }) => status === "warning")?.summary).toContain("incident");
  });
});

describe("the policy in force then", () => {
  const lint = { lint: { command: ["true"] } };
  const dev = (more: object, required?: object): Record<string, unknown> => ({
    ...{ name: "dev", gates: { ...gates, ...more } },
    ...required,
  });

  async function changed(project: Project, from: string, to: string): Promise<void> {
    const manifest = project.read("manifest.yaml");
    expect(manifest).toContain(from);
    project.write("manifest.yaml", manifest.replace(from, to));
  }

  test("judges a record; today's is told apart, and is an error when that is wanted", async () => {
    await using project = await aProject({ environments: [dev({})] });
    await project.promote("v1.0.0", "dev");
    await changed(
      project,
      "policy_compliance: true",
      'policy_compliance: true\n          lint: { command: ["true"] }',
    );
    const run = await verify(project, "--env", "dev");
    expect([run.code, notOk(run)]).toEqual([0, ["dev current_policy warning"]]);
    const [warning] = checksOf(run).filter(({ check }) => check === "current_policy");
    expect(warning?.summary).toContain("lint is missing");
    const strict = await verify(project, "--env", "dev", "--require-current-policy");
    expect(strict.code).toBe(6);
    expect(strict.json["error"]).toMatchObject({ code: "FLOE_VERIFY_POLICY_OUTDATED" });
    await project.done("promote", "v1.0.0", "--to", "dev", "--force");
    expect((await verify(project, "--env", "dev", "--require-current-policy")).code).toBe(0);
  });

  test("that cannot be read any more makes the verdict neither good nor silent", async () => {
    await using project = await aProject({ environments: [dev(lint)] });
    await project.promote("v1.0.0", "dev");
    const policy = (await verify(project, "--env", "dev")).json["path"] as readonly Json[];
    const digest = String(policy[0]?.["policy_digest"]);
    rmSync(join(project.registry, "blobs", digest.replace(":", "/")));
    // Today's policy is the same one still.
    expect((await verify(project, "--env", "dev")).code).toBe(0);
    await changed(project, "lint:", "lint2:");
    const run = await verify(project, "--env", "dev");
    expect(run.code).toBe(6);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_VERIFY_UNJUDGED" });
    expect(notOk(run)).toContain("dev policy not_checked");
  });

  test("a longer path of today is a warning, a path that began elsewhere is an error", async () => {
    await using project = await aProject({ environments: [dev({}), { name: "prod", gates }] });
    await project.promote("v1.0.0", "dev", "prod");
    await changed(
      project,
      "- name: prod",
      "- name: qa\n        gates: { policy_compliance: true }\n      - name: prod",
    );
    const longer = await verify(project, "--env", "prod");
    expect([longer.code, notOk(longer)]).toEqual([0, ["prod path warning"]]);
    expect((await verify(project, "--env", "prod", "--require-current-policy")).code).toBe(6);
    await changed(
      project,
      "- name: dev",
      "- name: lab\n        gates: { policy_compliance: true }\n      - name: dev",
    );
    const elsewhere = await verify(project, "--env", "prod");
    expect([elsewhere.code, notOk(elsewhere)]).toEqual([6, ["prod path failed"]]);
  });
});

describe("what is not proven is not trusted", () => {
  test("a promotion that nobody signed but a key of one run", async () => {
    await using project = await aProject({
      environments: [{ name: "dev", gates }],
      signing: { mode: "off" },
    });
    await project.promote("v1.0.0", "dev");
    const run = await verify(project, "--env", "dev");
    expect(run.code).toBe(6);
    expect(notOk(run)).toEqual(["dev signer failed"]);
    expect(run.json["error"]).toMatchObject({ message: expect.stringContaining("key of one run") });
  });

  test("a promotion by a key that the manifest does not know, where everybody may promote", async () => {
    await using project = await aProject({ environments: [{ name: "dev", gates }] });
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/stranger");
    await project.done("promote", "v1.0.0", "--to", "dev", "--key", "keys/stranger.key");
    const run = await verify(project, "--env", "dev");
    expect([run.code, notOk(run)]).toEqual([6, ["dev signer failed"]]);
  });

  test("an artifact whose signature is not accepted any more", async () => {
    await using project = await aProject({ environments: [{ name: "dev", gates }] });
    await project.promote("v1.0.0", "dev");
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/other");
    const manifest = project.read("manifest.yaml");
    project.write("manifest.yaml", manifest.replace("keys/artifact.pub", "keys/other.pub"));
    const run = await verify(project, "--env", "dev");
    expect(run.code).toBe(6);
    expect(notOk(run)).toEqual(["dev current_policy warning", "dev artifact_signature failed"]);
  });
});

describe("trouble with the registry is not a verdict", () => {
  test("one that is not there ends with 5, one that wants a login with 14", async () => {
    await using project = await aProject();
    const registry = await startRegistry({ auth: { kind: "basic", username: "u", password: "p" } });
    const uri = `oci://${registry.host}/acme/app`;
    const args = ["platform", "verify", "--env", "dev", "-r", uri, "-o", "json"];
    expect((await project.run(...args)).code).toBe(14);
    await registry.close();
    const manifest = project.read("manifest.yaml");
    const quick = "registry: { resilience: { retry: { max_attempts: 1 } }, uri:";
    project.write("manifest.yaml", manifest.replace(/registry:\s+uri: (\S+)/, `${quick} "$1" }`));
    const run = await project.run(...args);
    expect([run.code, (run.json["error"] as Json)["code"]]).toEqual([
      5,
      "FLOE_REGISTRY_UNAVAILABLE",
    ]);
  });
});
