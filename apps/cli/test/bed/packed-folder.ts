import { gzipSync } from "node:zlib";
import { buildArtifact, type LayerInput } from "@floe/testing";
import { type TarInput, writeTar } from "../../src/files/write-tar.ts";
import { go, type Project } from "./a-project.ts";

/** An entry of an archive, of any kind and with any name; what is left out is right. */
export type PackedEntry = Partial<Omit<TarInput, "content" | "size">> & {
  readonly name: string;
  readonly text?: string;
};

/** Packs entries with tar and gzip, without looking at what they are. */
export async function packed(entries: readonly PackedEntry[]): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const inputs = entries.map(({ text = "", ...entry }) => {
    const content = Buffer.from(text);
    async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
      yield content;
    }
    return {
      ...{ mode: 0o644, type: "0", linkName: "", size: content.byteLength, content: whole },
      ...entry,
    };
  });
  for await (const part of writeTar(inputs)) parts.push(part);
  return gzipSync(Buffer.concat(parts));
}

/** A layer that says it is a folder. */
export function folderLayer(
  title: string,
  content: Uint8Array,
  annotations: Readonly<Record<string, string>> = {},
): LayerInput {
  return {
    content,
    mediaType: "application/vnd.oci.image.layer.v1.tar+gzip",
    annotations: {
      "org.opencontainers.image.title": title,
      "io.deis.oras.content.unpack": "true",
      ...annotations,
    },
  };
}

/** Publishes layers under a tag as another tool would. */
export async function publishLayers(
  project: Project,
  tag: string,
  layers: readonly LayerInput[],
): Promise<void> {
  const built = buildArtifact({ layers });
  for (const blob of built.blobs) await project.store.putBlob(blob.descriptor, blob.bytes, go);
  await project.store.createTag(tag, built, go);
}
