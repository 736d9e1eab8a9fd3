import { MEDIA_TYPES, type RawManifest } from "../model/descriptor.ts";
import type { Digest } from "../model/digest.ts";

/** What an artifact is to whoever deploys it: containers run an image, Helm renders a chart. */
export type ArtifactKind = "image" | "chart" | "other";

/** What an environment holds, in the words of a deployer. */
export interface Pin {
  readonly environment: string;
  readonly version: string;
  readonly digest: Digest;
  /** Where the cluster pulls it from: `host[:port]/path`, without scheme, tag and digest. */
  readonly repository: string;
  readonly kind: ArtifactKind;
}

const IMAGE_CONFIGS: readonly unknown[] = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];
const CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json";

/** Tells what an artifact is by its manifest (image-spec, `manifest.md`; Helm's OCI media types). */
export function artifactKindOf({ descriptor, bytes }: RawManifest): ArtifactKind {
  const manifest = parsed(bytes);
  const { mediaType } = descriptor;
  if (mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerIndex)
    return manifest?.artifactType === undefined ? "image" : "other";
  const config = manifest?.config?.mediaType;
  if (config === CHART_CONFIG) return "chart";
  return IMAGE_CONFIGS.includes(config) && manifest?.artifactType === undefined ? "image" : "other";
}

interface ManifestLike {
  readonly artifactType?: unknown;
  readonly config?: { readonly mediaType?: unknown } | null;
}

function parsed(bytes: Uint8Array): ManifestLike | null {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as ManifestLike | null;
  } catch {
    return null;
  }
}
