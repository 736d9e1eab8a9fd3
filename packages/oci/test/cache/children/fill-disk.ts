// fill-disk.ts FOLDER: fills the disk that FOLDER is on, reads an artifact through a cache there, and says what came of it.
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { digestOf } from "@floe/core/model";
import { buildArtifact, createMemoryStore } from "@floe/testing";
import { createBlobCache, withCache } from "../../../src/index.ts";

const go = { signal: new AbortController().signal };
const folder = process.argv[2] ?? "";
const path = join(folder, "content");
const cache = createBlobCache({ path, maxBytes: 10 ** 9 });
const content = Buffer.alloc(200_000, "large ");

const origin = createMemoryStore({ repository: "memory/one" });
const built = buildArtifact({ layers: [{ content }] });
for (const { descriptor, bytes } of built.blobs) await origin.putBlob(descriptor, bytes, go);
await origin.createTag("v1.0.0", built, go);

/** Reads the artifact as a run does that has verified it. */
async function readAll(): Promise<string[]> {
  const store = withCache(origin, cache, { admits: "verified" });
  const raw = await store.getManifest("v1.0.0", go);
  if (raw === null) throw new Error("the artifact is not there");
  await store.admit(raw.descriptor.digest);
  const blobs = built.blobs.map(async ({ descriptor }) => await store.getBlob(descriptor, go));
  return [raw.bytes, ...(await Promise.all(blobs))].map((bytes) => digestOf(bytes));
}

/** Why the disk does not take any more. */
function fill(): string {
  try {
    writeFileSync(join(folder, "filling"), new Uint8Array(10 ** 6));
    return "nothing";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "?";
  }
}

const refused = fill();
const whileFull = await readAll();
const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((one) =>
  one.isFile(),
);
const halves = files.filter(({ name }) => name.endsWith(".tmp")).length;
const layer = digestOf(content);
const keptWhileFull = (await cache.get(layer, 10 ** 6)) !== null;
rmSync(join(folder, "filling"));
const expected = [digestOf(built.bytes), ...built.blobs.map(({ descriptor }) => descriptor.digest)];
console.log(
  JSON.stringify({
    refused,
    isRight: whileFull.join() === expected.join() && (await readAll()).join() === whileFull.join(),
    halves,
    keptWhileFull,
    keptAfter: (await cache.get(layer, 10 ** 6)) !== null,
  }),
);
