import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { digestOf } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { copyArtifact, createLayoutStore, openArchiveStore } from "../../src/index.ts";
import { go, put, putRelease, storeOn } from "../copy/copy-fixture.ts";
import { codeOf, errorOf } from "../registry/open-store.ts";

const folder = () => mkdtempDisposable(join(tmpdir(), "floe-archive-test-"));
const tags = [{ tag: "v1.0.0", mutable: false }];

async function into(path: string, from: ArtifactStore, reference = "v1.0.0"): Promise<void> {
  await using to = await openArchiveStore({ path, writable: true }, go);
  await copyArtifact({ from, to, reference, tags: [{ tag: reference, mutable: false }] }, go);
  await to.save(go);
}

/** Runs GNU tar, the tool that archives in the field come from. */
const tar = (...args: string[]) => execFileSync("tar", args, { encoding: "utf8" });

describe("an archive", () => {
  test("carries an artifact with all that belongs to it from one registry to another", async () => {
    await using source = await startRegistry();
    await using target = await startRegistry({ referrers: false });
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    await using from = storeOn(source.host, "acme/app");
    await using to = storeOn(target.host, "mirror/app");
    const release = await putRelease(from, "v1.0.0");
    await into(path, from);
    expect(readdirSync(temp.path)).toEqual(["release.tar"]);

    await using archive = await openArchiveStore({ path, writable: false }, go);
    expect(archive.repository).toBe(`oci-archive:${path}`);
    const report = await copyArtifact({ from: archive, to, reference: "v1.0.0", tags }, go);
    expect(report.digest).toBe(release.root.digest);
    for (const digest of release.manifests)
      expect(target.manifest("mirror/app", digest)?.bytes).toEqual(
        source.manifest("acme/app", digest)?.bytes,
      );
    expect(target.tags("mirror/app")[release.cosignTag]).toBe(release.manifests.at(-1));
  });

  test("is the same bytes whatever the order of the content, and says nothing of who made it", async () => {
    await using temp = await folder();
    const [one, two] = ["one", "two"].map((name) => join(temp.path, `${name}.tar`)) as [
      string,
      string,
    ];
    for (const [path, names] of [
      [one, ["v1.0.0", "v2.0.0"]],
      [two, ["v2.0.0", "v1.0.0"]],
    ] as const) {
      const from = createMemoryStore();
      for (const name of names) await put(from, { layers: [{ content: name }] }, name);
      for (const name of names) await into(path, from, name);
    }
    expect(readFileSync(one).equals(readFileSync(two))).toBe(true);
    const listed = tar("--numeric-owner", "--utc", "-tvf", one);
    for (const line of listed.trim().split("\n"))
      expect(line).toMatch(/^[-d]rw[-x]r-[-x]r-[-x] 0\/0 +\d+ 1970-01-01 00:00 /);
  });

  test("is a layout for GNU tar and for the folder store", async () => {
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    const from = createMemoryStore();
    const { descriptor } = await put(from, {}, "v1.0.0");
    await into(path, from);
    mkdirSync(join(temp.path, "out"));
    tar("-xf", path, "-C", join(temp.path, "out"));
    const layout = createLayoutStore({ path: join(temp.path, "out") });
    expect((await layout.resolve("v1.0.0", go))?.digest).toBe(descriptor.digest);
  });

  test("takes more artifacts in, and one that has nothing new stays the very file", async () => {
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    const from = createMemoryStore();
    await put(from, { layers: [{ content: "1" }] }, "v1.0.0");
    await put(from, { layers: [{ content: "2" }] }, "v2.0.0");
    await into(path, from);
    await into(path, from, "v2.0.0");
    const before = statSync(path);
    await into(path, from, "v2.0.0");
    expect(statSync(path)).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    await using archive = await openArchiveStore({ path, writable: false }, go);
    expect((await archive.listTags(go)).sort()).toEqual(["v1.0.0", "v2.0.0"]);
  });

  test("that is not saved, or only read, is left as it was", async () => {
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    const from = createMemoryStore();
    const built = await put(from, {}, "v1.0.0");
    {
      await using to = await openArchiveStore({ path, writable: true }, go);
      await copyArtifact({ from, to, reference: "v1.0.0", tags }, go);
    }
    expect(readdirSync(temp.path)).toEqual([]);
    await into(path, from);
    await using archive = await openArchiveStore({ path, writable: false }, go);
    expect(await codeOf(archive.putManifest(built, go))).toBe("FLOE_STORE_INVALID");
  });

  test("that somebody else has written meanwhile is not overwritten", async () => {
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    const from = createMemoryStore();
    await put(from, { layers: [{ content: "1" }] }, "v1.0.0");
    await put(from, { layers: [{ content: "2" }] }, "v2.0.0");
    await using to = await openArchiveStore({ path, writable: true }, go);
    await copyArtifact({ from, to, reference: "v1.0.0", tags }, go);
    await into(path, from, "v2.0.0");
    expect(await codeOf(to.save(go))).toBe("FLOE_STORE_BUSY");
    await using archive = await openArchiveStore({ path, writable: false }, go);
    expect(await archive.listTags(go)).toEqual(["v2.0.0"]);
  });

  test("may be made by GNU tar, gzip'd, with ./ before its names and digests too long for a header", async () => {
    await using temp = await folder();
    const layout = join(temp.path, "layout");
    const store = createLayoutStore({ path: layout, create: true });
    const { descriptor } = await put(store, {}, "v1.0.0");
    // As sha512 blobs have.
    const hex = "0".repeat(128);
    mkdirSync(join(layout, "blobs/sha512"));
    writeFileSync(join(layout, "blobs/sha512", hex), "not these bytes");
    for (const format of ["gnu", "pax"]) {
      const path = join(temp.path, `${format}.tgz`);
      tar(`--format=${format}`, "-czf", path, "-C", layout, ".");
      expect(await codeOf(openArchiveStore({ path, writable: false }, go))).toBe(
        "FLOE_DIGEST_MISMATCH",
      );
      tar(`--format=${format}`, "-czf", path, "--exclude=sha512", "-C", layout, ".");
      await using archive = await openArchiveStore({ path, writable: false }, go);
      expect((await archive.resolve("v1.0.0", go))?.digest).toBe(descriptor.digest);
    }
  });

  test("keeps blobs whose digest is SHA-512", async () => {
    await using temp = await folder();
    const path = join(temp.path, "release.tar");
    const { createHash } = await import("node:crypto");
    const bytes = new TextEncoder().encode("long digest");
    const digest = `sha512:${createHash("sha512").update(bytes).digest("hex")}`;
    const blob = { mediaType: "a/b", digest: digest as ReturnType<typeof digestOf>, size: 11 };
    {
      await using to = await openArchiveStore({ path, writable: true }, go);
      await to.putBlob(blob, bytes, go);
      await to.save(go);
    }
    expect(tar("-tf", path)).toContain(`blobs/sha512/${digest.slice(7)}`);
    await using archive = await openArchiveStore({ path, writable: false }, go);
    expect(Buffer.from(await archive.getBlob(blob, go)).toString()).toBe("long digest");
  });
});

describe("a hostile archive", () => {
  /** An archive of a good layout, made by GNU tar with something done to it. */
  async function spoiled(temp: string, spoil: (layout: string) => void, ...args: string[]) {
    const layout = join(temp, "layout");
    await put(createLayoutStore({ path: layout, create: true }), {}, "v1.0.0");
    spoil(layout);
    const path = join(temp, "bad.tar");
    tar("-cf", path, ...args, "-C", layout, "oci-layout", "index.json", "blobs");
    return path;
  }
  const open = (path: string) => openArchiveStore({ path, writable: false }, go);
  const leftovers = () => readdirSync(tmpdir()).filter((name) => /^floe-archive-\w{6}$/.test(name));

  test.each([
    ["a symbolic link", (layout: string) => symlinkSync("/etc/passwd", join(layout, "blobs/link"))],
    [
      "a hard link",
      (layout: string) => {
        writeFileSync(join(layout, "blobs/a"), "a");
        execFileSync("ln", [join(layout, "blobs/a"), join(layout, "blobs/b")]);
      },
    ],
    ["a named pipe", (layout: string) => execFileSync("mkfifo", [join(layout, "blobs/pipe")])],
  ])("with %s is refused", async (_, spoil) => {
    await using temp = await folder();
    const path = await spoiled(temp.path, spoil);
    expect(await codeOf(open(path))).toBe("FLOE_STORE_INVALID");
  });

  test.each(["../evil", "/tmp/floe-evil", "blobs/../../evil", "C:\\evil", "blobs\\evil"])(
    "with the name %s is refused, and nothing is written there",
    async (name) => {
      await using temp = await folder();
      const before = leftovers();
      const path = await spoiled(
        temp.path,
        (layout) => writeFileSync(join(layout, "blobs/evil"), "x"),
        "-P",
        `--transform=s|^blobs/evil$|${name.replaceAll("\\", "\\\\")}|`,
      );
      const error = await errorOf(open(path));
      expect(error.code).toBe("FLOE_STORE_INVALID");
      expect(error.message).toContain(JSON.stringify(name));
      expect(leftovers()).toEqual(before);
      expect(readdirSync(temp.path).sort()).toEqual(["bad.tar", "layout"]);
    },
  );

  test("with a name twice is refused", async () => {
    await using temp = await folder();
    const path = await spoiled(temp.path, () => undefined);
    tar("-rf", path, "-C", join(temp.path, "layout"), "index.json");
    expect((await errorOf(open(path))).message).toContain("twice");
  });

  test("with a blob that was changed is found out", async () => {
    await using temp = await folder();
    const path = await spoiled(temp.path, (layout) => {
      const [name = ""] = readdirSync(join(layout, "blobs/sha256"));
      writeFileSync(join(layout, "blobs/sha256", name), "changed");
    });
    expect(await codeOf(open(path))).toBe("FLOE_DIGEST_MISMATCH");
  });

  test.each([0, 1, 300, 512, 700, 1024, 4096])("cut off after %i bytes is refused", async (end) => {
    await using temp = await folder();
    const path = await spoiled(temp.path, () => undefined);
    writeFileSync(path, readFileSync(path).subarray(0, end));
    expect(await codeOf(open(path))).toBe("FLOE_STORE_INVALID");
    writeFileSync(path, gzipSync(readFileSync(path)));
    expect(await codeOf(open(path))).toBe("FLOE_STORE_INVALID");
  });

  test("that is gzip'd and cut off, or another kind of file, is refused", async () => {
    await using temp = await folder();
    const path = await spoiled(temp.path, () => undefined);
    const zipped = gzipSync(readFileSync(path));
    for (const bytes of [
      zipped.subarray(0, zipped.length / 2),
      Buffer.from("hello"),
      Buffer.alloc(9000, 7),
    ]) {
      writeFileSync(path, bytes);
      expect(await codeOf(open(path))).toBe("FLOE_STORE_INVALID");
    }
    expect(await codeOf(open(temp.path))).toBe("FLOE_STORE_INVALID");
    expect(await codeOf(open(join(temp.path, "absent.tar")))).toBe("FLOE_STORE_INVALID");
  });

  // Row 8.
  test("that is a bomb is given up", async () => {
    await using temp = await folder();
    const path = await spoiled(temp.path, (layout) =>
      writeFileSync(join(layout, "blobs/zeros"), new Uint8Array(160 * 1024 * 1024)),
    );
    const zipped = `${path}.gz`;
    execFileSync("gzip", ["-1k", path]);
    expect(statSync(zipped).size).toBeLessThan(1024 * 1024);
    expect(await codeOf(open(zipped))).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
  });

  test("without the files of a layout is refused", async () => {
    await using temp = await folder();
    const path = join(temp.path, "other.tar");
    writeFileSync(join(temp.path, "readme"), "no layout");
    tar("-cf", path, "-C", temp.path, "readme");
    expect((await errorOf(open(path))).message).toContain("oci-layout is missing");
  });
});
