import { FloeError } from "@floe/core/errors";
import type { RawManifest } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";
import { type Platform, readGraphNode } from "./graph-node.ts";

const PART = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/**
 * Parses `os/arch` or `os/arch/variant`, as docker writes platforms.
 * @throws {FloeError} FLOE_USAGE_INVALID - another form
 */
export function parsePlatform(text: string): Platform {
  const [os = "", architecture = "", variant, ...rest] = text.toLowerCase().split("/");
  const parts = variant === undefined ? [os, architecture] : [os, architecture, variant];
  if (rest.length === 0 && parts.every((part) => PART.test(part)))
    return { os, architecture, variant: variant ?? null };
  throw new FloeError({
    code: "FLOE_USAGE_INVALID",
    message: `${JSON.stringify(text.slice(0, 100))} is not a platform`,
    hint: "Write os/arch or os/arch/variant, for example linux/amd64 or linux/arm/v7.",
  });
}

/** Writes a platform in the form that {@link parsePlatform} reads. */
function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === null ? [] : [variant])].join("/");
}

/**
 * Fetches the one manifest of an index that is for a platform.
 * @throws {FloeError} FLOE_USAGE_INVALID - not an index, or several variants match
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the index has none for it, or that manifest is not in the store
 */
export async function choosePlatform(
  from: ArtifactStore,
  index: RawManifest,
  wanted: Platform,
  options: CallOptions,
): Promise<RawManifest> {
  const { children } = readGraphNode(index);
  const { digest } = index.descriptor;
  if (children.length === 0) {
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${digest} is a single manifest and no index of platforms`,
      hint: "Leave --platform out.",
    });
  }
  const matching = children.filter(({ platform }) => platform !== null && fits(platform, wanted));
  const [one, ...others] = matching;
  if (one === undefined || others.length > 0) {
    const offered = (one === undefined ? children : matching)
      .map(({ platform }) => (platform === null ? "none" : formatPlatform(platform)))
      .join(", ");
    throw new FloeError({
      code: one === undefined ? "FLOE_ARTIFACT_NOT_FOUND" : "FLOE_USAGE_INVALID",
      message:
        one === undefined
          ? `${digest} has nothing for ${formatPlatform(wanted)}`
          : `${digest} has several manifests for ${formatPlatform(wanted)}`,
      hint: `It has ${offered.slice(0, 500)}.`,
    });
  }
  const found = await from.getManifest(one.descriptor.digest, options);
  if (found !== null) return found;
  throw new FloeError({
    code: "FLOE_ARTIFACT_NOT_FOUND",
    message: `${from.repository} has the index ${digest} and not its manifest ${one.descriptor.digest}`,
    hint: "The index was copied there without everything that it names.",
  });
}

function fits(platform: Platform, wanted: Platform): boolean {
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return false;
  return wanted.variant === null || variantOf(platform) === variantOf(wanted);
}

// v8 is all that arm64 can be without saying so.
function variantOf({ architecture, variant }: Platform): string | null {
  return variant ?? (architecture === "arm64" ? "v8" : null);
}
