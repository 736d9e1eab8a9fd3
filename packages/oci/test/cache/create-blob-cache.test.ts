import { existsSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdir, mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Digest, digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { type BlobCacheOptions, createBlobCache } from "../../src/index.ts";

const MAX = 4 * 1024 * 1024;
const bytesOf = (text: string) => new TextEncoder().encode(text);

/** A cache whose clock is turned by hand. */
async function aCache(options: Partial<BlobCacheOptions> = {}) {
  const temp = await mkdtempDisposable(join(tmpdir(), "floe-cache-"));
  const path = join(temp.path, "content");
  let time = Date.UTC(2026, 0, 1);
  const make = (more: Partial<BlobCacheOptions> = {}) =>
    createBlobCache({ path, maxBytes: 1000, now: () => new Date(time), ...options, ...more });
  return {
    path,
    make,
    cache: make(),
    later(milliseconds: number) {
      time += milliseconds;
    },
    fileOf: (digest: Digest) => join(path, "sha256", digest.slice(7, 9), digest.slice(7)),
    async put(text: string): Promise<Digest> {
      const bytes = bytesOf(text);
      const digest = digestOf(bytes);
      await make({ maxBytes: 10 ** 9 }).put(digest, bytes);
      return digest;
    },
    [Symbol.asyncDispose]: () => temp.remove(),
  };
}

describe("a cache of content", () => {
  test("gives back what was put, to another process too, and nothing else", async () => {
    await using world = await aCache();
    const digest = await world.put("hello");
    expect(await world.make().get(digest, MAX)).toEqual(Buffer.from("hello"));
    expect(await world.cache.get(digestOf("other"), MAX)).toBeNull();
    expect(await world.cache.get(digest, 4)).toBeNull();
  });

  test("never takes bytes under a digest that is not theirs", async () => {
    await using world = await aCache();
    await world.cache.put(digestOf("a"), bytesOf("b"));
    expect(existsSync(world.path)).toBe(false);
  });

  // Row 46.
  test.each([
    ["poisoned", "HELLO"],
    ["cut off", "hell"],
    ["empty", ""],
  ])("drops an entry that is %s, and takes it anew", async (_, content) => {
    await using world = await aCache();
    const digest = await world.put("hello");
    writeFileSync(world.fileOf(digest), content);
    expect(await world.cache.get(digest, MAX)).toBeNull();
    expect(existsSync(world.fileOf(digest))).toBe(false);
    await world.put("hello");
    expect(await world.cache.get(digest, MAX)).not.toBeNull();
  });

  test("does not follow a link, also not to the right bytes", async () => {
    await using world = await aCache();
    const digest = digestOf("hello");
    await mkdir(dirname(world.fileOf(digest)), { recursive: true });
    writeFileSync(join(world.path, "target"), "hello");
    symlinkSync(join(world.path, "target"), world.fileOf(digest));
    expect(await world.cache.get(digest, MAX)).toBeNull();
  });

  test("keeps what was used last when it gets too large", async () => {
    await using world = await aCache();
    const digests: Digest[] = [];
    for (const letter of ["a", "b", "c", "d"]) {
      digests.push(await world.put(letter.repeat(300)));
      world.later(1000);
    }
    const [a, b, c, d] = digests as [Digest, Digest, Digest, Digest];
    await world.cache.get(a, MAX);
    world.later(1000);
    const last = bytesOf("e".repeat(10));
    await world.make({ random: () => 0 }).put(digestOf(last), last);
    const there = await Promise.all(
      [a, b, c, d, digestOf(last)].map(async (one) => (await world.cache.get(one, MAX)) !== null),
    );
    expect(there).toEqual([true, false, false, true, true]);
  });

  test("forgets what was not used for long", async () => {
    await using world = await aCache();
    const old = await world.put("old");
    world.later(60_000);
    const young = await world.put("young");
    expect(await world.cache.prune({ maxBytes: MAX, olderThanMs: 30_000 })).toEqual({
      removedEntries: 1,
      removedBytes: 3,
      leftEntries: 1,
      leftBytes: 5,
    });
    expect(await world.cache.get(old, MAX)).toBeNull();
    expect(await world.cache.get(young, MAX)).not.toBeNull();
  });

  test("clear removes entries and old leftovers, and nothing that is not the cache's", async () => {
    await using world = await aCache();
    const digest = await world.put("hello");
    const folder = dirname(world.fileOf(digest));
    const [old, young] = ["0a.12-xyz.tmp", "0b.12-xyz.tmp"].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    for (const file of [old, young, join(world.path, "notes.txt")]) writeFileSync(file, "mine");
    const time = Date.UTC(2026, 0, 1) / 1000;
    utimesSync(old, time - 7200, time - 7200);
    expect(await world.cache.clear()).toEqual({
      removedEntries: 1,
      removedBytes: 5,
      leftEntries: 0,
      leftBytes: 0,
    });
    expect(readdirSync(folder)).toEqual(["0b.12-xyz.tmp"]);
    expect(existsSync(join(world.path, "notes.txt"))).toBe(true);
  });

  test("a disk that does not take it is nobody's trouble", async () => {
    await using world = await aCache();
    // A file where the folder should be stands for every refusal: the same call fails.
    writeFileSync(world.path, "in the way");
    await world.put("hello");
    expect(await world.cache.get(digestOf("hello"), MAX)).toBeNull();
    expect(await world.cache.clear()).toMatchObject({ removedEntries: 0 });
    expect(statSync(world.path).size).toBe(10);
  });

  test("many writers of the same content leave one entry", async () => {
    await using world = await aCache();
    const bytes = bytesOf("shared");
    const digest = digestOf(bytes);
    await Promise.all(Array.from({ length: 20 }, () => world.make().put(digest, bytes)));
    expect(await world.cache.get(digest, MAX)).toEqual(Buffer.from("shared"));
    expect(readdirSync(dirname(world.fileOf(digest)))).toEqual([digest.slice(7)]);
  });
});
