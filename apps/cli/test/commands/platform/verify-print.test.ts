import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { aProject, type Project } from "../../bed/a-project.ts";

const gates = { policy_compliance: true };
const REPOSITORY = "harbor.example.com/acme/app";
const URI = `oci://${REPOSITORY}?environment=prod`;

/** A project whose prod is guarded by `release` and a keyless identity, and whose dev is open to everybody. */
async function guarded(): Promise<Project> {
  const project = await aProject({
    versions: [],
    identities: ["other", "gone"],
    environments: [
      { name: "dev", gates, authorization: { allowed_operators: ["other"] } },
      { name: "prod", gates, authorization: { allowed_operators: ["release", "gone", "ci"] } },
    ],
  });
  const keyless =
    "{ issuer: https://issuer.example.com, subject_pattern: 'https://example.com/acme/*@refs/tags/*' }";
  const manifest = project
    .read("manifest.yaml")
    .replace("oci-layout:./.floe/registry", `oci://${REPOSITORY}`)
    .replace("identities:\n", `identities:\n  ci: { keyless: ${keyless} }\n`)
    .replace("key: keys/gone.pub", "key: keys/gone.pub\n    revoked_at: 2020-01-01T00:00:00Z");
  project.write("manifest.yaml", manifest);
  return project;
}

async function sample(project: Project, name: string): Promise<string> {
  return (await project.done("platform", "verify", "--env", "prod", "--print", name)).stdout;
}

describe("floe platform verify --print", () => {
  test("has the keys and identities that may promote there today, and asks no registry", async () => {
    await using project = await guarded();
    const release = project.read("keys/release.pub").trim().split("\n")[1] ?? "?";
    for (const name of ["cosign", "kyverno", "policy-controller"]) {
      const text = await sample(project, name);
      expect(text).toContain(release);
      expect(text).toContain(URI);
      expect(text).toContain("floe platform verify --env prod");
      for (const other of ["other", "gone"])
        expect(text).not.toContain(project.read(`keys/${other}.pub`).trim().split("\n")[1]);
      expect(text).toContain(String.raw`^https://example\.com/acme/[^/@]*@refs/tags/[^/@]*$`);
    }
    expect(parse(await sample(project, "kyverno"))).toMatchObject({ kind: "ClusterPolicy" });
    const policy = parse(await sample(project, "policy-controller")) as {
      spec: { authorities: { name: string; signatureFormat: string }[] };
    };
    expect(policy.spec.authorities.map(({ name }) => name)).toEqual(["ci", "release"]);
  });

  test("for flux has the key that artifacts are signed with, and says that it proves no promotion", async () => {
    await using project = await guarded();
    const text = await sample(project, "flux");
    const [secret, source] = parseAllDocuments(text).map(
      (document) => document.toJS() as Record<string, unknown>,
    );
    expect(secret?.["stringData"]).toEqual({
      "artifact-0.pub": `${project.read("keys/artifact.pub").trim()}\n`,
    });
    expect(source).toMatchObject({ kind: "OCIRepository", spec: { ref: { tag: "latest-prod" } } });
    expect(text).toContain("cannot tell whether the artifact was promoted");
  });

  test("says what a controller would make of the manifest's signers", async () => {
    await using project = await guarded();
    expect(await sample(project, "kyverno")).not.toContain("THAT IS NOT SO HERE");
    expect(await sample(project, "policy-controller")).toContain("THAT CONCERNS: release");
    const manifest = project.read("manifest.yaml");
    project.write(
      "manifest.yaml",
      manifest.replace("- other\n", "- other\n            - release\n"),
    );
    expect(await sample(project, "kyverno")).toContain("THAT IS NOT SO HERE: release (also dev)");
  });

  test("a folder is refused: no controller can read it", async () => {
    await using project = await aProject();
    const run = await project.run("platform", "verify", "--env", "dev", "--print", "kyverno");
    expect(run.code).toBe(2);
    const elsewhere = ["-r", "oci://harbor.example.com/acme/app"];
    const printed = await project.run(
      ...["platform", "verify", "--env", "dev", "--print", "kyverno", ...elsewhere, "-o", "json"],
    );
    expect(printed.json).toMatchObject({ environment: "dev", print: "kyverno" });
  });
});
