import { createHash } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { parseDigest } from "@floe/core/model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeBytes, go, type Layout, makeLayout, tempFolder } from "./layout-fixture.ts";

let folder: ReturnType<typeof tempFolder>;
let layout: Layout;

beforeEach(async () => {
  folder = tempFolder();
  layout = await makeLayout(folder.path);
});
afterEach(() => folder.remove());

const code = (value: string) => expect.objectContaining({ code: value });
const absent = parseDigest(`sha256:${"0".repeat(64)}`);

describe("the blobs of a layout", () => {
  const bytes = new Uint8Array(600_000).map((_, index) => (index * 7) % 251);
  const blob = describeBytes(bytes);
  async function* inPieces(content: Uint8Array) {
    for (let start = 0; start < content.length; start += 100_000)
      yield content.subarray(start, start + 100_000);
  }
  async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  }

  it("stores a stream and gives it back whole or in pieces", async () => {
    const { store } = layout;
    expect(await store.hasBlob(blob.digest, go)).toBe(false);
    await store.putBlob(blob, () => inPieces(bytes), go);
    expect(await store.hasBlob(blob.digest, go)).toBe(true);
    expect(Buffer.compare(await store.getBlob(blob, go), bytes)).toBe(0);
    expect(Buffer.compare(await collect(store.openBlob(blob, go)), bytes)).toBe(0);
  });

  it("does not read the source of a blob that it has", async () => {
    await layout.store.putBlob(blob, bytes, go);
    const writes = layout.store.stats.writes;
    await layout.store.putBlob(
      blob,
      () => {
        throw new Error("was read");
      },
      go,
    );
    expect(layout.store.stats.writes).toBe(writes);
  });

  it.each([
    ["longer", () => inPieces(new Uint8Array([...bytes, 0]))],
    ["shorter", () => inPieces(bytes.subarray(1))],
    ["different", () => inPieces(bytes.with(5, 255))],
  ])("keeps nothing of a source that is %s than its descriptor says", async (_, source) => {
    await expect(layout.store.putBlob(blob, source, go)).rejects.toEqual(
      code("FLOE_DIGEST_MISMATCH"),
    );
    expect(await layout.store.hasBlob(blob.digest, go)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  it("passes on what the source throws, and keeps nothing", async () => {
    const trouble = Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" });
    async function* broken() {
      yield bytes.subarray(0, 10);
      throw trouble;
    }
    await expect(layout.store.putBlob(blob, broken, go)).rejects.toBe(trouble);
    expect(leftovers()).toEqual([]);
  });

  it("ends with the abort's reason between two chunks, and keeps nothing", async () => {
    const abort = new AbortController();
    async function* slow() {
      yield bytes.subarray(0, 10);
      abort.abort(new Error("enough"));
      yield bytes.subarray(10);
    }
    const { signal } = abort;
    await expect(layout.store.putBlob(blob, slow, { signal })).rejects.toThrow("enough");
    expect(leftovers()).toEqual([]);
    await expect(layout.store.resolve("v1.0.0", { signal })).rejects.toThrow("enough");
  });

  it("finds one flipped byte before the stream ends", async () => {
    await layout.store.putBlob(blob, bytes, go);
    writeFileSync(layout.blobPath(blob.digest), bytes.with(3, 255));
    let seen = 0;
    const read = async () => {
      for await (const chunk of layout.store.openBlob(blob, go)) seen += chunk.byteLength;
    };
    await expect(read()).rejects.toEqual(code("FLOE_DIGEST_MISMATCH"));
    expect(seen).toBeLessThan(blob.size);
    await expect(layout.store.getBlob(blob, go)).rejects.toEqual(code("FLOE_DIGEST_MISMATCH"));
  });

  it("finds a file of another size, and replaces it when the blob is put again", async () => {
    await layout.store.putBlob(blob, bytes, go);
    writeFileSync(layout.blobPath(blob.digest), bytes.subarray(0, 5));
    const error = code("FLOE_DIGEST_MISMATCH");
    await expect(layout.store.getBlob(blob, go)).rejects.toEqual(error);
    await expect(collect(layout.store.openBlob(blob, go))).rejects.toEqual(error);
    await layout.store.putBlob(blob, () => inPieces(bytes), go);
    expect((await layout.store.getBlob(blob, go)).byteLength).toBe(blob.size);
  });

  it("reads no more than it is allowed to", async () => {
    await layout.store.putBlob(blob, bytes, go);
    const error = code("FLOE_REGISTRY_LIMIT_EXCEEDED");
    await expect(layout.store.getBlob(blob, { ...go, maxBytes: 1000 })).rejects.toEqual(error);
  });

  it("holds an empty blob, and one under a sha512 digest", async () => {
    const empty = describeBytes(new Uint8Array());
    await layout.store.putBlob(empty, new Uint8Array(), go);
    expect(await layout.store.getBlob(empty, go)).toEqual(new Uint8Array());
    expect(await collect(layout.store.openBlob(empty, go))).toEqual(new Uint8Array());
    const digest = parseDigest(`sha512:${createHash("sha512").update(bytes).digest("hex")}`);
    await layout.store.putBlob({ ...blob, digest }, bytes, go);
    expect((await layout.store.getBlob({ ...blob, digest }, go)).byteLength).toBe(blob.size);
  });

  it("says that a blob is not there", async () => {
    const gone = { ...blob, digest: absent };
    const error = code("FLOE_ARTIFACT_NOT_FOUND");
    await expect(layout.store.getBlob(gone, go)).rejects.toEqual(error);
    await expect(collect(layout.store.openBlob(gone, go))).rejects.toEqual(error);
  });

  it("can be left in the middle of a stream", async () => {
    await layout.store.putBlob(blob, bytes, go);
    for await (const chunk of layout.store.openBlob(blob, go)) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
  });
});

function leftovers(): string[] {
  return readdirSync(layout.dir).filter((name) => name.endsWith(".tmp"));
}
