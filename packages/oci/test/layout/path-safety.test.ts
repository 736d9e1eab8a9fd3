import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  bytesOf,
  describeBytes,
  go,
  type Layout,
  makeLayout,
  manifest,
  tempFolder,
} from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;
let layout: Layout;

beforeEach(async () => {
  folder = tempFolder();
  layout = await makeLayout(folder.path);
});
afterEach(() => folder.remove());

const refused = expect.objectContaining({ code: "FLOE_STORE_INVALID" });
const secret = bytesOf("a secret outside");
const blob = describeBytes(secret);

describe("links in a layout", () => {
  it("do not lead to a blob outside", async () => {
    writeFileSync(join(folder.path, "secret"), secret);
    symlinkSync(join(folder.path, "secret"), layout.blobPath(blob.digest));
    await expect(layout.store.getBlob(blob, go)).rejects.toEqual(refused);
    await expect(layout.store.hasBlob(blob.digest, go)).rejects.toEqual(refused);
    await expect(layout.store.resolve(blob.digest, go)).rejects.toEqual(refused);
    const read = async () => {
      for await (const _ of layout.store.openBlob(blob, go)) expect.unreachable();
    };
    await expect(read()).rejects.toEqual(refused);
  });

  it("do not lead the whole blob folder outside, neither for reading nor for writing", async () => {
    const outside = join(folder.path, "outside");
    renameSync(join(layout.dir, "blobs"), outside);
    symlinkSync(outside, join(layout.dir, "blobs"));
    const store = layout.reopen();
    await expect(store.hasBlob(blob.digest, go)).rejects.toEqual(refused);
    await expect(store.putBlob(blob, secret, go)).rejects.toEqual(refused);
  });

  it("do not lead to an index outside", async () => {
    renameSync(join(layout.dir, "index.json"), join(folder.path, "index.json"));
    symlinkSync("../index.json", join(layout.dir, "index.json"));
    await expect(layout.reopen().listTags(go)).rejects.toEqual(refused);
  });

  it("do not lead to a file of another program in place of the lock", async () => {
    writeFileSync(join(folder.path, "other.db"), "");
    rmSync(join(layout.dir, ".floe-lock"));
    symlinkSync("../other.db", join(layout.dir, ".floe-lock"));
    await expect(layout.store.putManifest(manifest("a"), go)).rejects.toEqual(refused);
  });

  it("are followed when they stay inside", async () => {
    writeFileSync(join(layout.dir, "elsewhere"), secret);
    symlinkSync("../../elsewhere", layout.blobPath(blob.digest));
    expect(await layout.store.getBlob(blob, go)).toEqual(secret);
    expect(await layout.store.hasBlob(blob.digest, go)).toBe(true);
  });

  it("are followed when the layout itself is one", async () => {
    symlinkSync(layout.dir, join(folder.path, "link"));
    const linked = await makeLayout(folder.path, "link");
    await linked.store.createTag("v1.0.0", manifest("a"), go);
    expect(await layout.store.listTags(go)).toEqual(["v1.0.0"]);
  });
});

describe("things in a layout that are no files", () => {
  it("are refused without waiting for them", async () => {
    execFileSync("mkfifo", [layout.blobPath(blob.digest)]);
    await expect(layout.store.getBlob(blob, go)).rejects.toEqual(refused);
    rmSync(layout.blobPath(blob.digest));
    mkdirSync(layout.blobPath(blob.digest));
    await expect(layout.store.hasBlob(blob.digest, go)).rejects.toEqual(refused);
    rmSync(join(layout.dir, "index.json"));
    mkdirSync(join(layout.dir, "index.json"));
    await expect(layout.reopen().listTags(go)).rejects.toEqual(refused);
  });
});
