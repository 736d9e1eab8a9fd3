import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { digestOf } from "@floe/core/model";
import { pushArtifact, startRegistry, type TestRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aProject, type Project } from "../../bed/a-project.ts";
import { folderState } from "../../bed/folder-state.ts";
import { folderLayer, type PackedEntry, packed, publishLayers } from "../../bed/packed-folder.ts";

const OK: PackedEntry = { name: "in/ok.txt", text: "ok" };
const link = (name: string, linkName: string): PackedEntry => ({ name, linkName, type: "2" });
const hardLink = (name: string, linkName: string): PackedEntry => ({ name, linkName, type: "1" });

describe("a packed folder", () => {
  // Row 19.
  test.each<[string, PackedEntry[]]>([
    ["leads out", [OK, { name: "in/../../evil", text: "x" }]],
    ["is absolute", [OK, { name: "/tmp/floe-evil", text: "x" }]],
    ["is beside the folder", [OK, { name: "evil", text: "x" }]],
    ["has a backslash", [OK, { name: "in\\..\\evil", text: "x" }]],
    ["is a hook of git", [OK, { name: "in/.git/hooks/post-checkout", text: "x" }]],
    ["is there twice", [OK, OK]],
    ["differs in case only", [OK, { name: "in/OK.txt", text: "x" }]],
    ["is below a file", [OK, { name: "in/ok.txt/evil", text: "x" }]],
    ["is a file where the folder is", [{ name: "in", text: "x" }]],
    ["is a device", [OK, { name: "in/dev", type: "3" }]],
    ["is a pipe", [OK, { name: "in/pipe", type: "6" }]],
    ["is an absolute link", [OK, link("in/l", "/etc/passwd")]],
    ["is a link that leads out", [OK, link("in/l", "../evil")]],
    [
      "is a link that goes down and up",
      [{ name: "in/a/b/", type: "5" }, link("in/l", "a/../../..")],
    ],
    ["is a link over a link", [link("in/a/up", "../d"), link("in/l", "a/up/../..")]],
    ["goes through a link", [link("in/l", "d"), { name: "in/l/evil", text: "x" }]],
    ["takes the place of a link", [link("in/l", "d"), { name: "in/l", text: "x" }]],
    ["is a hard link to what is outside", [hardLink("in/h", "../evil")]],
    ["is a hard link to nothing of it", [hardLink("in/h", "in/none")]],
    ["is a hard link to a link", [link("in/l", "x"), hardLink("in/h", "in/l")]],
    ["is too deep", [OK, { name: `in/${"x/".repeat(200)}x`, text: "x" }]],
    ["has a name longer than a disk takes", [OK, { name: `in/${"x".repeat(256)}`, text: "x" }]],
  ])("of which a path %s is refused with 5 and nothing is written", async (_, entries) => {
    await using project = await aProject({ versions: [] });
    await publishLayers(project, "v6.6.6", [
      { content: "first", annotations: { "org.opencontainers.image.title": "first.txt" } },
      folderLayer("in", await packed(entries)),
    ]);
    mkdirSync(join(project.dir, "out"));
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out", "--json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_RESPONSE_INVALID" });
    expect(readdirSync(join(project.dir, "out"))).toEqual([]);
    expect(existsSync(join(project.dir, "evil"))).toBe(false);
    expect(existsSync("/tmp/floe-evil")).toBe(false);
  });

  test("with links and hard links that stay inside is unpacked", async () => {
    await using project = await aProject({ versions: [] });
    const entries = [OK, link("in/a/l", "../ok.txt"), hardLink("in/h", "./in/ok.txt")];
    await publishLayers(project, "v1.0.0", [folderLayer("in", await packed(entries))]);
    await project.done("artifact", "pull", "v1.0.0", "-d", "out");
    for (const path of ["ok.txt", "a/l", "h"]) expect(project.read(`out/in/${path}`)).toBe("ok");
  });

  test.each(["ustar", "pax", "gnu"])(
    "that another tar wrote in the format %s is unpacked",
    async (format) => {
      await using project = await aProject({ versions: [] });
      // What ustar splits at a slash, and what it cannot hold.
      const long =
        format === "ustar"
          ? `${"x".repeat(90)}/${"y".repeat(60)}`
          : `${"x".repeat(120)}/${"é".repeat(90)}`;
      project.write(`in/${long}/a.txt`, "long");
      symlinkSync("y".repeat(format === "ustar" ? 80 : 150), join(project.dir, "in/l"));
      const args = [`--format=${format}`, "-cf", "-", "./in"];
      const archive = execFileSync("tar", args, { cwd: project.dir });
      // Not compressed: oras packs with gzip, others may not.
      await publishLayers(project, "v1.0.0", [folderLayer("in", archive)]);
      await project.done("artifact", "pull", "v1.0.0", "-d", "out");
      expect(await folderState(join(project.dir, "out/in"))).toEqual(
        await folderState(join(project.dir, "in")),
      );
      expect(readlinkSync(join(project.dir, "out/in/l"))).toMatch(/^y+$/);
    },
  );

  // Row 8.
  test("that grows more than two hundredfold is refused with 5", async () => {
    await using project = await aProject({ versions: [] });
    const bomb = await packed([{ name: "in/zeros", text: "\0".repeat(100 * 1024 * 1024) }]);
    expect(bomb.byteLength).toBeLessThan(150_000);
    await publishLayers(project, "v6.6.6", [folderLayer("in", bomb)]);
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out", "--json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_LIMIT_EXCEEDED" });
    expect(readdirSync(join(project.dir, "out"))).toEqual([]);
  });

  test.each<[string, Uint8Array]>([
    ["no archive", gzipSync("x".repeat(1024))],
    ["cut off", gzipSync(Buffer.alloc(700, "x"))],
    ["damaged gzip", Buffer.from([0x1f, 0x8b, 1, 2, 3])],
  ])("that is %s is refused with 5", async (_, content) => {
    await using project = await aProject({ versions: [] });
    await publishLayers(project, "v6.6.6", [folderLayer("in", content)]);
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out", "--json");
    expect(run.code).toBe(5);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_REGISTRY_RESPONSE_INVALID" });
    expect(readdirSync(join(project.dir, "out"))).toEqual([]);
  });

  test("whose archive is not the one that its annotation names is refused with 18", async () => {
    await using project = await aProject({ versions: [] });
    const other = { "io.deis.oras.content.digest": digestOf("other") };
    await publishLayers(project, "v6.6.6", [folderLayer("in", await packed([OK]), other)]);
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out");
    expect(run.code).toBe(18);
    expect(readdirSync(join(project.dir, "out"))).toEqual([]);
  });
});

describe("what is there already", () => {
  test("with other content is named and refused with 2; --overwrite replaces it", async () => {
    await using project = await aProject({ versions: [] });
    project.write("in/a", "new a");
    project.write("in/b", "new b");
    project.write("f.txt", "new f");
    await project.done("artifact", "push", "v1.0.0", "in", "f.txt");
    project.write("out/in/a", "own");
    project.write("out/in/mine", "stays");
    const run = await project.run("artifact", "pull", "v1.0.0", "-d", "out", "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({
      code: "FLOE_USAGE_INVALID",
      details: { files: ["in/a"] },
    });
    expect(project.read("out/in/a")).toBe("own");
    expect(readdirSync(join(project.dir, "out"))).toEqual(["in"]);
    await project.done("artifact", "pull", "v1.0.0", "-d", "out", "--overwrite");
    for (const [path, text] of [
      ["in/a", "new a"],
      ["in/b", "new b"],
      ["f.txt", "new f"],
    ] as const)
      expect(project.read(`out/${path}`)).toBe(text);
    expect(project.read("out/in/mine")).toBe("stays");
    await project.done("artifact", "pull", "v1.0.0", "-d", "out");
  });

  // Row 19.
  test("as a link is replaced and never followed", async () => {
    await using project = await aProject({ versions: [] });
    project.write("f.txt", "new");
    await project.done("artifact", "push", "v1.0.0", "f.txt");
    project.write("victim", "old");
    mkdirSync(join(project.dir, "out"));
    symlinkSync("../victim", join(project.dir, "out/f.txt"));
    expect((await project.run("artifact", "pull", "v1.0.0", "-d", "out")).code).toBe(2);
    await project.done("artifact", "pull", "v1.0.0", "-d", "out", "--overwrite");
    expect(project.read("victim")).toBe("old");
    expect(project.read("out/f.txt")).toBe("new");
  });

  test("as a link to a folder is not followed by what is unpacked either", async () => {
    await using project = await aProject({ versions: [] });
    await publishLayers(project, "v6.6.6", [folderLayer("in", await packed([OK]))]);
    mkdirSync(join(project.dir, "out"));
    mkdirSync(join(project.dir, "elsewhere"));
    symlinkSync("../elsewhere", join(project.dir, "out/in"));
    const run = await project.run("artifact", "pull", "v6.6.6", "-d", "out", "--overwrite");
    expect(run.code).toBe(5);
    expect(readdirSync(join(project.dir, "elsewhere"))).toEqual([]);
  });

  test("as a file where the output folder should be is 2", async () => {
    await using project = await aProject({ versions: [] });
    project.write("f.txt", "new");
    await project.done("artifact", "push", "v1.0.0", "f.txt");
    const run = await project.run("artifact", "pull", "v1.0.0", "-d", "f.txt", "--json");
    expect(run.code).toBe(2);
    expect(run.json["error"]).toMatchObject({ code: "FLOE_OUTPUT_FAILED" });
  });
});

// Row 38.
describe("a pull that is cut off", () => {
  /** Runs a pull that hangs at its second file, and sends it a signal there. */
  async function cutOff(project: Project, registry: TestRegistry, signal: NodeJS.Signals) {
    const title = (name: string) => ({ "org.opencontainers.image.title": name });
    await pushArtifact(registry, "acme/app", "v1.0.0", {
      layers: [
        { content: "one", annotations: title("one.txt") },
        { content: "two", annotations: title("two.txt") },
      ],
    });
    registry.faults.add({
      match: { method: "GET", path: new RegExp(`blobs/${digestOf("two")}`) },
      action: { kind: "stall-body" },
    });
    const out = join(project.dir, "out");
    const reference = `oci://${registry.host}/acme/app:v1.0.0`;
    let look: NodeJS.Timeout | undefined;
    const started = (pid: number): void => {
      look = setInterval(() => {
        const [staging] = existsSync(out) ? readdirSync(out) : [];
        if (staging === undefined || !existsSync(join(out, staging, "tree/two.txt"))) return;
        clearInterval(look);
        process.kill(pid, signal);
      }, 20);
    };
    const { code } = await project.runWith({ started }, "artifact", "pull", reference, "-d", "out");
    clearInterval(look);
    return { code, left: readdirSync(out), reference };
  }

  test("by a kill leaves nothing under the names of the files, and the next one succeeds", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: [] });
    const { code, left, reference } = await cutOff(project, registry, "SIGKILL");
    expect([code, left]).toEqual([null, [expect.stringMatching(/^\.floe-pull-/)]]);
    await project.done("artifact", "pull", reference, "-d", "out");
    expect([project.read("out/one.txt"), project.read("out/two.txt")]).toEqual(["one", "two"]);
  });

  test("by Ctrl-C ends with 130 and leaves nothing at all", async () => {
    await using registry = await startRegistry();
    await using project = await aProject({ versions: [] });
    const { code, left } = await cutOff(project, registry, "SIGINT");
    expect([code, left]).toEqual([130, []]);
  });
});

test("an image has no files to pull, and the way to get it is named", async () => {
  await using project = await aProject();
  const run = await project.done("artifact", "pull", "v1.0.0", "-d", "out");
  expect(run.stderr).toContain("floe artifact copy REF oci-layout:PATH");
  expect(existsSync(join(project.dir, "out"))).toBe(false);
});
