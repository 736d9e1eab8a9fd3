import type { Digest } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aProject, go } from "../../bed/a-project.ts";
import { readStatement } from "../../bed/read-statement.ts";

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

describe("a promotion through three environments", () => {
  test("leaves one digest under every tag and the artifact's bytes as they were", async () => {
    await using project = await aProject({ versions: ["v1.2.3"] });
    const before = await project.store.getManifest("v1.2.3", go);
    await project.promote("v1.2.3", "dev", "staging", "prod");
    const tags = await project.tags();
    const digest = tags["v1.2.3"];
    for (const environment of ["dev", "staging", "prod"]) {
      expect(tags[`v1.2.3-${environment}`]).toBe(digest);
      expect(tags[`latest-${environment}`]).toBe(digest);
    }
    const after = await project.store.getManifest("v1.2.3-prod", go);
    expect(after?.bytes).toEqual(before?.bytes);
  });

  test("leaves a signed record of each step beside the artifact", async () => {
    await using project = await aProject({ versions: ["v1.2.3"] });
    await project.promote("v1.2.3", "dev");
    const args = ["--annotation", "ticket=OPS-12", "--operator", "the night shift"];
    const run = await project.done("promote", "v1.2.3", "--to", "staging", ...args, "-o", "json");
    const { promotion_id: id, artifact_digest: digest, record } = run.json;
    expect(record).toEqual({
      digest: expect.stringMatching(DIGEST),
      tag: `floe-rec.${String(id)}`,
    });

    const read = await readStatement(project, `floe-rec.${String(id)}`);
    expect(read.verified).toBe(true);
    expect(read.statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://floe.dev/attestation/promotion/v1",
      subject: [{ digest: { sha256: String(digest).slice("sha256:".length) } }],
    });
    expect(read.predicate).toMatchObject({
      promotion_id: id,
      artifact_digest: digest,
      artifact_tag: "v1.2.3",
      source_environment: "dev",
      target_environment: "staging",
      gate_results: [{ gate: "policy_compliance", status: "passed", required: true }],
      signature_verified: true,
      operator: "release",
      operator_identity: { identity: "release", claimed_operator: "the night shift" },
      authorization_passed: true,
      annotations: { ticket: "OPS-12" },
      plan_digest: run.json["plan_digest"],
      trace_id: run.json["trace_id"],
      previous: null,
      ledger: { seq: 1 },
      approvals: [],
      overrides: [],
    });
    expect(read.manifest).toMatchObject({
      subject: { digest },
      annotations: {
        "dev.floe.promotion.id": id,
        "dev.floe.promotion.source-env": "dev",
        "dev.floe.promotion.target-env": "staging",
        "dev.floe.promotion.operator": "release",
        "dev.floe.promotion.gates-passed": "policy_compliance",
      },
    });
    const referrers = await project.store.referrers(digest as Digest, go);
    expect(referrers.map((referrer) => referrer.digest)).toContain(
      (record as { digest: string }).digest,
    );
  });
});

describe("promote -o json", () => {
  test("prints the documented members when it succeeds", async () => {
    await using project = await aProject();
    const { json } = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    const digest = (await project.tags())["v1.0.0"];
    expect(json).toEqual({
      success: true,
      promotion_id: expect.stringMatching(UUID_V7),
      artifact_digest: digest,
      artifact_tag: "v1.0.0",
      source_environment: "none",
      target_environment: "dev",
      estimated_gates_ms: null,
      gate_results: [
        expect.objectContaining({
          gate: "policy_compliance",
          kind: "policy_compliance",
          status: "passed",
          required: true,
          duration_ms: expect.any(Number),
          summary: expect.any(String),
          plugin: { name: "@floe/policy", version: expect.any(String), origin: "built-in" },
        }),
      ],
      approvals: [],
      signature_verified: true,
      signature_status: "valid",
      operator: "release",
      authorized_via: "no authorization configured",
      authorization_passed: true,
      promoted_at: expect.stringMatching(TIME),
      dry_run: false,
      changed: true,
      resumed: false,
      plan_digest: expect.stringMatching(DIGEST),
      policy_digest: expect.stringMatching(DIGEST),
      record: { digest: expect.stringMatching(DIGEST), tag: expect.stringMatching(/^floe-rec\./) },
      tags: [
        { tag: "v1.0.0-dev", digest },
        { tag: "latest-dev", digest },
      ],
      copy: null,
      registry_sync_status: [],
      blocking: [],
      overrides: [],
      warnings: [],
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      duration_ms: expect.any(Number),
      registry_requests: expect.any(Number),
    });
  });

  test("prints every blocking reason, the first one as the error, and what was known by then", async () => {
    await using project = await aProject({
      environments: [
        { name: "dev", gates: { policy_compliance: true } },
        {
          name: "prod",
          gates: { policy_compliance: true },
          authorization: { allowed_groups: ["admins"] },
        },
      ],
      identities: ["alice"],
      groups: { admins: ["alice"] },
      versions: [],
    });
    const digest = await project.publish("v1.0.0", { signed: false });
    const run = await project.run("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect(run.code).toBe(11);
    const blocking = run.json["blocking"] as { code: string; exit_code: number }[];
    expect(blocking.map(({ code, exit_code }) => [code, exit_code])).toEqual([
      ["FLOE_SOURCE_NOT_PROMOTED", 11],
      ["FLOE_NOT_AUTHORIZED", 12],
      ["FLOE_SIGNATURE_REQUIRED", 6],
    ]);
    expect(run.json).toMatchObject({
      success: false,
      error: {
        code: "FLOE_SOURCE_NOT_PROMOTED",
        exit_code: 11,
        message: expect.stringContaining("v1.0.0-dev"),
        hint: expect.stringContaining("floe promote v1.0.0 --to dev"),
        details: null,
      },
      artifact_digest: digest,
      artifact_tag: "v1.0.0",
      source_environment: "dev",
      target_environment: "prod",
      gate_results: [{ gate: "policy_compliance", status: "not_run" }],
      dry_run: false,
      changed: false,
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  test("names the refused attempt by the id that history shows", async () => {
    await using project = await aProject({ versions: [] });
    await project.publish("v1.0.0", { signed: false });
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(run.code).toBe(6);
    const { rows } = await project.done("platform", "history", "--env", "dev", "-o", "json");
    const refusal = rows.find((row) => row["kind"] === "refusal");
    expect(refusal).toMatchObject({ result: "refused", version: "v1.0.0" });
    expect(run.json["promotion_id"]).toBe(refusal?.["operation"]);
  });
});

describe("promoting what is there already", () => {
  test("is refused with 10, and --if-needed makes it a success that changes nothing", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const again = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
    expect(again.code).toBe(10);
    expect(again.json["error"]).toMatchObject({
      code: "FLOE_TARGET_TAG_EXISTS",
      hint: expect.stringContaining("--if-needed"),
    });
    const before = await project.registryState();
    const needed = await project.done(
      "promote",
      "v1.0.0",
      "--to",
      "dev",
      "--if-needed",
      "-o",
      "json",
    );
    expect(needed.json).toMatchObject({ success: true, changed: false, dry_run: false });
    expect(await project.registryState()).toEqual(before);
    const text = await project.done("promote", "v1.0.0", "--to", "dev", "--if-needed");
    expect(text.stdout).toBe("dev runs v1.0.0 already; nothing to do\n");
  });

  test("--if-needed is no success for a version that was superseded", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "--if-needed");
    expect(run.code).toBe(10);
    expect(run.stderr).toContain("--force");
  });

  test("--force makes the environment run it again, with a record of its own", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "--force", "-o", "json");
    const tags = await project.tags();
    expect(tags["latest-dev"]).toBe(tags["v1.0.0"]);
    expect(tags["v1.0.0-dev"]).toBe(tags["v1.0.0"]);
    expect(Object.keys(tags).filter((tag) => tag.startsWith("floe-rec."))).toHaveLength(3);
    expect(tags[`floe-rec.${String(run.json["promotion_id"])}`]).toBeDefined();
  });

  test("another digest under the environment tag is refused with 10, also with --force and --if-needed", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    const other = await project.store.getManifest("v1.0.0", go);
    if (!other) throw new Error("v1.0.0 is gone");
    const planted = { bytes: other.bytes, mediaType: other.descriptor.mediaType };
    await project.store.createTag("v1.1.0-dev", planted, go);
    for (const more of [[], ["--force"], ["--if-needed"], ["--force", "--if-needed"]]) {
      const run = await project.run("promote", "v1.1.0", "--to", "dev", ...more, "-o", "json");
      expect(run.code).toBe(10);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_TARGET_TAG_EXISTS",
        message: expect.stringContaining(other.descriptor.digest),
      });
    }
    const tags = await project.tags();
    expect(tags["latest-dev"]).toBe(tags["v1.0.0"]);
  });
});

describe("VERSION@DIGEST", () => {
  test("is promoted when the tag is at that digest, and refused with 10 when it is not", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const tags = await project.tags();
    const wrong = await project.run(
      "promote",
      `v1.0.0@${tags["v1.1.0"]}`,
      "--to",
      "dev",
      "-o",
      "json",
    );
    expect(wrong.code).toBe(10);
    expect(wrong.json["error"]).toMatchObject({ code: "FLOE_VERSION_DIGEST_MISMATCH" });
    await project.promote(`v1.0.0@${tags["v1.0.0"]}`, "dev");
    expect((await project.tags())["latest-dev"]).toBe(tags["v1.0.0"]);
  });
});
