import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";
import { readStatement } from "../../bed/read-statement.ts";

/** One environment that ran these versions, one after the other. */
async function ran(...versions: string[]): Promise<Project> {
  const environments = [{ name: "prod", gates: { policy_compliance: true } }];
  const project = await aProject({ environments, versions });
  for (const version of versions) await project.promote(version, "prod");
  return project;
}

describe("rollback -o json", () => {
  test("prints the documented members and leaves a signed record", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    const { json } = await project.done(
      ...["rollback", "--env", "prod", "--reason", "checkout fails", "-o", "json"],
    );
    const tags = await project.tags();
    expect(json).toEqual({
      success: true,
      rollback_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      rolled_back_at: expect.stringMatching(/^\d{4}-.*Z$/),
      artifact_digest: tags["v1.0.0"],
      artifact_tag: "v1.0.0",
      environment: "prod",
      previous_digest: tags["v1.1.0"],
      previous_version: "v1.1.0",
      rollback_tag: "v1.0.0-prod-rollback-1",
      reason: "checkout fails",
      impact_analysis: expect.objectContaining({
        risk: expect.stringMatching(/SAFE|RISKY|BLOCKED/),
      }),
      signature_verified: true,
      signature_status: "valid",
      operator: "release",
      authorized_via: "no authorization configured",
      authorization_passed: true,
      plan_digest: expect.stringMatching(/^sha256:/),
      policy_digest: expect.stringMatching(/^sha256:/),
      record: {
        digest: expect.stringMatching(/^sha256:/),
        tag: `floe-rec.${String(json["rollback_id"])}`,
      },
      tags: [
        { tag: "v1.0.0-prod-rollback-1", digest: tags["v1.0.0"] },
        { tag: "latest-prod", digest: tags["v1.0.0"] },
      ],
      dry_run: false,
      changed: true,
      resumed: false,
      registry_sync_status: [],
      blocking: [],
      overrides: [],
      warnings: expect.any(Array),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      duration_ms: expect.any(Number),
      registry_requests: expect.any(Number),
    });
    expect(tags["latest-prod"]).toBe(tags["v1.0.0"]);
    expect(tags["v1.1.0-prod"]).toBe(tags["v1.1.0"]);
    const read = await readStatement(project, `floe-rec.${String(json["rollback_id"])}`);
    expect(read.verified).toBe(true);
    expect(read.statement["predicateType"]).toBe("https://floe.dev/attestation/rollback/v1");
    expect(read.predicate).toMatchObject({
      rollback_id: json["rollback_id"],
      environment: "prod",
      artifact_digest: tags["v1.0.0"],
      previous_digest: tags["v1.1.0"],
      reason: "checkout fails",
      operator: "release",
    });
  });

  test("people read where it went, and that the cluster does not follow by itself", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    const run = await project.done("rollback", "--env", "prod", "--reason", "x");
    expect(run.stdout).toContain("Rolled back prod: v1.1.0 → v1.0.0");
    expect(run.stdout.trimEnd().split("\n").at(-1)).toContain(
      "changes only with floe platform deploy --env prod and a commit",
    );
  });
});

describe("rolling back again", () => {
  test("goes on to the version before, and ends with 11 where there is none", async () => {
    await using project = await ran("v1.0.0", "v1.1.0", "v1.2.0");
    const back = ["rollback", "--env", "prod", "--reason", "worse", "-o", "json"];
    expect((await project.done(...back)).json["artifact_tag"]).toBe("v1.1.0");
    expect((await project.done(...back)).json["artifact_tag"]).toBe("v1.0.0");
    const end = await project.run(...back);
    expect(end.code).toBe(11);
    expect(end.json["error"]).toMatchObject({
      code: "FLOE_ROLLBACK_TARGET_INVALID",
      message: expect.stringMatching(/no version .* before v1\.0\.0/),
    });
    const tags = await project.tags();
    expect(tags["latest-prod"]).toBe(tags["v1.0.0"]);
  });

  test("numbers its tags by the version that it returns to", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    const back = ["rollback", "--env", "prod", "--reason", "x"];
    await project.done(...back);
    await project.publish("v1.2.0");
    await project.promote("v1.2.0", "prod");
    await project.done(...back);
    const tags = await project.tags();
    expect(Object.keys(tags).filter((tag) => tag.includes("rollback"))).toEqual([
      "v1.0.0-prod-rollback-1",
      "v1.0.0-prod-rollback-2",
    ]);
    expect(tags["latest-prod"]).toBe(tags["v1.0.0"]);
  });
});

describe("the version that was left", () => {
  test("is held: promoting it is 13, also with --force, and returning to it is 11", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    await project.done("rollback", "--env", "prod", "--reason", "leaks memory");
    for (const more of [[], ["--force"]]) {
      const run = await project.run("promote", "v1.1.0", "--to", "prod", ...more, "-o", "json");
      const blocking = run.json["blocking"] as { code: string; message: string }[];
      expect(blocking.map(({ code }) => code)).toContain("FLOE_VERSION_HELD");
      expect(blocking.map(({ message }) => message).join()).toContain("leaks memory");
      expect(run.code).toBe(more.length === 0 ? 10 : 13);
    }
    const back = await project.run(
      "rollback",
      "v1.1.0",
      "--env",
      "prod",
      "--reason",
      "x",
      "--json",
    );
    expect(back.code).toBe(11);
    expect(back.json["error"]).toMatchObject({ message: expect.stringContaining("held") });
  });

  test("goes no further: the next environment refuses it with 13", async () => {
    const gates = { policy_compliance: true };
    const environments = [
      { name: "dev", gates },
      { name: "prod", gates },
    ];
    await using project = await aProject({ environments, versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    await project.done("rollback", "--env", "dev", "--reason", "x");
    const run = await project.run("promote", "v1.1.0", "--to", "prod", "-o", "json");
    expect(run.code).toBe(13);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_VERSION_HELD" });
  });
});

describe("a version to return to", () => {
  test("may be named, and --dry-run shows the same without writing", async () => {
    await using project = await ran("v1.0.0", "v1.1.0", "v1.2.0");
    const args = ["rollback", "v1.0.0", "--env", "prod", "--reason", "x", "-o", "json"];
    const before = await project.registryState();
    const dry = await project.done(...args, "--dry-run");
    expect(dry.json).toMatchObject({ dry_run: true, changed: false, artifact_tag: "v1.0.0" });
    expect(await project.registryState()).toEqual(before);
    const run = await project.done(...args);
    expect(run.json["plan_digest"]).toBe(dry.json["plan_digest"]);
    expect(run.json["previous_version"]).toBe("v1.2.0");
  });

  test("that never ran there is 11 and names those that did", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    await project.publish("v1.1.1");
    const run = await project.run("rollback", "v1.1.1", "--env", "prod", "--reason", "x", "--json");
    expect(run.code).toBe(11);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_ROLLBACK_TARGET_INVALID",
      message: expect.stringContaining("never promoted to prod"),
      hint: expect.stringContaining("v1.1.0"),
    });
  });

  test("that runs there now, and an environment in which nothing runs, are 11", async () => {
    await using project = await ran("v1.0.0");
    const now = await project.run("rollback", "v1.0.0", "--env", "prod", "--reason", "x");
    expect(now.code).toBe(11);
    await using empty = await aProject();
    const none = await empty.run("rollback", "--env", "prod", "--reason", "x");
    expect(none.code).toBe(11);
    expect(none.stderr).toContain("nothing runs in prod");
  });

  test("without a reason nothing is rolled back", async () => {
    await using project = await ran("v1.0.0", "v1.1.0");
    const before = await project.registryState();
    for (const reason of [[], ["--reason", ""], ["--reason", "  "]])
      expect((await project.run("rollback", "--env", "prod", ...reason)).code).toBe(2);
    expect(await project.registryState()).toEqual(before);
  });
});

test("gates never stand in the way of a rollback", async () => {
  await using project = await aProject({
    environments: [{ name: "prod", gates: { policy_compliance: true, smoke: true } }],
    gateCommands: { smoke: { command: ["sh", "-c", "echo x >> ran.txt; test ! -e red"] } },
    versions: ["v1.0.0", "v1.1.0"],
  });
  await project.promote("v1.0.0", "prod");
  await project.promote("v1.1.0", "prod");
  project.write("red", "");
  const before = project.read("ran.txt");
  await project.done("rollback", "--env", "prod", "--reason", "x");
  expect(project.read("ran.txt")).toBe(before);
});
