import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

describe("a transition that is not on the path", () => {
  test.each([
    [
      "skipping an environment",
      ["--to", "prod", "--from", "dev"],
      /skips an environment/,
      /from staging/,
    ],
    ["going backwards", ["--to", "dev", "--from", "prod"], /goes backwards/, /floe rollback/],
    ["to itself", ["--to", "dev", "--from", "dev"], /goes backwards/, /none → dev/],
    ["to an unknown environment", ["--to", "stagin"], /"stagin"/, /--to staging/],
    [
      "from an unknown environment",
      ["--to", "staging", "--from", "qa"],
      /"qa"/,
      /none → dev → staging/,
    ],
  ])("%s is refused with 9 and says the way", async (_, args, message, hint) => {
    await using project = await aProject();
    const run = await project.run("promote", "v1.0.0", ...args, "-o", "json");
    expect(run.code).toBe(9);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_TRANSITION_INVALID",
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    });
    expect(Object.keys(await project.tags())).not.toContain("latest-dev");
  });

  test("a version that is not in the source environment is refused with 11", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    const run = await project.run("promote", "v1.1.0", "--to", "staging", "-o", "json");
    expect(run.code).toBe(11);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SOURCE_NOT_PROMOTED",
      hint: "Promote it there first: floe promote v1.1.0 --to dev",
    });
  });

  test("a tag that somebody wrote by hand does not make a version promoted", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    const manifest = await project.store.getManifest("v1.1.0", {
      signal: AbortSignal.timeout(5000),
    });
    if (!manifest) throw new Error("v1.1.0 is gone");
    const input = { bytes: manifest.bytes, mediaType: manifest.descriptor.mediaType };
    await project.store.createTag("v1.1.0-dev", input, { signal: AbortSignal.timeout(5000) });
    const run = await project.run("promote", "v1.1.0", "--to", "staging");
    expect(run.code).toBe(11);
    expect(run.stderr).toContain("no committed promotion");
  });
});

describe("what cannot be found", () => {
  test("a missing version is 3 and names what is near", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const run = await project.run("promote", "v1.0.1", "--to", "dev", "-o", "json");
    expect(run.code).toBe(3);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: expect.stringContaining("v1.0.1"),
      hint: expect.stringMatching(/Did you mean .*v1\.0\.0/),
      details: { near: expect.arrayContaining(["v1.0.0", "v1.1.0"]) },
    });
  });

  test.each([
    ["rollback", ["rollback", "--env", "prdo", "--reason", "x"]],
    ["status", ["status", "--env", "prdo"]],
    ["history", ["platform", "history", "--env", "prdo"]],
    ["lock", ["platform", "lock", "--env", "prdo", "--reason", "x"]],
    ["unlock", ["platform", "unlock", "--env", "prdo", "--reason", "x"]],
    ["reconcile", ["platform", "reconcile", "--env", "prdo"]],
    ["gate run", ["gate", "run", "policy_compliance", "v1.0.0", "--env", "prdo"]],
    ["artifact verify", ["artifact", "verify", "v1.0.0", "--env", "prdo"]],
  ])("an unknown --env of %s is 3 and suggests the near one", async (_, args) => {
    await using project = await aProject();
    const run = await project.run(...args, "-o", "json");
    expect(run.code).toBe(3);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_ENVIRONMENT_NOT_FOUND",
      exit_code: 3,
      hint: "Did you mean prod?",
    });
  });

  test("a gate that the environment does not have is 3", async () => {
    await using project = await aProject();
    const run = await project.run(
      "gate",
      "run",
      "policy_complianc",
      "v1.0.0",
      "--env",
      "dev",
      "--json",
    );
    expect(run.code).toBe(3);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_GATE_NOT_FOUND",
      hint: "Did you mean policy_compliance?",
    });
  });
});

describe("who may promote", () => {
  const guarded = {
    environments: [
      {
        name: "prod",
        gates: { policy_compliance: true },
        authorization: { allowed_groups: ["admins"], allowed_operators: ["bob"] },
      },
    ],
    identities: ["alice", "bob", "carol"],
    groups: { admins: ["alice"] },
  };

  test("an identity of an allowed group and an allowed operator may, and the record says by what right", async () => {
    await using project = await aProject({ ...guarded, versions: ["v1.0.0", "v1.1.0"] });
    const alice = await project.done(
      "promote",
      "v1.0.0",
      "--to",
      "prod",
      "--key",
      "keys/alice.key",
      "--json",
    );
    expect(alice.json).toMatchObject({ operator: "alice", authorized_via: "group admins" });
    const bob = await project.runWith(
      { env: { FLOE_SIGNING_KEY: "keys/bob.key" } },
      ...["promote", "v1.1.0", "--to", "prod", "--json"],
    );
    expect(bob.json).toMatchObject({ operator: "bob", authorized_via: "operator bob" });
  });

  test("any other key is refused with 12, whatever --operator claims", async () => {
    await using project = await aProject(guarded);
    const args = ["promote", "v1.0.0", "--to", "prod", "--operator", "alice", "-o", "json"];
    for (const key of ["keys/carol.key", "keys/release.key", "keys/artifact.key"]) {
      const run = await project.run(...args, "--key", key);
      expect(run.code).toBe(12);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_NOT_AUTHORIZED",
        message: expect.stringContaining("group admins or operator bob"),
      });
      expect(run.json["authorization_passed"]).toBe(false);
    }
    expect(Object.keys(await project.tags())).toEqual(["v1.0.0"]);
  });

  test("rollback, lock, unlock and reconcile ask the same", async () => {
    await using project = await aProject(guarded);
    await project.done("promote", "v1.0.0", "--to", "prod", "--key", "keys/alice.key");
    const before = await project.registryState();
    for (const args of [
      ["platform", "lock", "--env", "prod", "--reason", "x"],
      ["platform", "unlock", "--env", "prod", "--reason", "x"],
    ]) {
      const run = await project.run(...args, "--json");
      expect(run.code).toBe(12);
      expect(run.json).toMatchObject({ success: false, error: { code: "FLOE_NOT_AUTHORIZED" } });
    }
    expect(await project.registryState()).toEqual(before);
  });

  test("without any key a write is refused with 12 and reading works", async () => {
    await using project = await aProject({ signing: { mode: "key-based" } });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SIGNER_MISSING",
      hint: expect.stringContaining("FLOE_SIGNING_KEY"),
    });
    expect((await project.run("platform", "lock", "--env", "dev", "--reason", "x")).code).toBe(12);
    expect((await project.run("status")).code).toBe(0);
  });

  test("with signing off a key of the moment signs, and a guarded environment refuses it", async () => {
    await using project = await aProject({
      ...guarded,
      environments: [{ name: "dev", gates: { policy_compliance: true } }, ...guarded.environments],
      signing: { mode: "off" },
    });
    const open = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(open.json["operator"]).toMatch(/^sha256:/);
    const run = await project.run("promote", "v1.0.0", "--to", "prod");
    expect(run.code).toBe(12);
    expect(run.stderr).toContain("Signing is off");
  });
});

describe("signatures", () => {
  test("an unsigned artifact is refused with 6 where enforced, and is only a warning where not", async () => {
    await using project = await aProject({
      verification: {
        enforcement: "enforce",
        public_key_ref: "keys/artifact.pub",
        environments: { dev: { enforcement: "warn" } },
      },
      versions: [],
    });
    await project.publish("v1.0.0", { signed: false });
    const dev = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(dev.json).toMatchObject({ signature_verified: false, signature_status: "unsigned" });
    expect(dev.json["warnings"]).toEqual([
      expect.stringContaining("v1.0.0 has no signature that dev accepts"),
    ]);
    const run = await project.run("promote", "v1.0.0", "--to", "staging", "-o", "json");
    expect(run.code).toBe(6);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SIGNATURE_REQUIRED",
      hint: expect.stringContaining("floe artifact sign v1.0.0"),
    });
    expect(run.json["gate_results"]).toEqual([{ gate: "policy_compliance", status: "not_run" }]);
  });

  test("a signature by another key is refused with 6", async () => {
    await using project = await aProject({ versions: [] });
    await project.publish("v1.0.0", { signed: false });
    await project.done("artifact", "sign", "v1.0.0", "--key", "keys/release.key");
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(6);
    expect(run.json["signature_verified"]).toBe(false);
  });
});
