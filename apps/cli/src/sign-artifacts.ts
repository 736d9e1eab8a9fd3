import type { ArtifactStore, CallOptions, RawManifest, Signer } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { MEDIA_TYPES } from "@floe/core/model";
import { type ArtifactPart, readArtifact } from "./read-artifact.ts";

/** More manifests than any index of an image has. */
const MAX_MANIFESTS = 500;

const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerIndex]);
const MANIFESTS: ReadonlySet<string> = new Set([
  ...INDEXES,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
]);

/** A manifest that an index lists, at whatever depth, and its signature; `null`: not signed. */
export interface SignedChild {
  readonly digest: string;
  readonly platform: string | null;
  readonly signature: string | null;
}

/** What {@link signArtifacts} did. */
export interface SignedArtifacts {
  /** Digest of the manifest that carries the signature of the artifact itself. */
  readonly signature: string;
  /** What the artifact lists; empty unless it is an index. */
  readonly children: readonly SignedChild[];
}

/**
 * Signs an artifact; with `recursive` also every manifest that an index lists, first, so that a run that is cut off never
 * leaves a signed index of unsigned images.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - the index lists a manifest that is not there; nothing was signed
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than 500 manifests
 */
export async function signArtifacts(
  input: {
    readonly store: ArtifactStore;
    readonly artifact: RawManifest;
    readonly signer: Signer;
    readonly annotations: Readonly<Record<string, string>>;
    readonly recursive: boolean;
  },
  options: CallOptions,
): Promise<SignedArtifacts> {
  const { signArtifact } = await import("@floe/signing");
  const { store, artifact, signer, recursive } = input;
  const annotations =
    Object.keys(input.annotations).length === 0 ? {} : { annotations: input.annotations };
  const sign = async (one: RawManifest): Promise<string> => {
    const signed = await signArtifact({ store, artifact: one, signer, ...annotations }, options);
    return signed.referrer.digest;
  };
  const listed = partsOf(artifact);
  if (!recursive) {
    const children = listed.map(({ digest, platform }) => ({ digest, platform, signature: null }));
    return { signature: await sign(artifact), children };
  }
  const found = new Map<string, { readonly part: ArtifactPart; readonly raw: RawManifest }>();
  await collect(store, listed, found, options);
  const children: SignedChild[] = [];
  for (const { part, raw } of found.values())
    children.push({
      digest: part.digest,
      platform: part.platform,
      signature: await sign(raw),
    });
  return { signature: await sign(artifact), children };
}

function partsOf(raw: RawManifest): ArtifactPart[] {
  if (!INDEXES.has(raw.descriptor.mediaType)) return [];
  return readArtifact(raw).manifests.filter(({ mediaType }) => MANIFESTS.has(mediaType));
}

// Everything is fetched before anything is signed.
async function collect(
  store: ArtifactStore,
  parts: readonly ArtifactPart[],
  found: Map<string, { readonly part: ArtifactPart; readonly raw: RawManifest }>,
  options: CallOptions,
): Promise<void> {
  for (const part of parts) {
    if (found.has(part.digest)) continue;
    const raw = await store.getManifest(part.digest, options);
    if (raw === null)
      throw new FloeError({
        code: "FLOE_ARTIFACT_NOT_FOUND",
        message: `the index lists ${part.digest}${part.platform === null ? "" : ` (${part.platform})`}, and it is not in ${store.repository}; nothing was signed`,
        hint: "Copy the whole index there first (floe artifact copy), or sign without --recursive.",
      });
    await collect(store, partsOf(raw), found, options);
    found.set(part.digest, { part, raw });
    if (found.size > MAX_MANIFESTS)
      throw new FloeError({
        code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
        message: `the index lists more than ${MAX_MANIFESTS} manifests; nothing was signed`,
        hint: "Sign them one by one, by digest.",
      });
  }
}
