import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findManifest } from "../../src/manifest/index.ts";
import { openManifestFolder } from "./manifest-folder.ts";

const { signal } = new AbortController();

test("the nearest manifest.yaml upwards is found", async () => {
  await using folder = await openManifestFolder("a: 1");
  const deep = join(folder.dir, "a", "b");
  await mkdir(deep, { recursive: true });

  expect(await findManifest(undefined, { cwd: deep, signal })).toBe(
    join(folder.dir, "manifest.yaml"),
  );
});

test("a folder that is called manifest.yaml is passed over", async () => {
  await using folder = await openManifestFolder("a: 1");
  const deep = join(folder.dir, "a");
  await mkdir(join(deep, "manifest.yaml"), { recursive: true });

  expect(await findManifest(undefined, { cwd: deep, signal })).toBe(
    join(folder.dir, "manifest.yaml"),
  );
});

test("a given path is relative to the working folder and is not searched upwards", async () => {
  await using folder = await openManifestFolder();
  await folder.write("conf/floe.yaml", "a: 1");

  expect(await findManifest("conf/floe.yaml", { cwd: folder.dir, signal })).toBe(
    join(folder.dir, "conf", "floe.yaml"),
  );
  await expect(
    findManifest("floe.yaml", { cwd: join(folder.dir, "conf", "x"), signal }),
  ).rejects.toMatchObject({ code: "FLOE_MANIFEST_NOT_FOUND" });
});

test("without a manifest the error says where was looked and names floe init", async () => {
  await using folder = await openManifestFolder();

  await expect(findManifest(undefined, { cwd: folder.dir, signal })).rejects.toMatchObject({
    code: "FLOE_MANIFEST_NOT_FOUND",
    exitCode: 2,
    message: expect.stringContaining(folder.dir),
    hint: expect.stringContaining("floe init"),
  });
});

test("an aborted search stops", async () => {
  await using folder = await openManifestFolder("a: 1");

  await expect(
    findManifest(undefined, { cwd: folder.dir, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ name: "AbortError" });
});
