import { buildArtifact } from "@floe/testing";
import { expect, test } from "vitest";
import { sortTags } from "../../../src/sort-tags.ts";
import { aProject, go } from "../../bed/a-project.ts";

function sorted(...tags: string[]): string[] {
  return sortTags(tags, { environments: ["dev", "prod"] }).map(({ tag }) => tag);
}

test("versions are sorted by semver's precedence and come last", () => {
  // The example of Semantic Versioning 2.0.0, section 11.
  const precedence = [
    ...["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"],
    ...["1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "9.0.0", "10.0.0"],
  ];
  expect(sorted(...precedence.toReversed())).toEqual(precedence);
  expect(sorted("v1.0.0", "zeta", "latest-dev", "build-10", "build-9")).toEqual([
    ...["build-9", "build-10", "latest-dev", "zeta", "v1.0.0"],
  ]);
});

test("a version is followed by the environments that it was promoted to", () => {
  const tags = [
    ...["v1.0.0-rc.1", "v1.0.0", "v1.0.0-dev", "v1.0.0-prod"],
    ...["v1.0.0-prod-rollback-1", "v1.0.0-prod-rollback-2", "v1.0.0-prod-rollback-10", "v1.0.1"],
  ];
  expect(sorted(...tags.toReversed())).toEqual(tags);
});

test("numbers of any length are compared", () => {
  const large = `1.0.${"9".repeat(40)}`;
  expect(sorted(`1.0.1${"0".repeat(40)}`, large)).toEqual([large, `1.0.1${"0".repeat(40)}`]);
});

test("--limit keeps the newest, also of ten thousand tags", async () => {
  await using project = await aProject({ versions: [] });
  const built = buildArtifact();
  for (const blob of built.blobs) await project.store.putBlob(blob.descriptor, blob.bytes, go);
  await project.store.createTag("v0.0.0", built, go);
  const index = JSON.parse(project.read(".floe/registry/index.json")) as {
    manifests: { annotations: object }[];
  };
  const [first] = index.manifests;
  index.manifests = Array.from({ length: 10_000 }, (_, number) => ({
    ...first,
    annotations: { "org.opencontainers.image.ref.name": `v1.${number}.0` },
  }));
  project.write(".floe/registry/index.json", JSON.stringify(index));
  const all = await project.done("artifact", "list", "-o", "json");
  expect(all.rows).toHaveLength(10_000);
  const some = await project.done("artifact", "list", "v1.*", "-n", "2", "-o", "json");
  expect(some.rows.map(({ tag }) => tag)).toEqual(["v1.9998.0", "v1.9999.0"]);
  expect((await project.run("artifact", "list", "--limit", "0")).code).toBe(2);
});

test("a repository is taken as crane and oras take it, and one artifact of it is refused", async () => {
  await using project = await aProject({ versions: ["v1.0.0"] });
  const layout = "oci-layout:.floe/registry";
  const { rows } = await project.done("artifact", "list", layout, "-o", "json");
  expect(rows.map((row) => row["tag"])).toEqual(["v1.0.0"]);
  const one = await project.run("artifact", "list", `${layout}:v1.0.0`, "-o", "json");
  expect([one.code, one.json["error"]]).toMatchObject([2, { code: "FLOE_USAGE_INVALID" }]);
});

test("a tag that is not there has near names", async () => {
  await using project = await aProject({ versions: ["v1.0.0"] });
  const run = await project.run("artifact", "inspect", "v1.0.00", "-o", "json");
  expect(run.code).toBe(3);
  expect(run.json["error"]).toMatchObject({
    hint: "Did you mean v1.0.0?",
    details: { near: ["v1.0.0"] },
  });
});

test.each(["/proc/nope", "/dev/null/x"])(
  "nothing is pulled to %s, and it is named",
  async (folder) => {
    await using project = await aProject({ versions: [] });
    project.write("app.json", "{}");
    await project.done("artifact", "push", "v1.0.0", "app.json");
    const run = await project.run("artifact", "pull", "v1.0.0", "-d", folder, "-o", "json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_OUTPUT_FAILED",
      message: expect.stringContaining(folder),
    });
  },
);
