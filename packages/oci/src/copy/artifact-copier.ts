import type { Descriptor, Digest, RawManifest } from "@floe/core/model";
import type { ArtifactCopier, CallOptions, CopyAmount, CopyRoute } from "@floe/core/ports";
import { inParallel } from "../in-parallel.ts";
import { copyArtifact, fetchSource } from "./copy-artifact.ts";
import { readGraph } from "./read-graph.ts";

const CONCURRENCY = 4;

/**
 * Copies as `artifact copy` does: {@link copyArtifact} with all that is attached and without tags of floe's. Measuring reads
 * the same graph and asks the destination what of it is there.
 */
export const artifactCopier: ArtifactCopier = {
  measure: measureCopy,
  async copy({ from, to, digest }, { signal, onProgress }) {
    const report = await copyArtifact(
      { from, to, reference: digest },
      {
        signal,
        ...(onProgress && {
          onProgress: ({ bytes, bytesTotal }) => onProgress({ bytes, bytesTotal }),
        }),
      },
    );
    return {
      manifests: report.manifests.copied,
      blobs: report.blobs.copied + report.blobs.mounted,
      bytes: report.bytes,
      warnings: [
        ...report.warnings,
        ...report.foreignLayers.map(
          (layer) => `${layer.digest} names another place; it was left there`,
        ),
      ],
    };
  },
};

async function measureCopy(
  { from, to, digest }: CopyRoute,
  { signal }: CallOptions,
): Promise<CopyAmount> {
  const limit = CONCURRENCY;
  const root: RawManifest = await fetchSource(from, digest, signal);
  const graph = await readGraph(from, root, { referrers: true, limit, signal });
  const nodes = [...graph.nodes.values()];
  const absent = new Map<Digest, Descriptor>();
  const there = await inParallel(nodes, { limit, signal }, async ({ raw, blobs }, stop) => {
    if (await to.resolve(raw.descriptor.digest, { signal: stop })) return true;
    for (const blob of blobs) absent.set(blob.digest, blob);
    return false;
  });
  const asked = [...absent.values()];
  const held = await inParallel(asked, { limit, signal }, async (blob, stop) => {
    return await to.hasBlob(blob.digest, { signal: stop });
  });
  const missing = asked.filter((_, index) => held[index] === false);
  return {
    manifests: there.filter((one) => !one).length,
    blobs: missing.length,
    bytes: missing.reduce((sum, { size }) => sum + size, 0),
    warnings: graph.warnings,
  };
}
