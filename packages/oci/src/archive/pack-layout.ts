import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { isDigest } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { asObject } from "../layout/manifest-facts.ts";
import { type TarEntry, writeTar } from "./write-tar.ts";

/**
 * Writes a layout folder as a tar archive: the same content, in whatever order it came, gives the same bytes. Locks and
 * temporary files stay behind.
 */
export async function packLayout(
  folder: string,
  archive: FileHandle,
  { signal }: CallOptions,
): Promise<void> {
  for await (const part of writeTar(await listEntries(folder))) {
    signal.throwIfAborted();
    await archive.appendFile(part);
  }
}

async function listEntries(folder: string): Promise<TarEntry[]> {
  const { readdir, readFile, stat } = process.getBuiltinModule("node:fs/promises");
  const { createReadStream } = process.getBuiltinModule("node:fs");
  const entries: TarEntry[] = [{ name: "blobs/", size: 0 }];
  for (const algorithm of (await readdir(join(folder, "blobs"))).sort()) {
    entries.push({ name: `blobs/${algorithm}/`, size: 0 });
    for (const hex of (await readdir(join(folder, "blobs", algorithm))).sort()) {
      if (!isDigest(`${algorithm}:${hex}`)) continue;
      const path = join(folder, "blobs", algorithm, hex);
      const { size } = await stat(path);
      entries.push({
        name: `blobs/${algorithm}/${hex}`,
        size,
        content: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
      });
    }
  }
  const index = sorted(await readFile(join(folder, "index.json"), "utf8"));
  const layout = await readFile(join(folder, "oci-layout"));
  return [...entries, inMemory("index.json", index), inMemory("oci-layout", layout)];
}

function inMemory(name: string, bytes: Uint8Array): TarEntry {
  const content = async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    yield bytes;
  };
  return { name, size: bytes.byteLength, content };
}

/** The folder keeps entries in the order in which they came; that order says nothing. */
function sorted(text: string): Uint8Array {
  const index = asObject(JSON.parse(text)) ?? {};
  const manifests = Array.isArray(index["manifests"]) ? index["manifests"] : [];
  const keyed = manifests.map((entry: unknown) => {
    const { digest, annotations } = asObject(entry) ?? {};
    return { entry, key: JSON.stringify([digest, asObject(annotations)]) };
  });
  keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
  return new TextEncoder().encode(
    JSON.stringify({ ...index, manifests: keyed.map(({ entry }) => entry) }),
  );
}
