import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";
import { go, imageIndex, makeLayout, manifest, runChild, tempFolder } from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;

beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

describe("deleteManifest of a layout", () => {
  it("takes the entries and tags away and leaves the blob", async () => {
    const { store, reopen, readIndex, blobPath } = await makeLayout(folder.path);
    const one = manifest("one");
    const two = manifest("two");
    for (const tag of ["v1", "latest"]) await store.moveTag(tag, one, go);
    await store.createTag("v2", two, go);
    const { writes } = store.stats;
    expect(await store.deleteManifest?.(one.d.digest, go)).toBe(true);
    expect(store.stats.writes).toBe(writes + 1);
    expect(await reopen().listTags(go)).toEqual(["v2"]);
    expect(readIndex().manifests).toHaveLength(1);
    expect(existsSync(blobPath(one.d.digest))).toBe(true);
    expect(await store.deleteManifest?.(one.d.digest, go)).toBe(false);
    expect(store.stats.writes).toBe(writes + 1);
  });

  it("is not found as a referrer any more, and can be stored again", async () => {
    const { store } = await makeLayout(folder.path);
    const subject = manifest("subject");
    await store.createTag("v1", subject, go);
    const record = manifest("record", subject.d);
    await store.attach(record, { ...go, tag: "record" });
    expect(await store.deleteManifest?.(record.d.digest, go)).toBe(true);
    expect(await store.referrers(subject.d.digest, go)).toEqual([]);
    await store.attach(record, { ...go, tag: "record" });
    expect(await store.referrers(subject.d.digest, go)).toHaveLength(1);
  });

  it("keeps what other tools wrote, and children that an index needs", async () => {
    const { store, readIndex, writeIndex } = await makeLayout(folder.path);
    const child = manifest("child");
    await store.putManifest(child, go);
    const index = imageIndex([child.d]);
    await store.createTag("v1", index, go);
    const strange = { mediaType: "x/y", strange: true };
    const before = readIndex();
    writeIndex({ ...before, annotations: { a: "b" }, manifests: [...before.manifests, strange] });
    expect(await store.deleteManifest?.(child.d.digest, go)).toBe(true);
    expect(readIndex().manifests).toContainEqual(strange);
    expect(readIndex()["annotations"]).toEqual({ a: "b" });
    expect((await store.getManifest(child.d.digest, go))?.bytes).toEqual(child.bytes);
  });

  it("is done by exactly one of several processes, and loses nobody's tag", async () => {
    const { store, dir } = await makeLayout(folder.path);
    const gone = manifest("gone");
    await store.createTag("v1", gone, go);
    const runs = await Promise.all(
      Array.from({ length: 4 }, (_, own) =>
        runChild("delete-manifest.ts", [dir, gone.d.digest, String(own)]),
      ),
    );
    expect(runs.map(({ stderr }) => stderr).join("")).toBe("");
    expect(runs.map(({ stdout }) => stdout.trim()).sort()).toEqual([
      "false",
      "false",
      "false",
      "true",
    ]);
    expect((await store.listTags(go)).sort()).toEqual(["own-0", "own-1", "own-2", "own-3"]);
  });

  it("is false in a folder that is not there yet, and makes none", async () => {
    const path = join(folder.path, "new");
    const store = createLayoutStore({ path, create: true });
    expect(await store.deleteManifest?.(manifest("x").d.digest, go)).toBe(false);
    expect(existsSync(path)).toBe(false);
  });
});
