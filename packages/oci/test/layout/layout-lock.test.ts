import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLayoutStore } from "../../src/layout/create-layout-store.ts";
import { LOCK_FILE, withLayoutLock } from "../../src/layout/layout-lock.ts";
import { go, makeLayout, manifest, runChild, tempFolder } from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;
const options = { ...go, timeoutMs: 200, random: Math.random };

beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

/** A process that holds the lock until it is killed. */
async function holder(dir: string) {
  const file = fileURLToPath(new URL("children/hold-lock.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@floe/source", file, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return {
    async kill() {
      child.kill("SIGKILL");
      await once(child, "close");
    },
  };
}

describe("the lock of a layout", () => {
  it("lets one body run at a time in one process, in the order in which they came", async () => {
    const events: string[] = [];
    const body = (name: string) => async () => {
      events.push(`${name} in`);
      await new Promise((resume) => setTimeout(resume, 5));
      events.push(`${name} out`);
    };
    const names = ["a", "b", "c"];
    await Promise.all(names.map((name) => withLayoutLock(folder.path, options, body(name))));
    expect(events).toEqual(names.flatMap((name) => [`${name} in`, `${name} out`]));
  });

  it("is free again after an error", async () => {
    const failing = withLayoutLock(folder.path, options, () => Promise.reject(new Error("body")));
    await expect(failing).rejects.toThrow("body");
    expect(await withLayoutLock(folder.path, options, () => Promise.resolve(1))).toBe(1);
  });

  it("leaves one empty file behind, never a journal", async () => {
    await withLayoutLock(folder.path, options, async () => {
      expect(readdirSync(folder.path)).toEqual([LOCK_FILE]);
      await Promise.resolve();
    });
    expect(statSync(join(folder.path, LOCK_FILE)).size).toBe(0);
  });

  it("keeps another process out, and is free the moment its owner is killed", async () => {
    const other = await holder(folder.path);
    try {
      const busy = withLayoutLock(folder.path, options, () => Promise.resolve());
      await expect(busy).rejects.toEqual(expect.objectContaining({ code: "FLOE_STORE_BUSY" }));
    } finally {
      await other.kill();
    }
    expect(await withLayoutLock(folder.path, options, () => Promise.resolve(1))).toBe(1);
  });

  it("stops waiting for another process when it is aborted", async () => {
    const other = await holder(folder.path);
    try {
      const signal = AbortSignal.timeout(50);
      const waiting = withLayoutLock(folder.path, { ...options, signal, timeoutMs: 60_000 }, () =>
        Promise.resolve(),
      );
      await expect(waiting).rejects.toThrow("aborted due to timeout");
    } finally {
      await other.kill();
    }
  });

  it("stops waiting in line when it is aborted, and does not hold up those behind", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = withLayoutLock(folder.path, options, () => promise);
    const abort = new AbortController();
    const second = withLayoutLock(folder.path, { ...options, signal: abort.signal }, () =>
      Promise.resolve(),
    );
    const third = withLayoutLock(folder.path, options, () => Promise.resolve("third"));
    abort.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    resolve();
    await first;
    expect(await third).toBe("third");
  });

  it("is not taken by reads", async () => {
    const { dir, store, reopen } = await makeLayout(folder.path);
    const one = manifest("one");
    await store.createTag("v1.0.0", one, go);
    const other = await holder(dir);
    try {
      expect(await reopen().resolve("v1.0.0", go)).toEqual(one.d);
      expect(await reopen().referrers(one.d.digest, go)).toEqual([]);
      const impatient = createLayoutStore({ path: dir, lockTimeoutMs: 0 });
      await expect(impatient.createTag("v2.0.0", one, go)).rejects.toEqual(
        expect.objectContaining({ code: "FLOE_STORE_BUSY" }),
      );
    } finally {
      await other.kill();
    }
  });

  it("refuses a lock file that is something else", async () => {
    writeFileSync(join(folder.path, LOCK_FILE), "a letter");
    const locking = withLayoutLock(folder.path, options, () => Promise.resolve());
    await expect(locking).rejects.toEqual(expect.objectContaining({ code: "FLOE_STORE_INVALID" }));
  });

  it("makes Node print no warning", async () => {
    const { dir } = await makeLayout(folder.path);
    const { stdout, stderr, status } = await runChild("put-blob.ts", [dir]);
    expect({ stdout, stderr, status }).toEqual({ stdout: "stored\n", stderr: "", status: 0 });
    expect(existsSync(join(dir, LOCK_FILE))).toBe(true);
  });
});
