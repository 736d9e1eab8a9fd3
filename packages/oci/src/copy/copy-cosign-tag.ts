import type { ArtifactStore } from "@floe/core/ports";
import type { CopiedTag } from "./copy-report.ts";
import { readGraphNode } from "./graph-node.ts";
import type { CosignTag, Graph } from "./read-graph.ts";

/**
 * Gives one of cosign's tags at the destination. cosign adds to what stands there, so a tag that holds something else is moved
 * only when nothing of that is lost; otherwise it stays, and the answer is a warning.
 */
export async function copyCosignTag(
  to: ArtifactStore,
  graph: Graph,
  { tag, digest }: CosignTag,
  signal: AbortSignal,
): Promise<CopiedTag | string> {
  const node = graph.nodes.get(digest);
  if (node === undefined) throw new Error(`${tag} was not read`);
  const held = await to.getManifest(tag, { signal });
  if (held?.descriptor.digest === digest) return { tag, status: "unchanged" };
  if (held !== null) {
    const ours = new Set(node.blobs.map((blob) => blob.digest));
    // The config lists the layers, so it always differs.
    const { blobs, raw } = readGraphNode(held);
    const config = configOf(raw.bytes);
    const theirs = blobs.filter((blob) => blob.digest !== config);
    if (theirs.some((blob) => !ours.has(blob.digest)))
      return `${tag} holds signatures at the destination that the source lacks; it was left as it is`;
  }
  const manifest = { bytes: node.raw.bytes, mediaType: node.raw.descriptor.mediaType };
  const expect = held?.descriptor.digest ?? null;
  const { status } = await to.moveTag(tag, manifest, { signal, expect });
  return { tag, status: held === null ? "created" : status };
}

function configOf(bytes: Uint8Array): unknown {
  const { config } = JSON.parse(new TextDecoder().decode(bytes)) as {
    readonly config?: { readonly digest?: unknown };
  };
  return config?.digest;
}
