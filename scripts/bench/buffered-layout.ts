import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactStore } from "@floe/core";
import { type Digest, digestOf, isDigest } from "@floe/core/model";
import { createLayoutStore } from "@floe/oci";

/** A layout folder whose new tags and blobs are kept in memory until they are all written at once. */
export interface BufferedLayout {
  readonly store: ArtifactStore;
  /** Writes what was kept: each blob to its file, and `index.json` once. */
  flush(): Promise<void>;
}

interface Kept {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/**
 * Opens a layout for whoever appends thousands of ledger events and has nothing to lose: the store itself makes every
 * write durable on its own, which takes minutes. Only one process may use the folder meanwhile, and manifests are only
 * added under new tags.
 */
export function createBufferedLayout(path: string): BufferedLayout {
  const layout = createLayoutStore({ path });
  const blobs = new Map<Digest, Uint8Array>();
  const manifests = new Map<Digest, Kept>();
  const tags = new Map<string, Digest>();
  let listed: readonly string[] | null = null;

  function kept(reference: string) {
    const digest = isDigest(reference) ? reference : tags.get(reference);
    const manifest = digest === undefined ? undefined : manifests.get(digest);
    if (digest === undefined || manifest === undefined) return null;
    const { bytes, mediaType } = manifest;
    return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
  }

  const store: ArtifactStore = {
    ...layout,
    async listTags({ prefix = "", signal }) {
      listed ??= await layout.listTags({ signal });
      return [...listed, ...tags.keys()].filter((tag) => tag.startsWith(prefix));
    },
    resolve: async (reference, options) =>
      kept(reference)?.descriptor ?? (await layout.resolve(reference, options)),
    getManifest: async (reference, options) =>
      kept(reference) ?? (await layout.getManifest(reference, options)),
    getBlob: async (descriptor, options) =>
      blobs.get(descriptor.digest) ?? (await layout.getBlob(descriptor, options)),
    async putBlob(descriptor, source) {
      if (!(source instanceof Uint8Array)) throw new Error("an event is no stream");
      blobs.set(descriptor.digest, source);
    },
    async createTag(tag, { bytes, mediaType }, options) {
      if (kept(tag) ?? (await layout.resolve(tag, options))) throw new Error(`${tag} is taken`);
      const digest = digestOf(bytes);
      manifests.set(digest, { bytes, mediaType });
      tags.set(tag, digest);
      return { status: "created", descriptor: { mediaType, digest, size: bytes.byteLength } };
    },
  };

  async function flush(): Promise<void> {
    const folder = join(path, "blobs/sha256");
    await mkdir(folder, { recursive: true });
    const files = [
      ...blobs,
      ...[...manifests].map(([digest, { bytes }]) => [digest, bytes] as const),
    ];
    for (const [digest, bytes] of files)
      await writeFile(join(folder, digest.slice("sha256:".length)), bytes);
    const index = JSON.parse(await readFile(join(path, "index.json"), "utf8")) as {
      manifests: unknown[];
    };
    for (const [tag, digest] of tags) {
      const { bytes, mediaType } = manifests.get(digest) as Kept;
      index.manifests.push({
        ...{ mediaType, digest, size: bytes.byteLength },
        annotations: { "org.opencontainers.image.ref.name": tag, "dev.floe.subject": "none" },
      });
    }
    await writeFile(join(path, "index.new"), JSON.stringify(index));
    await rename(join(path, "index.new"), join(path, "index.json"));
  }

  return { store, flush };
}
