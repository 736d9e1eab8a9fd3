import type { ArtifactStore, CallOptions, RawManifest } from "@floe/core";
import { MEDIA_TYPES } from "@floe/core/model";

/** What Node calls processors, in the words of OCI. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: "amd64",
  ia32: "386",
  ppc64: "ppc64le",
  loong64: "loong64",
};

/**
 * Takes one manifest out of an index, where a platform is named.
 * @throws {FloeError} FLOE_USAGE_INVALID - no index, or not one platform
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the index has none for it; the hint says which it has
 */
export async function chooseNamed(
  store: ArtifactStore,
  manifest: RawManifest,
  platform: string | undefined,
  options: CallOptions,
): Promise<RawManifest> {
  if (platform === undefined) return manifest;
  const { choosePlatform, parsePlatform } = await import("@floe/oci");
  return await choosePlatform(store, manifest, parsePlatform(platform), options);
}

/** As {@link chooseNamed}; of an index, the one for containers on this machine where no platform is named. */
export async function choosePulled(
  store: ArtifactStore,
  manifest: RawManifest,
  platform: string | undefined,
  options: CallOptions,
): Promise<RawManifest> {
  const { mediaType } = manifest.descriptor;
  const isIndex = mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerIndex;
  const own = `linux/${ARCHITECTURES[process.arch] ?? process.arch}`;
  return await chooseNamed(store, manifest, platform ?? (isIndex ? own : undefined), options);
}
