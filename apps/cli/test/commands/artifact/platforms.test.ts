import { digestOf } from "@floe/core/model";
import { buildArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "../../bed/a-project.ts";

const OWN = process.arch === "x64" ? "amd64" : process.arch;
const OTHER = OWN === "amd64" ? "arm64" : "amd64";

interface Published {
  readonly index: string;
  readonly raw: string;
  /** By architecture. */
  readonly children: Readonly<Record<string, string>>;
}

/** An index of artifacts with one file for each architecture. */
async function publishIndex(
  project: Project,
  architectures: readonly string[],
): Promise<Published> {
  const { store } = project;
  const children: Record<string, string> = {};
  const manifests: object[] = [];
  for (const architecture of architectures) {
    const annotations = { "org.opencontainers.image.title": "app" };
    const built = buildArtifact({ layers: [{ content: `for ${architecture}`, annotations }] });
    for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
    const { mediaType, digest, size } = await store.putManifest(built, go);
    children[architecture] = digest;
    manifests.push({ mediaType, digest, size, platform: { os: "linux", architecture } });
  }
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const raw = `${JSON.stringify({ schemaVersion: 2, mediaType, manifests }, null, 3)}\n`;
  await store.createTag("v1.0.0", { bytes: Buffer.from(raw), mediaType }, go);
  return { index: digestOf(raw), raw, children };
}

describe("of an index", () => {
  test("pull takes the manifest for this machine, or the one that is named", async () => {
    await using project = await aProject({ versions: [] });
    const { index, children } = await publishIndex(project, [OTHER, OWN]);
    const own = await project.done("artifact", "pull", "v1.0.0", "-d", "own", "--json");
    expect(own.json).toMatchObject({ digest: children[OWN], index });
    expect(project.read("own/app")).toBe(`for ${OWN}`);
    const platform = `linux/${OTHER}`;
    await project.done("artifact", "pull", "v1.0.0", "-d", "other", "--platform", platform);
    expect(project.read("other/app")).toBe(`for ${OTHER}`);
  });

  test("a platform that is not there is 3, and those that are there are listed", async () => {
    await using project = await aProject({ versions: [] });
    await publishIndex(project, ["s390x", "riscv64"]);
    const run = await project.run("artifact", "pull", "v1.0.0", "-d", "out", "--json");
    expect(run.code).toBe(3);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      message: expect.stringContaining(`linux/${OWN}`),
      hint: expect.stringContaining("linux/s390x, linux/riscv64"),
    });
    const wrong = await project.run("artifact", "pull", "v1.0.0", "--platform", "linux");
    expect(wrong.code).toBe(2);
  });

  test("inspect shows the platforms, and one of them when it is named", async () => {
    await using project = await aProject({ versions: [] });
    const { index, children } = await publishIndex(project, ["amd64", "arm64"]);
    const all = await project.done("artifact", "inspect", "v1.0.0", "--json");
    expect(all.json).toMatchObject({
      digest: index,
      index: null,
      platforms: [
        { digest: children["amd64"], platform: "linux/amd64" },
        { digest: children["arm64"], platform: "linux/arm64" },
      ],
      layers: [],
      signatures: 0,
    });
    const text = await project.done("artifact", "inspect", "v1.0.0");
    expect(text.stdout).toMatch(/^platform +linux\/arm64 /m);
    const options = ["--platform", "linux/arm64", "--json"];
    const one = await project.done("artifact", "inspect", "v1.0.0", ...options);
    expect(one.json).toMatchObject({
      digest: children["arm64"],
      index,
      artifact_type: "application/vnd.floe.test.artifact.v1",
      layers: [{ title: "app", size: 9 }],
      platforms: [],
    });
  });

  test("inspect --raw prints the bytes exactly, whatever the format", async () => {
    await using project = await aProject({ versions: [] });
    const { raw, children } = await publishIndex(project, ["amd64"]);
    expect((await project.done("artifact", "inspect", "v1.0.0", "--raw")).stdout).toBe(raw);
    const flags = ["--raw", "--json", "--platform", "linux/amd64"];
    const child = await project.done("artifact", "inspect", "v1.0.0", ...flags);
    expect(digestOf(child.stdout)).toBe(children["amd64"]);
  });
});

test("a platform of what is no index is 2", async () => {
  await using project = await aProject();
  const run = await project.run("artifact", "inspect", "v1.0.0", "--platform", "linux/amd64");
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining("no index")]);
});

test("inspect counts signatures, also one under cosign 2's tag", async () => {
  await using project = await aProject();
  const digest = String((await project.tags())["v1.0.0"]);
  const old = buildArtifact({ layers: [{ content: "s" }, { content: "t" }] });
  for (const blob of old.blobs) await project.store.putBlob(blob.descriptor, blob.bytes, go);
  await project.store.createTag(`${digest.replace(":", "-")}.sig`, old, go);
  const { json } = await project.done("artifact", "inspect", "v1.0.0", "--json");
  expect(json["signatures"]).toBe(3);
});
