import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

const gates = { policy_compliance: true };
const guarded = {
  identities: ["alice"],
  groups: { admins: ["alice"] },
  environments: [
    { name: "dev", gates },
    { name: "prod", gates, authorization: { allowed_groups: ["admins"] } },
  ],
  versions: ["v1.0.0"],
} as const;

describe("an environment with authorization", () => {
  test("says whom it wants and how to prove it, and that a label proves nothing", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "dev");
    const run = await project.run(
      ...["promote", "v1.0.0", "--to", "prod", "--operator", "alice", "-o", "json"],
    );
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_NOT_AUTHORIZED",
      message:
        "prod needs group admins; release is in none of the groups and not an allowed operator",
      hint: "Run it again with the key of alice (--key REF or FLOE_SIGNING_KEY); or have the manifest's authorization changed.",
    });
    const done = await project.done(
      ...["promote", "v1.0.0", "--to", "prod", "--key", "keys/alice.key", "--operator", "bob"],
    );
    expect(done.stdout).toMatch(/by +alice/);
  });

  test("does not take somebody's public key beside another's private key for a proof", async () => {
    await using project = await aProject(guarded);
    await project.promote("v1.0.0", "dev");
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/mallory");
    project.write("keys/mallory.pub", project.read("keys/alice.pub"));
    const before = await project.tags();
    const asMallory = ["--key", "keys/mallory.key", "-o", "json"];
    for (const command of [
      ["promote", "v1.0.0", "--to", "prod", "--dry-run"],
      ["promote", "v1.0.0", "--to", "prod"],
      ["platform", "lock", "--env", "prod", "--reason", "mine"],
    ]) {
      const run = await project.run(...command, ...asMallory);
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({
        code: "FLOE_KEY_INVALID",
        message: expect.stringMatching(/^keys\/mallory\.key: the public key file beside it/),
      });
    }
    expect(await project.tags()).toEqual(before);
  });

  test("says that a password is missing, without waiting for gates that take a minute", async () => {
    const slow = { command: ["sh", "-c", "sleep 60; touch finished"] };
    await using project = await aProject({
      environments: [{ name: "dev", gates: { policy_compliance: true, slow } }],
    });
    const password = { FLOE_KEY_PASSWORD: "a secret" };
    const keygen = ["artifact", "keygen", "--output-key-prefix", "keys/sealed"];
    expect((await project.runWith({ env: password }, ...keygen)).code).toBe(0);
    const run = await project.run("promote", "v1.0.0", "--to", "dev", "--key", "keys/sealed.key");
    expect([run.code, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toContain(
      "error FLOE_KEY_PASSWORD_WRONG: keys/sealed.key: the private key is encrypted, and no password is given",
    );
    expect(existsSync(join(project.dir, "finished"))).toBe(false);
  });

  test("says that a password is wrong, in a dry run as well", async () => {
    await using project = await aProject(guarded);
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/sealed");
    const env = { FLOE_KEY_PASSWORD: "not this one", FLOE_SIGNING_KEY: "keys/sealed.key" };
    for (const more of [["--dry-run"], []]) {
      const run = await project.runWith(
        { env },
        ...["promote", "v1.0.0", "--to", "dev"],
        ...more,
        "-o",
        "json",
      );
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_KEY_PASSWORD_WRONG" });
    }
  });

  test("names the place of a signer that nobody knows", async () => {
    await using project = await aProject({ ...guarded, environments: [guarded.environments[1]] });
    await project.done("artifact", "keygen", "--output-key-prefix", "keys/stranger");
    const promote = ["promote", "v1.0.0", "--to", "prod", "-o", "json"];
    const env = { FLOE_SIGNING_KEY: "keys/stranger.key" };
    const run = await project.runWith({ env }, ...promote);
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      message: expect.stringMatching(
        /the signer \(sha256:.*, from FLOE_SIGNING_KEY\) is not an identity/,
      ),
    });
  });

  test("without any signer says where one was looked for", async () => {
    await using project = await aProject({
      ...guarded,
      environments: [guarded.environments[1]],
      signing: { mode: "key-based" },
    });
    const run = await project.run("promote", "v1.0.0", "--to", "prod", "-o", "json");
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_SIGNER_MISSING",
      message: expect.stringMatching(
        /--key and FLOE_SIGNING_KEY: not given.*promotion\.operator\.key_ref: not in the manifest.*private_key_ref/,
      ),
      hint: expect.stringContaining("the key of alice"),
    });
  });

  test("that allows nobody who is valid now says so", async () => {
    await using project = await aProject({ ...guarded, environments: [guarded.environments[1]] });
    const manifest = project.read("manifest.yaml");
    project.write(
      "manifest.yaml",
      manifest.replace(
        "key: keys/alice.pub",
        "key: keys/alice.pub\n    revoked_at: 2020-01-01T00:00:00Z",
      ),
    );
    const run = await project.run(
      ...["promote", "v1.0.0", "--to", "prod", "--key", "keys/alice.key", "-o", "json"],
    );
    expect(run.code).toBe(12);
    expect(run.json["error"]).toMatchObject({
      message: expect.stringContaining("alice signs, and is not valid now"),
      hint: expect.stringContaining("no identity that is valid now"),
    });
  });
});
