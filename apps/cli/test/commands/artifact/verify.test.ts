import { buildArtifact, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "../../bed/a-project.ts";

const REVIEW = "https://acme.example/review/v1";

async function attest(project: Project, key: string, type = REVIEW): Promise<void> {
  project.write("review.json", '{ "approved": true }');
  await project.done(
    ...["artifact", "attest", "v1.0.0", "--type", type],
    ...["--predicate", "review.json", "--key", key],
  );
}

describe("artifact verify", () => {
  test("accepts by any of several keys, and shows which one it was", async () => {
    await using project = await aProject();
    const keys = ["--key", "keys/release.pub", "--key", "keys/artifact.pub"];
    const run = await project.done("artifact", "verify", "v1.0.0", ...keys);
    expect(run.stdout).toMatch(
      /^sha256:[0-9a-f]{64} is signed by keys\/artifact\.pub\n {2}✓ signature\n {6}keys\/artifact\.pub {2}sha256:[0-9a-f]{12}\n$/,
    );
  });

  test("shows why each candidate is refused, with both keys, and never says verified", async () => {
    await using project = await aProject();
    for (const enforcement of ["enforce", "warn"]) {
      const run = await project.run(
        ...["artifact", "verify", "v1.0.0", "--key", "keys/release.pub"],
        ...["--enforcement", enforcement],
      );
      expect(run.code).toBe(enforcement === "warn" ? 0 : 6);
      expect(run.stdout).toMatch(/is not accepted \(invalid\)/);
      expect(run.stdout).toMatch(
        / {2}✗ signature {2}NONE_ACCEPTED\n {6}sha256:[0-9a-f]{12} {2}WRONG_KEY: signed with the key sha256:[0-9a-f]{64}, wanted keys\/release\.pub \(sha256:[0-9a-f]{64}\)/,
      );
      expect(run.stdout + run.stderr).not.toMatch(/verified/i);
    }
  });

  test("asks for an attestation in place of the signature with a key, and beside it with a policy", async () => {
    await using project = await aProject({ versions: [], identities: ["ci"] });
    await project.publish("v1.0.0", { signed: false });
    await attest(project, "keys/ci.key");
    const type = ["--type", REVIEW];
    const mine = await project.done(
      "artifact",
      "verify",
      "v1.0.0",
      "--key",
      "keys/ci.pub",
      ...type,
    );
    expect(mine.stdout).toMatch(/ is attested by keys\/ci\.pub\n/);
    const byPolicy = await project.run("artifact", "verify", "v1.0.0", ...type, "-o", "json");
    expect(byPolicy.code).toBe(6);
    expect(byPolicy.json).toMatchObject({
      status: "unsigned",
      requirements: [
        { type: "signature", code: "NO_SIGNATURE" },
        { type: REVIEW, code: "NONE_ACCEPTED" },
      ],
    });
    const other = await project.run(
      ...["artifact", "verify", "v1.0.0", "--key", "keys/ci.pub", "--type", "vuln", "--json"],
    );
    expect(other.code).toBe(6);
    expect(other.json["failure_reason"]).toContain(REVIEW);
    const wrong = await project.run("artifact", "verify", "v1.0.0", "--type", "no-type", "--json");
    expect(wrong.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID" });
  });

  test("judges by the thresholds and types of an environment", async () => {
    await using project = await aProject({
      identities: ["ci"],
      verification: {
        public_key_ref: "keys/artifact.pub",
        environments: {
          staging: {
            public_key_ref: ["keys/artifact.pub", "keys/release.pub"],
            require: [{ type: "signature", threshold: 2 }],
          },
          prod: { require: [{ type: REVIEW, signers: ["ci"] }] },
        },
      },
    });
    const verify = async (env: string) =>
      await project.run("artifact", "verify", "v1.0.0", "--env", env);
    expect((await verify("dev")).code).toBe(0);
    const staging = await verify("staging");
    expect(staging.code).toBe(6);
    expect(staging.stdout).toContain("✗ signature (1 of 2 signers)  THRESHOLD_NOT_MET");
    await project.done("artifact", "sign", "v1.0.0", "--key", "keys/release.key");
    expect((await verify("staging")).stdout).toContain("✓ signature (2 of 2 signers)");
    expect((await verify("prod")).stdout).toContain(`✗ ${REVIEW}  NO_ATTESTATION_OF_TYPE: `);
    await attest(project, "keys/ci.key");
    expect((await verify("prod")).code).toBe(0);
  });

  test("takes a flag that tightens an environment's policy, and refuses one that loosens it", async () => {
    await using project = await aProject({
      versions: [],
      verification: {
        public_key_ref: "keys/artifact.pub",
        environments: { dev: { enforcement: "warn" }, staging: { enforcement: "off" } },
      },
    });
    await project.publish("v1.0.0", { signed: false });
    const verify = async (env: string, enforcement: string) =>
      await project.run(
        ...["artifact", "verify", "v1.0.0", "--env", env, "--enforcement", enforcement, "--json"],
      );
    expect((await verify("staging", "off")).json).toMatchObject({ status: "skipped" });
    expect((await verify("staging", "enforce")).code).toBe(6);
    expect((await verify("dev", "warn")).code).toBe(0);
    expect((await verify("dev", "enforce")).code).toBe(6);
    for (const [env, enforcement] of [
      ["prod", "warn"],
      ["prod", "off"],
      ["dev", "off"],
    ] as const) {
      const run = await verify(env, enforcement);
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_USAGE_INVALID",
        message: expect.stringContaining("is looser than"),
      });
    }
  });

  test("wants issuer and subject together, and neither beside an environment", async () => {
    await using project = await aProject();
    for (const flags of [
      ["--issuer", "https://issuer.example"],
      ["--certificate-identity", "alice@acme.example"],
      ["--issuer", "https://issuer.example", "--subject", "x", "--env", "prod"],
      ["--key", "keys/artifact.pub", "--env", "prod"],
    ]) {
      const run = await project.run("artifact", "verify", "v1.0.0", ...flags, "--json");
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_USAGE_INVALID" });
    }
    const keyless = ["--certificate-oidc-issuer", "https://issuer.example"];
    const run = await project.run(
      ...["artifact", "verify", "v1.0.0", ...keyless, "--certificate-identity", "x", "--json"],
    );
    expect(run.code).toBe(6);
    expect(run.json).toMatchObject({
      requirements: [{ candidates: [{ code: "WRONG_MATERIAL" }] }],
    });
  });

  test("says that the promotion before is judged elsewhere", async () => {
    await using project = await aProject({
      verification: {
        public_key_ref: "keys/artifact.pub",
        environments: { prod: { require_promotion_from: "staging" } },
      },
    });
    const run = await project.done("artifact", "verify", "v1.0.0", "--env", "prod");
    expect(run.stdout).toContain("warning require_promotion_from: staging is judged by");
  });

  test("tells a registry in trouble (5) and a refused login (14) from an artifact that is not accepted (6)", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: [] });
    const manifest = parse(project.read("manifest.yaml")) as { artifacts: Record<string, unknown> };
    manifest.artifacts["registry"] = {
      uri: `oci://${registry.host}/acme/app`,
      resilience: { retry: { max_attempts: 1 } },
    };
    project.write("manifest.yaml", stringify(manifest));
    project.write("app.json", new TextDecoder().decode(buildArtifact().bytes));
    await project.done("artifact", "push", "v1.0.0", "app.json");
    await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
    for (const [status, exit, code] of [
      [500, 5, "FLOE_REGISTRY_UNAVAILABLE"],
      [401, 14, "FLOE_REGISTRY_UNAUTHORIZED"],
    ] as const) {
      registry.faults.add({
        match: { path: /\/referrers\// },
        action: { kind: "status", status },
        times: 50,
      });
      const run = await project.run("artifact", "verify", "v1.0.0", "-o", "json");
      expect(run.code).toBe(exit);
      expect(run.json).toMatchObject({
        success: false,
        status: "unknown",
        error: { code, exit_code: exit },
        requirements: [{ code: "REFERRERS_UNAVAILABLE" }],
      });
      const promotion = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
      expect(promotion.code).toBe(6);
      expect(promotion.json).toMatchObject({ blocking: [{ code: "FLOE_SIGNATURE_UNJUDGED" }] });
      registry.faults.clear();
    }
    await project.done("artifact", "verify", "v1.0.0");
  });
});
