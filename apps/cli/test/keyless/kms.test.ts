import { join } from "node:path";
import { writeKmsPlugin } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject } from "../bed/a-project.ts";

const gates = { policy_compliance: true };

/** A project that trusts a key in a KMS, for artifacts and for promotions, and the PATH with its plugin. */
async function aKmsProject() {
  const project = await aProject({
    versions: [],
    identities: ["hsm"],
    verification: { enforcement: "enforce", public_key_ref: "keys/hsm.pub" },
    environments: [{ name: "dev", gates, authorization: { allowed_operators: ["hsm"] } }],
  });
  const plugin = await writeKmsPlugin(join(project.dir, "plugins"));
  project.write("keys/hsm.pub", plugin.publicKeyPem);
  project.write("app.json", "{}");
  await project.done("artifact", "push", "v1.0.0", "app.json");
  const PATH = `${plugin.folder}:${process.env["PATH"] ?? ""}`;
  return { project, uri: plugin.uri, PATH };
}

describe("a key in a KMS", () => {
  test("signs artifacts, attests and promotes, by flag and by variable", async () => {
    const { project, uri, PATH } = await aKmsProject();
    await using _ = project;
    const run = async (env: Record<string, string>, ...args: string[]) => {
      const ended = await project.runWith({ env: { PATH, ...env } }, ...args);
      expect(ended.code, ended.stdout + ended.stderr).toBe(0);
      return ended;
    };
    await run({}, "artifact", "sign", "v1.0.0", "--key", uri);
    await run(
      { FLOE_SIGNING_KEY: uri },
      "artifact",
      "attest",
      "v1.0.0",
      "--type",
      "custom",
      "--predicate",
      "app.json",
    );
    expect((await project.run("artifact", "verify", "v1.0.0")).code).toBe(0);
    const promoted = await run(
      { FLOE_SIGNING_KEY: uri },
      "promote",
      "v1.0.0",
      "--to",
      "dev",
      "-o",
      "json",
    );
    expect(promoted.json["operator"]).toBe("hsm");
    const { rows } = await project.done("status", "-o", "json");
    expect(rows).toMatchObject([{ version: "v1.0.0", promoted_by: "hsm", findings: [] }]);
  });

  test("is not looked for in the working folder, and what its plugin says is told", async () => {
    const { project, uri, PATH } = await aKmsProject();
    await using _ = project;
    const promote = ["promote", "v1.0.0", "--to", "dev", "-o", "json", "--key"];
    const here = await project.runWith({ env: { PATH: ".:plugins" } }, ...promote, uri);
    expect(here.json["error"]).toMatchObject({ code: "FLOE_KMS_PLUGIN_FAILED", exit_code: 5 });
    const other = await project.runWith({ env: { PATH } }, ...promote, "test://another/key");
    expect(other.json["error"]).toMatchObject({
      code: "FLOE_KMS_PLUGIN_FAILED",
      message: expect.stringContaining("no key another/key"),
    });
  });
});
