import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, go } from "../../bed/a-project.ts";
import { floe } from "../../bed/floe.ts";

const TERMINAL = [
  `--import=${new URL("../../bed/pretend-terminal.ts", import.meta.url).href}`,
  `--import=${new URL("../../bed/pretend-answer.ts", import.meta.url).href}`,
].join(" ");

describe("artifact delete", () => {
  test("deletes an artifact with its only tag", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    const digest = (await project.tags())["v1.0.0"];
    const run = await project.done("artifact", "delete", "v1.0.0", "--yes", "--json");
    expect(run.json).toMatchObject({
      digest,
      deleted: "manifest",
      tags: ["v1.0.0"],
      kept_tags: [],
    });
    expect(Object.keys(await project.tags())).not.toContain("v1.0.0");
    const again = await project.done("artifact", "delete", String(digest), "--yes", "--json");
    expect(again.json).toMatchObject({ changed: false });
    expect((await project.run("artifact", "delete", "v1.0.0", "--yes")).code).toBe(3);
  });

  test("takes a tag away alone while others hold the digest, and all of them by digest", async () => {
    await using project = await aProject();
    for (const tag of ["edge", "stable"]) await project.done("artifact", "tag", "v1.0.0", tag);
    const digest = String((await project.tags())["v1.0.0"]);
    const run = await project.done("artifact", "delete", "edge", "--yes", "--json");
    expect(run.json).toMatchObject({
      deleted: "tag",
      tags: ["edge"],
      kept_tags: ["stable", "v1.0.0"],
    });
    expect(await project.tags()).toMatchObject({ stable: digest, "v1.0.0": digest });
    const refused = await project.run("artifact", "delete", digest);
    expect(refused.stderr).toContain("with its tags stable, v1.0.0");
    const all = await project.done("artifact", "delete", digest, "-y", "--json");
    expect(all.json).toMatchObject({ deleted: "manifest", tags: ["stable", "v1.0.0"] });
    expect(await project.tags()).not.toHaveProperty("stable");
  });

  test("refuses what an environment holds, by each of its names, with 4", async () => {
    await using project = await aProject();
    const { json } = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    const { tag: record, digest: recordDigest } = json["record"] as { tag: string; digest: string };
    await project.done("artifact", "tag", "v1.0.0", "edge");
    const digest = String(json["artifact_digest"]);
    const before = await project.registryState();
    const names = ["v1.0.0", "edge", "v1.0.0-dev", "latest-dev", digest];
    for (const name of [...names, record, recordDigest, "floe-ledger.dev"]) {
      const run = await project.run("artifact", "delete", name, "--yes", "--json");
      expect([name, run.code]).toEqual([name, 4]);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_TAG_RESERVED" });
    }
    const run = await project.run("artifact", "delete", digest, "--yes", "--json");
    expect(run.json["error"]).toMatchObject({ details: { tags: ["latest-dev", "v1.0.0-dev"] } });
    expect(await project.registryState()).toEqual(before);
  });

  test("refuses it without the manifest, too: the ledgers name the environments", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const reference = `oci-layout:${project.registry}:v1.0.0`;
    const run = await floe(["artifact", "delete", reference, "--yes"], { cwd: "/" });
    expect([run.code, run.stderr]).toEqual([4, expect.stringContaining("latest-dev, v1.0.0-dev")]);
  });

  test("refuses a manifest of an index that an environment holds", async () => {
    await using project = await aProject({ verification: { enforcement: "off" } });
    const child = String((await project.tags())["v1.0.0"]);
    const found = await project.store.resolve(child, go);
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [found] });
    await project.store.createTag("v2.0.0", { bytes: Buffer.from(index), mediaType }, go);
    const asked = await project.run("artifact", "delete", child);
    expect(asked.stderr).toContain("which the index v2.0.0 needs");
    await project.promote("v2.0.0", "dev");
    expect((await project.run("artifact", "delete", child, "--yes")).code).toBe(4);
  });

  test("without a terminal and without --yes is 2 and deletes nothing", async () => {
    await using project = await aProject();
    const before = await project.registryState();
    const run = await project.run("artifact", "delete", "v1.0.0", "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_USAGE_INVALID",
      message: expect.stringContaining("with its tag v1.0.0"),
      hint: expect.stringContaining("--yes"),
    });
    expect(await project.registryState()).toEqual(before);
  });

  test.each([
    ["y", 0],
    ["yes", 0],
    ["", 130],
    ["n", 130],
    ["why", 130],
  ])("on a terminal asks first, and %j ends with %i", async (answer, code) => {
    await using project = await aProject();
    const env = {
      NODE_OPTIONS: TERMINAL,
      FLOE_TEST_ANSWER: answer,
    };
    const run = await project.runWith({ env }, "artifact", "delete", "v1.0.0");
    expect(run.stderr).toContain("1 attached to it will hang on nothing? [y/N]");
    expect(run.code).toBe(code);
    expect(Object.hasOwn(await project.tags(), "v1.0.0")).toBe(code !== 0);
  });
});

describe("on a registry", () => {
  test("that deletes, an artifact is gone with its tag", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: [] });
    const to = ["-r", `oci://${registry.host}/acme/app`];
    project.write("app.json", "{}");
    await project.done("artifact", "push", ...to, "-t", "v1.0.0", "app.json");
    const { json } = await project.done("artifact", "delete", ...to, "v1.0.0", "-y", "--json");
    expect(registry.tags("acme/app")).toEqual({});
    expect(registry.manifest("acme/app", String(json["digest"]))).toBeNull();
  });

  test("that deletes nothing it is 5 and says so", async () => {
    await using registry = await startRegistry({ manifestDeletion: false });
    await using project = await aProject({ versions: [] });
    const to = ["-r", `oci://${registry.host}/acme/app`];
    project.write("app.json", "{}");
    await project.done("artifact", "push", ...to, "-t", "v1.0.0", "app.json");
    const run = await project.run("artifact", "delete", ...to, "v1.0.0", "--yes", "--json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_UNSUPPORTED" });
    expect(Object.keys(registry.tags("acme/app"))).toEqual(["v1.0.0"]);
  });

  test("that deletes no tag alone, the other tags are named and stay", async () => {
    await using registry = await startRegistry({ tagDeletion: false });
    await using project = await aProject({ versions: [] });
    const to = ["-r", `oci://${registry.host}/acme/app`];
    project.write("app.json", "{}");
    for (const tag of ["v1.0.0", "edge"])
      await project.done("artifact", "push", ...to, "-t", tag, "app.json");
    const run = await project.run("artifact", "delete", ...to, "edge", "--yes", "--json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_REGISTRY_UNSUPPORTED",
      message: expect.stringContaining("v1.0.0 holds the same one"),
      details: { tags: ["v1.0.0"] },
    });
    expect(Object.keys(registry.tags("acme/app")).sort()).toEqual(["edge", "v1.0.0"]);
  });
});
