import { createPrivateKey } from "node:crypto";
import { createKeySigner, loadPrivateKey } from "@floe/signing";
import { expect, test } from "vitest";
import { aProject, go, type Project } from "../bed/a-project.ts";
import { type Planting, REFUSALS } from "./plant.ts";

const ENVIRONMENTS = [{ name: "off" }, { name: "warns" }, { name: "strict" }];

async function plantingIn(project: Project, version: string): Promise<Planting> {
  await project.publish(version, { signed: false });
  const artifact = await project.store.getManifest(version, go);
  if (artifact === null) throw new Error(`${version} is not there after it was pushed`);
  const privateKey = await loadPrivateKey(project.read("keys/artifact.key"));
  const trustedKey = createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" }));
  const trusted = createKeySigner({ privateKey });
  return { store: project.store, artifact, trusted, trustedKey };
}

test.each(REFUSALS.map((refusal) => [refusal.name, refusal] as const))(
  "%s: off does not look, warn says so and promotes, enforce blocks",
  async (_, { plant, code, status }) => {
    await using project = await aProject({
      versions: [],
      environments: ENVIRONMENTS,
      verification: {
        public_key_ref: "keys/artifact.pub",
        environments: { off: { enforcement: "off" }, warns: { enforcement: "warn" } },
      },
    });
    await plant(await plantingIn(project, "v1.0.0"));

    const off = await project.done("promote", "v1.0.0", "--to", "off", "-o", "json");
    expect(off.json).toMatchObject({ signature_status: "skipped", signature_verified: false });

    const dry = await project.run("promote", "v1.0.0", "--to", "warns", "--dry-run");
    expect(dry.code).toBe(0);
    expect(dry.stdout + dry.stderr).toMatch(/! signatures are not enforced: /);
    expect(dry.stdout + dry.stderr).not.toMatch(/verified/i);

    const warned = await project.done("promote", "v1.0.0", "--to", "warns", "-o", "json");
    expect(warned.json).toMatchObject({
      success: true,
      signature_status: status,
      signature_verified: false,
      warnings: expect.arrayContaining([expect.stringContaining("signatures are not enforced: ")]),
    });
    if (code !== null) expect(JSON.stringify(warned.json["warnings"])).toContain(code);

    const tags = await project.tags();
    const refused = await project.run("promote", "v1.0.0", "--to", "strict", "-o", "json");
    expect(refused.code).toBe(6);
    expect(refused.json).toMatchObject({
      success: false,
      blocking: [{ code: "FLOE_SIGNATURE_REQUIRED" }],
    });
    expect(Object.keys(await project.tags()).filter((tag) => !(tag in tags))).toEqual(
      Object.keys(await project.tags()).filter((tag) => /^floe-/.test(tag) && !(tag in tags)),
    );
    expect((await project.tags())["latest-strict"]).toBeUndefined();
  },
);

test("every requirement that is not met is a reason of its own", async () => {
  await using project = await aProject({
    versions: [],
    identities: ["ci"],
    environments: [{ name: "dev" }],
    verification: {
      public_key_ref: "keys/artifact.pub",
      require_sbom: true,
      require: [{ type: "https://slsa.dev/provenance/v1", signers: ["ci"] }],
    },
  });
  await project.publish("v1.0.0", { signed: false });
  const run = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "json");
  expect(run.code).toBe(6);
  const blocking = run.json["blocking"] as readonly { readonly message: string }[];
  expect(blocking.map(({ message }) => message)).toEqual([
    expect.stringMatching(/no signature that dev accepts/),
    expect.stringMatching(/a signed SBOM/),
    expect.stringMatching(/https:\/\/slsa\.dev\/provenance\/v1/),
  ]);

  await project.done("artifact", "sign", "v1.0.0", "--key", "keys/artifact.key");
  project.write("bom.json", '{ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [] }');
  await project.done(
    ...["artifact", "sbom", "v1.0.0", "--file", "bom.json", "--key", "keys/artifact.key"],
  );
  project.write("provenance.json", '{ "buildDefinition": {}, "runDetails": {} }');
  await project.done(
    ...["artifact", "attest", "v1.0.0", "--type", "slsaprovenance1"],
    ...["--predicate", "provenance.json", "--key", "keys/ci.key"],
  );
  await project.promote("v1.0.0", "dev");
});
