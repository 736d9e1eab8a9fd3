import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, realpath, rename, rm } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type ArtifactStore, FloeError, type RawManifest } from "@floe/core";
import { isDigest } from "@floe/core/model";

/** A file that was pulled. */
export interface PulledFile {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes an artifact's layers into a folder, each under the title that its annotation gives. Titles are input of
 * whoever pushed: nothing is written outside the folder, and no link is followed.
 * @throws {FloeError} FLOE_REGISTRY_RESPONSE_INVALID - a title that would leave the folder, or two of one name
 * @throws {FloeError} FLOE_DIGEST_MISMATCH - bytes are not those of the layer; nothing of it is kept
 */
export async function pullFiles(
  store: ArtifactStore,
  manifest: RawManifest,
  folder: string,
  signal: AbortSignal,
): Promise<PulledFile[]> {
  await mkdir(folder, { recursive: true });
  const root = await realpath(folder);
  const layers = titledLayers(manifest);
  const seen = new Set<string>();
  for (const layer of layers) {
    const target = safePath(root, layer.title);
    if (seen.has(target.toLowerCase())) throw refused(layer.title, "two layers have that name");
    seen.add(target.toLowerCase());
  }
  const files: PulledFile[] = [];
  for (const layer of layers) {
    const target = safePath(root, layer.title);
    await makeFolder(root, dirname(target), layer.title);
    const temporary = join(dirname(target), `.floe-${randomBytes(8).toString("hex")}`);
    const file = await open(
      temporary,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o644,
    );
    try {
      try {
        for await (const chunk of store.openBlob(layer, { signal })) await file.write(chunk);
      } finally {
        await file.close();
      }
      await rename(temporary, target);
    } catch (cause) {
      await rm(temporary, { force: true });
      throw cause;
    }
    files.push({ path: relative(root, target), digest: layer.digest, size: layer.size });
  }
  return files;
}

function titledLayers(manifest: RawManifest) {
  let parsed: { layers?: unknown } | null = null;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(manifest.bytes)) as {
      layers?: unknown;
    } | null;
  } catch {
    // A manifest that is not JSON has no layers that could be named.
  }
  const layers = Array.isArray(parsed?.layers) ? (parsed.layers as Record<string, unknown>[]) : [];
  return layers.flatMap((layer) => {
    const title = (layer["annotations"] as Record<string, unknown> | undefined)?.[
      "org.opencontainers.image.title"
    ];
    const { digest, size, mediaType } = layer;
    if (typeof title !== "string") return [];
    if (!isDigest(digest) || typeof size !== "number" || typeof mediaType !== "string")
      throw refused(title, "its descriptor is not valid");
    return [{ title, digest, size, mediaType }];
  });
}

function safePath(root: string, title: string): string {
  const bad =
    title === "" || title.length > 255 || /[\p{Cc}\\:]/u.test(title) || title.startsWith("/");
  const parts = title.split("/");
  if (
    bad ||
    parts.some((part) => part === "" || part === "." || part === "..") ||
    parts[0] === ".git"
  ) {
    throw refused(title, "it is not a plain relative path");
  }
  const target = resolve(root, title);
  if (!target.startsWith(root + sep)) throw refused(title, "it leads out of the folder");
  return target;
}

// Folder by folder, so that a link that is there already is seen and not followed.
async function makeFolder(root: string, folder: string, title: string): Promise<void> {
  let at = root;
  for (const part of relative(root, folder)
    .split(sep)
    .filter((name) => name !== "")) {
    at = join(at, part);
    const there = await lstat(at).catch(() => null);
    if (there === null) await mkdir(at);
    else if (!there.isDirectory())
      throw refused(title, `${relative(root, at)} is there and is no folder`);
  }
}

function refused(title: string, why: string): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `the layer title ${JSON.stringify(title.slice(0, 300))} is refused: ${why}`,
    hint: "Whoever pushed the artifact chose that name. Nothing of it was written.",
  });
}
