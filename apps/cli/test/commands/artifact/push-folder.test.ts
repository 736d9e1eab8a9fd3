import { execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createRegistryStore } from "@floe/oci";
import { startRegistry } from "@floe/testing";
import { expect, test } from "vitest";
import { packFolder } from "../../../src/files/pack-folder.ts";
import { readInput } from "../../../src/files/read-input.ts";
import { scanFolder } from "../../../src/files/scan-folder.ts";
import { preparePush } from "../../../src/push-files.ts";
import { sendLayers } from "../../../src/send-layers.ts";
import { aProject, go, type Project } from "../../bed/a-project.ts";
import { folderState } from "../../bed/folder-state.ts";
import { temporaryFolder } from "../../bed/temporary-folder.ts";

const LONG = `${"long-name-".repeat(15)}é.txt`;

function writeChart(project: Project, root: string): void {
  project.write(`${root}/Chart.yaml`, "name: acme\n");
  project.write(`${root}/templates/run.sh`, "#!/bin/sh\n");
  project.write(`${root}/templates/${LONG}`, "long");
  project.write(`${root}/empty.txt`, "");
  mkdirSync(join(project.dir, root, "none"));
  chmodSync(join(project.dir, root, "templates/run.sh"), 0o700);
  symlinkSync("../Chart.yaml", join(project.dir, root, "templates/link"));
}

test("a folder is pulled as it was pushed, with links, empty folders and what may be executed", async () => {
  await using project = await aProject({ versions: [] });
  writeChart(project, "chart");
  await project.done("artifact", "push", "v1.0.0", "chart/", "chart/Chart.yaml:text/yaml");
  const { json } = await project.done("artifact", "inspect", "v1.0.0", "--json");
  expect(json["manifest"]).toMatchObject({
    layers: [
      {
        mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
        annotations: {
          "org.opencontainers.image.title": "chart",
          "io.deis.oras.content.unpack": "true",
          "io.deis.oras.content.digest": expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        },
      },
      { mediaType: "text/yaml", annotations: { "org.opencontainers.image.title": "Chart.yaml" } },
    ],
  });
  const pulled = await project.done("artifact", "pull", "v1.0.0", "--output-dir", "out", "--json");
  expect(pulled.json["files"]).toMatchObject([
    { path: "chart", unpacked: 5 },
    { path: "Chart.yaml", unpacked: null },
  ]);
  const at = join(project.dir, "out/chart");
  expect(await folderState(at)).toEqual(await folderState(join(project.dir, "chart")));
  expect(readlinkSync(join(at, "templates/link"))).toBe("../Chart.yaml");
  expect(statSync(join(at, "templates/run.sh")).mode & 0o777).toBe(0o755);
  expect(statSync(join(at, "Chart.yaml")).mode & 0o777).toBe(0o644);
  expect(readdirSync(join(at, "none"))).toEqual([]);
  expect(readdirSync(join(project.dir, "out")).sort()).toEqual(["Chart.yaml", "chart"]);
});

test("the same folder has the same digest, whoever wrote it, when, and in which order", async () => {
  await using project = await aProject({ versions: [] });
  writeChart(project, "chart");
  const first = await project.done("artifact", "push", "v1.0.0", "chart");
  mkdirSync(join(project.dir, "other"));
  cpSync(join(project.dir, "chart"), join(project.dir, "other/chart"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  project.write("other/chart/templates/zz", "gone soon");
  rmSync(join(project.dir, "other/chart/templates/zz"));
  utimesSync(join(project.dir, "other/chart/Chart.yaml"), 1, 1);
  chmodSync(join(project.dir, "other/chart/Chart.yaml"), 0o600);
  const second = await project.done("artifact", "push", "v1.0.1", "./other/chart/");
  expect(second.stdout).toBe(first.stdout);
});

test.each<[string, (folder: string) => void]>([
  ["a link to an absolute path", (folder) => symlinkSync("/etc/passwd", join(folder, "x"))],
  ["a link that leads out", (folder) => symlinkSync("../secret", join(folder, "x"))],
  ["a link that goes down and up", (folder) => symlinkSync("sub/../a", join(folder, "x"))],
  ["a pipe", (folder) => execFileSync("mkfifo", [join(folder, "x")])],
  ["a name for Windows devices", (folder) => writeFileSync(join(folder, "nul.txt"), "")],
  ["a name with a backslash", (folder) => writeFileSync(join(folder, "a\\b"), "")],
  ["git's own folder", (folder) => mkdirSync(join(folder, ".git"))],
  [
    "a name that is not UTF-8",
    (folder) => writeFileSync(Buffer.concat([Buffer.from(`${folder}/x`), Buffer.from([0xff])]), ""),
  ],
])("a folder with %s is refused with 2 and nothing is sent", async (_, spoil) => {
  await using project = await aProject({ versions: [] });
  project.write("chart/a", "a");
  mkdirSync(join(project.dir, "chart/sub"));
  spoil(join(project.dir, "chart"));
  const run = await project.run("artifact", "push", "v1.0.0", "chart", "--json");
  expect(run.code).toBe(2);
  expect(run.json["error"]).toMatchObject({
    code: "FLOE_USAGE_INVALID",
    message: expect.stringContaining("cannot be packed"),
    details: { path: expect.stringContaining("chart/") },
  });
  expect(await project.tags()).toEqual({});
});

test.each([
  ["a reserved tag", "v1.0.0-dev", "FLOE_TAG_RESERVED"],
  ["a tag that holds something else", "v1.0.0", "FLOE_TAG_IMMUTABLE"],
])("%s is refused with 4 before anything is sent", async (_, tag, code) => {
  await using registry = await startRegistry();
  await using project = await aProject({ versions: [] });
  const to = ["-r", `oci://${registry.host}/acme/app`];
  project.write("app.json", "{}");
  project.write("chart/a", "a");
  await project.done("artifact", "push", ...to, "-t", "v1.0.0", "app.json");
  const { writes } = registry;
  const run = await project.run("artifact", "push", ...to, "-t", tag, "chart", "--json");
  expect(run.code).toBe(4);
  expect(run.json["error"]).toMatchObject({ code });
  expect(registry.writes).toBe(writes);
});

test("an artifact type that is none is 2", async () => {
  await using project = await aProject({ versions: [] });
  project.write("app.json", "{}");
  const run = await project.run("artifact", "push", "v1.0.0", "app.json", "--artifact-type", "a b");
  expect([run.code, run.stderr]).toEqual([2, expect.stringContaining('"a b" is not a media type')]);
});

test.each<[string, (path: string) => void]>([
  ["vanished", (path) => rmSync(path)],
  ["grew", (path) => writeFileSync(path, "more than before")],
  [
    "was replaced by a link",
    (path) => {
      rmSync(path);
      symlinkSync("/etc/passwd", path);
    },
  ],
])("a file that %s after it was looked at ends packing", async (_, change) => {
  await using folder = await temporaryFolder();
  const chart = join(folder.path, "chart");
  mkdirSync(chart);
  writeFileSync(join(chart, "a"), "before");
  const entries = await scanFolder(chart, "chart", go);
  change(join(chart, "a"));
  const packing = packFolder(entries, join(folder.path, "packed"), { ...go, onBytes: () => {} });
  await expect(packing).rejects.toMatchObject({ code: "FLOE_FILE_CHANGED" });
});

test("a file that is written to while it is read is noticed", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a");
  writeFileSync(path, Buffer.alloc(600_000));
  const reading = readInput(path, statSync(path), { ...go, links: "refused" });
  await reading.next();
  utimesSync(path, 1, 1);
  const rest = async (): Promise<void> => {
    for await (const _ of reading);
  };
  await expect(rest()).rejects.toMatchObject({ code: "FLOE_FILE_CHANGED", details: { path } });
});

test.each([
  ["a registry", 1000],
  ["a registry, in chunks", 300_000_000],
])(
  "a file that changes before it is sent to %s ends the push, and no blob is left",
  async (_, size) => {
    await using registry = await startRegistry();
    await using folder = await temporaryFolder();
    const path = join(folder.path, "a.bin");
    writeFileSync(path, "");
    truncateSync(path, size);
    const options = { artifactType: "application/vnd.acme", annotations: {}, ...go };
    await using push = await preparePush([{ path, mediaType: null }], options);
    truncateSync(path, size - 1);
    const store = createRegistryStore({ uri: `oci://${registry.host}/acme/app` });
    await expect(sendLayers(store, push, go)).rejects.toMatchObject({ code: "FLOE_FILE_CHANGED" });
    await store[Symbol.asyncDispose]?.();
    expect(registry.blobCount("acme/app")).toBe(0);
  },
);
