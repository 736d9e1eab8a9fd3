import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { countEnv, crashEnv, crashPoints, readCountedWrites } from "@floe/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";
import { go, makeLayout, manifest, runChild, tempFolder } from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;

beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

const release = manifest("release");

/** Everything that the index names is there and is what it should be. */
async function expectReadable(dir: string): Promise<void> {
  const store = createLayoutStore({ path: dir });
  for (const tag of await store.listTags(go))
    expect((await store.getManifest(tag, go))?.descriptor.digest).toMatch(/^sha256:/);
  await store.referrers(release.d.digest, go);
  const { manifests } = JSON.parse(readFileSync(join(dir, "index.json"), "utf8"));
  for (const { digest } of manifests)
    expect((await store.getManifest(digest, go))?.descriptor.digest).toBe(digest);
}

async function expectComplete(dir: string): Promise<void> {
  await expectReadable(dir);
  const store = createLayoutStore({ path: dir });
  expect((await store.listTags(go)).sort()).toEqual(["latest-dev", "v1.0.0"]);
  expect(await store.resolve("v1.0.0", go)).toEqual(release.d);
  expect(await store.resolve("latest-dev", go)).toEqual(release.d);
  expect(await store.referrers(release.d.digest, go)).toHaveLength(1);
}

describe("a writer that is killed", () => {
  it("leaves a layout in which everything can be read, and the next run does the rest", async () => {
    const dir = join(folder.path, "registry");
    const countFile = join(folder.path, "count");
    const whole = await runChild("write-everything.ts", [dir], {
      env: countEnv({ dir, countFile }),
    });
    expect(whole).toMatchObject({ status: 0, stdout: "done\n", stderr: "" });
    await expectComplete(dir);
    const writes = readCountedWrites(countFile);
    expect(writes.filter((name) => name === "index.json").length).toBeGreaterThanOrEqual(6);

    for (const point of crashPoints(writes.length)) {
      rmSync(dir, { recursive: true });
      const killed = await runChild("write-everything.ts", [dir], {
        env: crashEnv({ dir, ...point }),
      });
      expect(killed.signal).toBe("SIGKILL");
      if (readdirSync(dir).includes("oci-layout")) await expectReadable(dir);
      const next = await runChild("write-everything.ts", [dir]);
      expect(next).toMatchObject({ status: 0, stderr: "" });
      await expectComplete(dir);
    }
  }, 240_000);
});

describe("what crashed writers leave", () => {
  it("is removed by the next writer after an hour, and not before", async () => {
    const { dir, reopen } = await makeLayout(folder.path);
    const [old, young, other] = [".floe-1-1-abc.tmp", ".floe-2-1-abc.tmp", "theirs.tmp"];
    for (const name of [old, young, other]) writeFileSync(join(dir, name), "half");
    const hourAgo = Date.now() / 1000 - 3601;
    for (const name of [old, other]) utimesSync(join(dir, name), hourAgo, hourAgo);
    await reopen().listTags(go);
    expect(readdirSync(dir)).toContain(old);
    await reopen().createTag("v1.0.0", release, go);
    expect(readdirSync(dir).sort()).toEqual(
      [young, other, ".floe-lock", "blobs", "index.json", "oci-layout"].sort(),
    );
  });
});

describe("a disk that refuses", () => {
  it("keeps nothing of a file that does not fit, and says why", async () => {
    const { dir, reopen, readIndex } = await makeLayout(folder.path);
    await reopen().createTag("v1.0.0", release, go);
    const before = readIndex();
    // The limit of a file's size stands for a full disk: the same call fails in the same way.
    const limited = { shellPrefix: "ulimit -f 64" };
    const { stdout, stderr } = await runChild("put-blob.ts", [dir, "400000"], limited);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toMatchObject({ code: "FLOE_STORE_IO", cause: "EFBIG" });
    expect(readIndex()).toEqual(before);
    expect(readdirSync(dir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect((await runChild("put-blob.ts", [dir, "400000"])).stdout).toBe("stored\n");
  });

  it("names the folder and the cause when it may not be written to", async () => {
    const { dir } = await makeLayout(folder.path);
    // Root may write everywhere, so as root another user has to try.
    const uid = process.getuid?.() === 0 ? { uid: 65534 } : {};
    const locked = join(folder.path, "locked");
    mkdirSync(locked);
    cpSync(dir, join(locked, "registry"), { recursive: true });
    for (const path of [folder.path, locked]) chmodSync(path, 0o755);
    for (const name of ["", "blobs", "blobs/sha256"])
      chmodSync(join(locked, "registry", name), 0o555);
    chmodSync(join(locked, "registry", ".floe-lock"), 0o444);
    const { stdout, stderr } = await runChild("put-blob.ts", [join(locked, "registry"), "5"], uid);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({
      code: "FLOE_STORE_IO",
      cause: "EACCES",
      hint: "Check who owns the folder and its permissions.",
    });
    for (const name of ["", "blobs", "blobs/sha256"])
      chmodSync(join(locked, "registry", name), 0o755);
  });
});
