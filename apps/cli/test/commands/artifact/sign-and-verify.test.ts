import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { aProject } from "../../bed/a-project.ts";

describe("a key pair of artifact keygen", () => {
  test("signs with its password and verifies; the private file is for its owner alone", async () => {
    await using project = await aProject({ versions: [] });
    const digest = await project.publish("v1.0.0", { signed: false });
    const env = { FLOE_KEY_PASSWORD: "correct horse" };
    const made = await project.runWith(
      { env },
      ...["artifact", "keygen", "--output-key-prefix", "new/mine", "-o", "json"],
    );
    expect(made.json).toEqual({
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      success: true,
      private_key: "new/mine.key",
      public_key: "new/mine.pub",
      key_id: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(project.read("new/mine.key")).toMatch(
      /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/,
    );
    expect(project.read("new/mine.pub")).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(statSync(join(project.dir, "new/mine.key")).mode & 0o777).toBe(0o600);

    const sign = ["artifact", "sign", "v1.0.0", "--key", "new/mine.key", "-o", "json"];
    const wrong = await project.runWith({ env: { FLOE_KEY_PASSWORD: "battery staple" } }, ...sign);
    expect(wrong.code).toBe(2);
    expect(wrong.json["error"]).toMatchObject({ code: "FLOE_KEY_PASSWORD_WRONG" });
    expect(wrong.stdout + wrong.stderr).not.toContain("battery staple");
    const signed = await project.runWith({ env: { COSIGN_PASSWORD: "correct horse" } }, ...sign);
    expect(signed.json).toMatchObject({ success: true, digest, signer: made.json["key_id"] });
    const verified = await project.done(
      "artifact",
      "verify",
      "v1.0.0",
      "--key",
      "new/mine.pub",
      "--json",
    );
    expect(verified.json).toMatchObject({ success: true, digest, status: "valid" });
  });

  test("is never written over one that is there", async () => {
    await using project = await aProject({ versions: [] });
    const key = project.read("keys/release.key");
    for (const prefix of ["keys/release", "keys/artifact"]) {
      const run = await project.run("artifact", "keygen", "--output-key-prefix", prefix, "--json");
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_INIT_EXISTS" });
    }
    expect(project.read("keys/release.key")).toBe(key);
  });
});

describe("artifact keygen on a terminal", () => {
  const TERMINAL = `--import=${new URL("../../bed/pretend-answer.ts", import.meta.url).href}`;

  test("asks for the password twice, and shows none of it", async () => {
    await using project = await aProject({ versions: [] });
    await project.publish("v1.0.0", { signed: false });
    const typed = { NODE_OPTIONS: TERMINAL, FLOE_TEST_ANSWER: "pass word\npass word" };
    const run = await project.runWith(
      { env: typed },
      ...["artifact", "generate-key-pair", "--output-key-prefix", "mine"],
    );
    expect(run.code).toBe(0);
    expect(run.stderr).toBe("Password for mine.key (empty for none): \nThe same again: \n");
    const sign = ["artifact", "sign", "v1.0.0", "--key", "mine.key"];
    expect((await project.run(...sign)).code).toBe(2);
    const env = { COSIGN_PASSWORD: "pass word" };
    expect((await project.runWith({ env }, ...sign)).code).toBe(0);
  });

  test("makes no key when the two differ, or the input ends", async () => {
    await using project = await aProject({ versions: [] });
    for (const answer of ["one\ntwo", "one"]) {
      const typed = { NODE_OPTIONS: TERMINAL, FLOE_TEST_ANSWER: answer };
      const run = await project.runWith(
        { env: typed },
        ...["generate-key-pair", "--output-key-prefix", "mine", "--json"],
      );
      expect(run.code).toBe(2);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_KEY_PASSWORD_WRONG" });
      expect(existsSync(join(project.dir, "mine.key"))).toBe(false);
    }
  });

  test("in a folder that cannot be written says so", async () => {
    await using project = await aProject({ versions: [] });
    const run = await project.run(
      ...["artifact", "keygen", "--output-key-prefix", "manifest.yaml/k", "--json"],
    );
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_OUTPUT_FAILED" });
  });
});

describe("artifact verify", () => {
  test("says with 0 or 6 whether a trusted key signed this digest", async () => {
    await using project = await aProject({ versions: ["v1.0.0"] });
    await project.publish("v2.0.0", { signed: false });
    const signed = await project.done("artifact", "verify", "v1.0.0");
    expect(signed.stdout).toMatch(/^sha256:[0-9a-f]{64} is signed by /);
    const unsigned = await project.run("artifact", "verify", "v2.0.0", "-o", "json");
    expect(unsigned.code).toBe(6);
    expect(unsigned.json).toMatchObject({ success: false, status: "unsigned" });
    const other = await project.run(
      "artifact",
      "verify",
      "v1.0.0",
      "--key",
      "keys/release.pub",
      "--json",
    );
    expect(other.code).toBe(6);
    expect(other.json["success"]).toBe(false);
  });

  test("by an environment's policy follows its enforcement", async () => {
    await using project = await aProject({
      verification: {
        enforcement: "enforce",
        public_key_ref: "keys/artifact.pub",
        environments: { dev: { enforcement: "warn" } },
      },
      versions: [],
    });
    await project.publish("v1.0.0", { signed: false });
    expect((await project.run("artifact", "verify", "v1.0.0", "--env", "dev")).code).toBe(0);
    expect((await project.run("artifact", "verify", "v1.0.0", "--env", "prod")).code).toBe(6);
  });

  test("of what is not there is 3, with an unreadable key 2", async () => {
    await using project = await aProject();
    expect((await project.run("artifact", "verify", "v9.0.0")).code).toBe(3);
    const run = await project.run(
      "artifact",
      "verify",
      "v1.0.0",
      "--key",
      "keys/none.pub",
      "--json",
    );
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_KEY_INVALID" });
  });
});

test("signing makes an unsigned artifact promotable", async () => {
  await using project = await aProject({ versions: [] });
  await project.publish("v1.0.0", { signed: false });
  expect((await project.run("promote", "v1.0.0", "--to", "dev")).code).toBe(6);
  await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
  await project.promote("v1.0.0", "dev");
});
