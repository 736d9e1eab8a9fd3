import type { Descriptor, Digest } from "@floe/core/model";
import { MEDIA_TYPES } from "@floe/core/model";
import { type BuiltArtifact, buildArtifact, pushArtifact, type TestRegistry } from "@floe/testing";
import { REPO } from "./open-store.ts";

/** A manifest that is attached to a subject; its blobs are those of {@link pushSubject}. */
export function referrer(subject: Descriptor, name: string): BuiltArtifact {
  const annotations = { name, time: "now" };
  return buildArtifact({
    subject,
    annotations,
    artifactType: "x/record",
    layers: [{ content: "s" }],
  });
}

/** Pushes an artifact to attach to. */
export async function pushSubject(registry: TestRegistry, tag = "v1"): Promise<Descriptor> {
  const layers = [{ content: "s" }];
  return (await pushArtifact(registry, REPO, tag, { layers, annotations: { tag } })).descriptor;
}

/** The tag of the list of a digest's referrers. */
export function fallbackTag(digest: Digest): string {
  return digest.replace(":", "-");
}

/** The digests, sorted. */
export function digestsOf(all: readonly { digest: string }[]): string[] {
  return all.map(({ digest }) => digest).sort();
}

/** The entries of the list under a subject's fallback tag. */
export function entriesOf(registry: TestRegistry, subject: Descriptor): Descriptor[] {
  const list = registry.manifest(REPO, fallbackTag(subject.digest));
  if (list === null) return [];
  return (JSON.parse(Buffer.from(list.bytes).toString()) as { manifests: Descriptor[] }).manifests;
}

/** Puts a list of referrers under a subject's fallback tag, as somebody outside would. */
export function plantList(
  registry: TestRegistry,
  subject: Descriptor,
  manifests: readonly Descriptor[],
): void {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
  registry.plant(REPO, {
    bytes: Buffer.from(JSON.stringify(index)),
    mediaType: MEDIA_TYPES.ociIndex,
    tag: fallbackTag(subject.digest),
  });
}
