import * as z from "zod";
import type { GateConfig } from "../manifest/manifest.ts";
import { MEDIA_TYPES } from "../model/descriptor.ts";
import { type Digest, isDigest } from "../model/digest.ts";
import { PARSE_ONCE } from "../model/parse-once.ts";
import type { CallOptions } from "../ports/index.ts";
import { GateError } from "./gate-error.ts";
import type { GateTarget } from "./gate-target.ts";

/** An index with more is not judged. */
const MAX_PLATFORMS = 64;

const Index = z.looseObject({
  manifests: z
    .array(
      z.looseObject({
        mediaType: z.string(),
        digest: z.custom<Digest>(isDigest),
        platform: z
          .looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() })
          .optional(),
      }),
    )
    .max(1000),
});

/** One platform of an index, as something to judge. */
export interface PlatformTarget {
  /** `os/arch[/variant]`; `null`: the artifact as a whole. */
  readonly platform: string | null;
  readonly target: GateTarget;
}

/**
 * What a gate judges: the artifact as a whole, or each of the platforms that its `platforms` ask for. An artifact that is no
 * index has one platform and is judged as it is.
 * @throws {GateError} PLATFORM_MISSING, INDEX_INVALID
 */
export async function platformTargets(
  { platforms }: Pick<GateConfig, "platforms">,
  target: GateTarget,
  options: CallOptions,
): Promise<readonly PlatformTarget[]> {
  const { mediaType } = target.artifact;
  const isIndex = mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerIndex;
  if (platforms === null || !isIndex) return [{ platform: null, target }];
  const listed = entriesOf(target.artifact.manifest);
  const has = listed.map(({ platform }) => platform).join(", ") || "none";
  const wanted =
    platforms === "all"
      ? listed
      : platforms.flatMap((name) => {
          const found = listed.filter(
            ({ platform }) => platform === name || platform.startsWith(`${name}/`),
          );
          if (found.length > 0) return found;
          throw new GateError("PLATFORM_MISSING", `the index has no ${name}; it has ${has}`);
        });
  if (wanted.length === 0)
    throw new GateError("PLATFORM_MISSING", "the index names no platform that could be judged");
  if (wanted.length > MAX_PLATFORMS)
    throw new GateError(
      "INDEX_INVALID",
      `the index has ${wanted.length} platforms, and ${MAX_PLATFORMS} are judged at most`,
    );
  const once = new Map(wanted.map((one) => [one.platform, one.digest]));
  return await Promise.all(
    [...once].map(async ([platform, digest]) => ({
      platform,
      target: await targetOf(platform, digest, target, options),
    })),
  );
}

function entriesOf(bytes: Uint8Array): { readonly platform: string; readonly digest: Digest }[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new GateError("INDEX_INVALID", "the index is not JSON", { cause });
  }
  const parsed = Index.safeParse(value, PARSE_ONCE);
  if (!parsed.success) throw new GateError("INDEX_INVALID", "the index is not of the form of one");
  return parsed.data.manifests.flatMap(({ platform, digest }) => {
    // What builders attach to an index (provenance) has the platform unknown/unknown.
    if (!platform || platform.os === "unknown") return [];
    const { os, architecture, variant } = platform;
    const name = [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
    return [{ platform: name, digest }];
  });
}

async function targetOf(
  platform: string,
  digest: Digest,
  whole: GateTarget,
  options: CallOptions,
): Promise<GateTarget> {
  const raw = await whole.readManifest?.(digest, options);
  if (!raw)
    throw new GateError("PLATFORM_MISSING", `${platform} (${digest}) is not in the repository`);
  const { reference, artifactType: _, ...artifact } = whole.artifact;
  const repository = reference.slice(0, reference.indexOf("@"));
  return {
    ...whole,
    platform,
    artifact: {
      ...artifact,
      reference: `${repository}@${digest}`,
      digest,
      mediaType: raw.descriptor.mediaType,
      size: raw.descriptor.size,
      manifest: raw.bytes,
    },
  };
}
