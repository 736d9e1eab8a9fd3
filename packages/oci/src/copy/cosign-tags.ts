import { isFloeError } from "@floe/core/errors";
import { type Digest, digestHex } from "@floe/core/model";
import type { ArtifactStore, CallOptions } from "@floe/core/ports";

const SUFFIXES = ["sig", "att", "sbom"] as const;
const PREFIX = "sha256-";

/** Finds the tags under which cosign 2 keeps signatures, attestations and SBOMs of a digest. */
export type FindCosignTags = (digest: Digest) => Promise<readonly string[]>;

/**
 * Looks such tags up by one list of the repository's tags: three questions for every manifest would be more. Where the list
 * is too long or not allowed, they are asked for one by one.
 */
export function createCosignTagFinder(from: ArtifactStore, options: CallOptions): FindCosignTags {
  let listed: Promise<ReadonlySet<string> | null> | null = null;

  async function list(): Promise<ReadonlySet<string> | null> {
    try {
      return new Set(await from.listTags({ ...options, prefix: PREFIX }));
    } catch (error) {
      const askInstead = [
        "FLOE_REGISTRY_LIMIT_EXCEEDED",
        "FLOE_REGISTRY_DENIED",
        "FLOE_REGISTRY_UNAUTHORIZED",
        "FLOE_REGISTRY_REFUSED",
      ] as const;
      if (askInstead.some((code) => isFloeError(error, code))) return null;
      throw error;
    }
  }

  return async (digest) => {
    if (!digest.startsWith("sha256:")) return [];
    const names = SUFFIXES.map((suffix) => `${PREFIX}${digestHex(digest)}.${suffix}`);
    listed ??= list();
    const tags = await listed;
    if (tags !== null) return names.filter((name) => tags.has(name));
    const found: string[] = [];
    for (const name of names) if ((await from.resolve(name, options)) !== null) found.push(name);
    return found;
  };
}
