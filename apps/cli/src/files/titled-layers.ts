import type { Descriptor, RawManifest } from "@floe/core/model";
import { isDigest } from "@floe/core/model";
import { refusedPath } from "./staging.ts";

type Json = Readonly<Record<string, unknown>>;

/** A layer that has a file name. */
export interface TitledLayer {
  readonly title: string;
  readonly descriptor: Descriptor;
  /** The layer is a folder, packed with tar. */
  readonly folder: boolean;
  /** Of a folder's archive before it was compressed. */
  readonly contentDigest: string | null;
}

/**
 * Finds the layers of a manifest that have a file name, the way oras gives it; what else there is was not meant as a file.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a named layer whose descriptor is not valid
 */
export function titledLayers({ bytes }: RawManifest): TitledLayer[] {
  const { layers } = parse(bytes);
  return (Array.isArray(layers) ? layers : []).flatMap((value: unknown) => {
    const layer = objectOf(value);
    const annotations = objectOf(layer["annotations"]);
    const title = annotations["org.opencontainers.image.title"];
    if (typeof title !== "string") return [];
    const { digest, size, mediaType } = layer;
    if (!isDigest(digest) || typeof mediaType !== "string" || !isSize(size))
      throw refusedPath(title, "the layer's descriptor is not valid");
    const contentDigest = annotations["io.deis.oras.content.digest"];
    return [
      {
        title,
        descriptor: { mediaType, digest, size },
        folder: annotations["io.deis.oras.content.unpack"] === "true",
        contentDigest: typeof contentDigest === "string" ? contentDigest : null,
      },
    ];
  });
}

function parse(bytes: Uint8Array): Json {
  try {
    return objectOf(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch {
    // A manifest that is not JSON has no layers that could be named.
    return {};
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}
