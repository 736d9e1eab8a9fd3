import type { Descriptor } from "@floe/core/model";
import type { ArtifactFacts, ArtifactPart } from "../read-artifact.ts";
import { formatBytes } from "./bytes.ts";
import { paint, plain } from "./paint.ts";
import { referrerType } from "./referrers.ts";

/** What `floe artifact inspect` has found. */
export interface InspectView {
  readonly repository: string;
  readonly reference: string | null;
  /** The index that a platform was taken from, or `null`. */
  readonly index: string | null;
  readonly descriptor: Descriptor;
  readonly facts: ArtifactFacts;
  readonly referrers: readonly Descriptor[];
  readonly signatures: number;
}

/** What an artifact is printed as with `-o json`. */
export function inspectJson(view: InspectView) {
  const { descriptor, facts, referrers } = view;
  const part = ({ digest, mediaType, size }: ArtifactPart) => ({
    ...{ digest, media_type: mediaType, size },
  });
  return {
    repository: view.repository,
    reference: view.reference,
    index: view.index,
    digest: descriptor.digest,
    media_type: descriptor.mediaType,
    artifact_type: facts.artifactType,
    size: descriptor.size,
    subject: facts.subject,
    annotations: facts.annotations,
    layers: facts.layers.map((layer) => ({ ...part(layer), title: layer.title })),
    platforms: facts.manifests.map((child) => ({ ...part(child), platform: child.platform })),
    manifest: facts.manifest,
    signatures: view.signatures,
    referrers: referrers.map((referrer) => ({
      digest: referrer.digest,
      artifact_type: referrer.artifactType ?? null,
      size: referrer.size,
      annotations: referrer.annotations ?? {},
    })),
  };
}

/** What an artifact is to people. */
export function inspectText(view: InspectView): string {
  const { descriptor, facts, referrers } = view;
  const row = (name: string, ...words: readonly (string | null)[]): string =>
    `${paint("dim", name.padEnd(12))}${plain(words.filter((word) => word !== null).join("  "))}`;
  return [
    row("repository", view.repository),
    ...(view.index === null ? [] : [row("index", view.index)]),
    row("digest", descriptor.digest),
    row("media type", descriptor.mediaType),
    ...(facts.artifactType === null ? [] : [row("type", facts.artifactType)]),
    row("size", `${descriptor.size} bytes`),
    ...(facts.subject === null ? [] : [row("subject", facts.subject)]),
    ...Object.entries(facts.annotations).map(([key, value]) =>
      row("annotation", `${key} = ${value}`),
    ),
    ...facts.layers.map(({ digest, size, mediaType, title }) =>
      row("layer", digest, formatBytes(size), mediaType, title),
    ),
    ...facts.manifests.map(({ digest, size, mediaType, platform }) =>
      row("platform", platform ?? "none", digest, formatBytes(size), mediaType),
    ),
    row("signatures", `${view.signatures}`),
    ...referrers.map((referrer) => row("attached", referrer.digest, referrerType(referrer))),
  ].join("\n");
}
