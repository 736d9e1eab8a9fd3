import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { aProject, type Project, type ProjectOptions } from "../bed/a-project.ts";
import type { Json } from "../bed/floe.ts";

const KEY = ["--key", "keys/artifact.key"];
const gates = { policy_compliance: true };

type Component = Readonly<Record<string, unknown>>;

/** Compiles and publishes a platform of these components. */
async function publish(project: Project, version: string, components: readonly Component[]) {
  project.write(
    "floe.yaml",
    stringify({ apiVersion: "floe.dev/v1", kind: "Spec", metadata: { name: "acme" }, components }),
  );
  await project.done("platform", "publish", version, ...KEY);
}

const DB = { name: "db", type: "database", version: "15.4.0", config: { port: 5432, tls: true } };
const API = { name: "api", type: "service", depends_on: ["db"], config: { replicas: 2 } };
const WEB = { name: "web", type: "site", depends_on: ["api"] };
const CACHE = { name: "cache", type: "cache" };

async function twoPlatforms(options: ProjectOptions = {}): Promise<Project> {
  const project = await aProject({ versions: [], ...options });
  await publish(project, "v1.0.0", [
    { ...DB, version: "14.0.0", config: { port: "5432" } },
    API,
    WEB,
  ]);
  await publish(project, "v1.1.0", [DB, { ...API, config: { replicas: 3 } }, WEB, CACHE]);
  return project;
}

async function diff(project: Project, ...args: string[]): Promise<Json> {
  return (await project.done("platform", "diff", ...args, "-o", "json")).json;
}

describe("diff", () => {
  test("compares compiled artifacts by component, with what needs them and what the signed SBOMs list", async () => {
    await using project = await twoPlatforms();
    const found = await diff(project, "v1.0.0", "v1.1.0");
    expect(found).toMatchObject({ identical: false, environments: [], not_compared: [] });
    const components = found["components"] as Json[];
    expect(components).toEqual([
      {
        ...{ name: "db", change: "changed", type: "database", dependents: ["api", "web"] },
        fields: [
          { path: "version", change: "changed", from: "14.0.0", to: "15.4.0" },
          { path: "config.port", change: "retyped", from: "5432", to: 5432 },
          { path: "config.tls", change: "added", to: true },
        ],
      },
      {
        ...{ name: "api", change: "changed", type: "service", dependents: ["web"] },
        fields: [{ path: "config.replicas", change: "changed", from: 2, to: 3 }],
      },
      { name: "cache", change: "added", type: "cache", fields: [], dependents: [] },
    ]);
    expect(found["sbom"]).toMatchObject({
      from: { signature: "verified", signers: ["keys/artifact.pub"] },
      to: { signature: "verified", signers: ["keys/artifact.pub"] },
      components: [
        { component: "cache", change: "added", from: null, to: null },
        { component: "db", change: "changed", from: "14.0.0", to: "15.4.0" },
      ],
    });
    const { stdout } = await project.done("platform", "diff", "v1.0.0", "v1.1.0");
    expect(stdout).toMatch(/Components\n {2}~ db \(database\), needed by api, web\n/);
    expect(stdout).toContain('~ config.port: "5432" → 5432');
    expect(stdout).toContain("SBOM components (verified → verified)");
  });

  test("ends with 20 for a difference, and only with --exit-code", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const code = async (...args: string[]) => (await project.run("platform", "diff", ...args)).code;
    expect(await code("v1.0.0", "v1.1.0")).toBe(0);
    expect(await code("v1.0.0", "v1.1.0", "--exit-code")).toBe(20);
    expect(await code("v1.0.0", "v1.0.0", "--exit-code")).toBe(0);
  });

  test("compares what environments run, and what the gates said of it", async () => {
    await using project = await aProject({
      versions: ["v1.0.0", "v1.1.0"],
      environments: [
        { name: "dev", gates },
        {
          name: "prod",
          gates: {
            ...gates,
            smoke: { command: ["sh", "-c", "exit $(cat code)"], required: false },
          },
        },
      ],
    });
    project.write("code", "0");
    await project.promote("v1.0.0", "dev", "prod");
    project.write("code", "1");
    await project.promote("v1.1.0", "dev", "prod");
    expect((await diff(project, "v1.0.0", "prod"))["gates"]).toMatchObject({
      from: { environment: "prod" },
      to: { environment: "prod" },
      changes: [
        { gate: "smoke", change: "changed", from: { status: "passed" }, to: { status: "failed" } },
      ],
    });
    const same = await diff(project, "dev", "prod");
    expect(same).toMatchObject({
      ...{ identical: true, layers: [], annotations: [], components: [] },
      from: { environment: "dev", version: "v1.1.0" },
      gates: { changes: [{ gate: "smoke", change: "added", to: { status: "failed" } }] },
    });
  });

  test("labels an SBOM that nobody signed, and says where there is none", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0", "v1.2.0"] });
    for (const [version, of] of [
      ["v1.0.0", "1.0.0"],
      ["v1.1.0", "2.0.0"],
    ] as const) {
      const document = {
        spdxVersion: "SPDX-2.3",
        packages: [{ name: "left-pad", versionInfo: of }],
      };
      await attachFile(project, version, JSON.stringify(document));
    }
    expect((await diff(project, "v1.0.0", "v1.1.0"))["sbom"]).toMatchObject({
      from: { signature: "unsigned", signers: [] },
      to: { signature: "unsigned", signers: [] },
      components: [{ component: "left-pad", change: "changed", from: "1.0.0", to: "2.0.0" }],
    });
    expect((await diff(project, "v1.0.0", "v1.2.0"))["sbom"]).toMatchObject({
      from: { signature: "unsigned" },
      to: { signature: "none", signers: [], referrers: [] },
      components: null,
    });
  });

  test.each([
    ["an unknown version", ["v9.9.9", "v1.0.0"], 3, "FLOE_ARTIFACT_NOT_FOUND"],
    [
      "what is neither a version nor an environment",
      ["prodd", "v1.0.0"],
      3,
      "FLOE_ENVIRONMENT_NOT_FOUND",
    ],
    ["an environment in which nothing runs", ["prod", "v1.0.0"], 11, "FLOE_VERIFY_NOTHING"],
  ])("refuses %s", async (_, args, code, name) => {
    await using project = await aProject();
    const run = await project.run("platform", "diff", ...args, "-o", "json");
    expect([run.code, run.json["error"]]).toMatchObject([code, { code: name }]);
  });
});

/** Attaches a document as it is, as other tools do. */
async function attachFile(project: Project, version: string, text: string): Promise<void> {
  const { store } = project;
  const { EMPTY_BLOB, EMPTY_DESCRIPTOR, digestOf } = await import("@floe/core/model");
  const go = { signal: new AbortController().signal };
  const subject = await store.getManifest(version, go);
  if (!subject) throw new Error(`${version} is not there`);
  const bytes = new TextEncoder().encode(text);
  const mediaType = "application/spdx+json";
  const layer = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  await store.putBlob(layer, bytes, go);
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
  const manifest = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: mediaType,
    config: EMPTY_DESCRIPTOR,
    layers: [layer],
    subject: subject.descriptor,
  };
  await store.attach(
    { bytes: new TextEncoder().encode(JSON.stringify(manifest)), mediaType: manifest.mediaType },
    go,
  );
}

describe("the impact of a rollback", () => {
  async function impactOf(project: Project): Promise<Json> {
    const run = await project.run(
      "rollback",
      "--env",
      "dev",
      "--reason",
      "r",
      "--dry-run",
      "-o",
      "json",
    );
    return run.json["impact_analysis"] as Json;
  }

  test("names what breaks, what needs it, and which dependencies become older", async () => {
    await using project = await twoPlatforms();
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    expect(await impactOf(project)).toEqual({
      breaking_changes: [
        "the component cache (cache) is removed",
        "component db: config.port changes from number to string",
        "component db: config.tls is removed",
      ],
      affected_products: ["api", "web"],
      recommendations: [
        "1 dependency becomes older: db 15.4.0 → 14.0.0. See that no fix is lost.",
        "Tell the consumers of what is removed before they notice.",
      ],
      risk: "RISKY",
    });
  });

  test("is SAFE where only values change", async () => {
    await using project = await aProject({ versions: [] });
    await publish(project, "v1.0.0", [DB]);
    await publish(project, "v1.1.0", [{ ...DB, config: { ...DB.config, port: 5433 } }]);
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const safe = { breaking_changes: [], affected_products: [], recommendations: [], risk: "SAFE" };
    expect(await impactOf(project)).toEqual(safe);
  });

  test("is BLOCKED where something goes away that what stays needs: a warning, and a refusal with block_on_impact", async () => {
    await using project = await aProject({ versions: [] });
    await publish(
      project,
      "v1.0.0",
      [API, WEB].map((one) => ({ ...one, depends_on: [] })),
    );
    await publish(project, "v1.1.0", [DB, API, WEB]);
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const rollback = ["rollback", "--env", "dev", "--reason", "r", "-o", "json"];
    const warned = await project.done(...rollback, "--dry-run");
    expect(warned.json["impact_analysis"]).toMatchObject({
      breaking_changes: ["the component db (database) is removed, which api, web need"],
      affected_products: ["api", "web"],
      risk: "BLOCKED",
    });
    expect(warned.json["warnings"]).toEqual([
      expect.stringContaining("impact of the rollback: BLOCKED"),
    ]);
    const manifest = project.read("manifest.yaml");
    project.write(
      "manifest.yaml",
      manifest.replace("  promotion:\n", "  promotion:\n    rollback: { block_on_impact: true }\n"),
    );
    const before = await project.tags();
    for (const args of [[...rollback, "--dry-run"], rollback]) {
      const refused = await project.run(...args);
      expect([refused.code, refused.json["error"]]).toMatchObject([
        8,
        { code: "FLOE_ROLLBACK_IMPACT_BLOCKED" },
      ]);
    }
    const { "latest-dev": latest } = await project.tags();
    expect(latest).toBe(before["latest-dev"]);
  });
});
