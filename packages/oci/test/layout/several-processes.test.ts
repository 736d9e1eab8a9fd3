import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "@floe/core/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";
import { go, makeLayout, manifest, runChild, tempFolder } from "./layout-fixture.ts";

const PROCESSES = 8;
const TAGS = 6;

let folder: ReturnType<typeof tempFolder>;

beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

describe("several writers of one layout", () => {
  it("have exactly one winner per tag and lose no tag, also when the folder is new", async () => {
    const dir = join(folder.path, "registry");
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, own) =>
        runChild("create-tags.ts", [dir, String(own), String(TAGS)]),
      ),
    );
    for (const { status, stderr } of runs)
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const store = createLayoutStore({ path: dir });
    const numbers = Array.from({ length: TAGS }, (_, n) => n);
    const own = numbers.flatMap((n) => runs.map((_, process) => `own-${process}-${n}`));
    const shared = numbers.map((n) => `shared-${n}`);
    expect((await store.listTags(go)).sort()).toEqual([...own, ...shared].sort());
    expect(runs.flatMap(({ stdout }): string[] => JSON.parse(stdout)).sort()).toEqual(shared);
    for (const n of numbers) {
      const winner = runs.findIndex(({ stdout }) => JSON.parse(stdout).includes(`shared-${n}`));
      const held = await store.getManifest(`shared-${n}`, go);
      expect(held?.bytes).toEqual(manifest(`shared ${n} by ${winner}`).bytes);
    }
  });

  it("may all come first to a folder that is not there yet", async () => {
    for (let round = 0; round < 10; round += 1) {
      const path = join(folder.path, `new-${round}`);
      const stores = Array.from({ length: 12 }, () => createLayoutStore({ path, create: true }));
      await Promise.all(
        stores.map(async (store, index) => {
          await sleep(index);
          await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
          await store.createTag(`own-${index}`, manifest(`by ${index}`), go);
        }),
      );
      expect(await createLayoutStore({ path }).listTags(go)).toHaveLength(stores.length);
    }
  });

  it("take turns within one process, too", async () => {
    const { dir, reopen } = await makeLayout(folder.path);
    const stores = Array.from({ length: 4 }, () => reopen());
    const answers = await Promise.all(
      stores.flatMap((store, index) => [
        store.createTag("shared", manifest(`by ${index}`), go),
        store.createTag(`own-${index}`, manifest(`by ${index}`), go),
        store.putManifest(manifest(`put by ${index}`), go).then(() => ({ status: "put" })),
      ]),
    );
    const count = (status: string) => answers.filter((answer) => answer.status === status).length;
    expect([count("created"), count("taken"), count("put")]).toEqual([5, 3, 4]);
    expect(await createLayoutStore({ path: dir }).listTags(go)).toHaveLength(5);
  });

  it("move a tag only from where they saw it", async () => {
    const { store, reopen } = await makeLayout(folder.path);
    const start = manifest("start");
    await store.moveTag("latest", start, go);
    const moves = Array.from({ length: 4 }, (_, index) =>
      reopen().moveTag("latest", manifest(`to ${index}`), { ...go, expect: start.d.digest }),
    );
    const settled = await Promise.allSettled(moves);
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of settled)
      if (result.status === "rejected") expect(result.reason.code).toBe("FLOE_TAG_MOVED");
  });
});
