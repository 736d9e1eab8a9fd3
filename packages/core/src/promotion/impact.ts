import { MEDIA_TYPES, type RawManifest } from "../model/descriptor.ts";
import { isDigest } from "../model/digest.ts";
import type { ImpactAnalysis } from "../model/records.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";

/** Configuration larger than this is compared by digest only. */
const MAX_JSON_BYTES = 1024 * 1024;

interface Content {
  readonly artifactType: string;
  readonly layers: readonly {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    readonly title: string | null;
  }[];
}

/**
 * Compares what an environment runs with what it would return to: removed and retyped fields of JSON layers, removed
 * layers, another kind of artifact. What cannot be compared is said, and counts as risk.
 */
export async function analyseImpact(
  store: ArtifactStore,
  from: RawManifest,
  to: RawManifest,
  options: CallOptions,
): Promise<ImpactAnalysis> {
  const breaking: string[] = [];
  const recommendations: string[] = [];
  const before = contentOf(from);
  const after = contentOf(to);
  if (!before || !after) {
    return {
      breaking_changes: ["one of the two artifacts cannot be read, so nothing can be compared"],
      affected_products: [],
      recommendations: ["Inspect both artifacts by hand before you rely on the rollback."],
      risk: "BLOCKED",
    };
  }
  if (before.artifactType !== after.artifactType) {
    breaking.push(
      `the kind of artifact changes from ${before.artifactType} to ${after.artifactType}`,
    );
  }
  for (const layer of before.layers) {
    const name = layer.title ?? layer.mediaType;
    const match = after.layers.find(
      (candidate) => candidate.title === layer.title && candidate.mediaType === layer.mediaType,
    );
    if (!match) {
      breaking.push(`${name} is not in the version returned to`);
      continue;
    }
    if (match.digest === layer.digest || !isJson(layer.mediaType, layer.title)) continue;
    const changes = await compareJson(store, layer, match, options).catch((cause: unknown) => {
      options.signal.throwIfAborted();
      recommendations.push(`${name} could not be read (${messageOf(cause)}).`);
      return null;
    });
    if (changes) breaking.push(...changes.map((change) => `${name}: ${change}`));
    else recommendations.push(`${name} differs and is too large or not JSON: compare it by hand.`);
  }
  const kindChanged = before.artifactType !== after.artifactType;
  if (breaking.length > 0)
    recommendations.push("Tell the consumers of what is removed before they notice.");
  return {
    breaking_changes: breaking,
    affected_products: [],
    recommendations,
    risk: kindChanged
      ? "BLOCKED"
      : breaking.length > 0 || recommendations.length > 0
        ? "RISKY"
        : "SAFE",
  };
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function isJson(mediaType: string, title: string | null): boolean {
  return /[+/]json$/.test(mediaType) || title?.endsWith(".json") === true;
}

async function compareJson(
  store: ArtifactStore,
  from: Content["layers"][number],
  to: Content["layers"][number],
  options: CallOptions,
): Promise<string[] | null> {
  if (from.size > MAX_JSON_BYTES || to.size > MAX_JSON_BYTES) return null;
  const values: unknown[] = [];
  for (const { mediaType, digest, size } of [from, to]) {
    if (!isDigest(digest)) return null;
    const bytes = await store.getBlob(
      { mediaType, digest, size },
      { ...options, maxBytes: MAX_JSON_BYTES },
    );
    try {
      values.push(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    } catch {
      return null;
    }
  }
  return [...missing(values[0], values[1], "")];
}

function* missing(before: unknown, after: unknown, path: string): Generator<string> {
  if (typeOf(before) !== typeOf(after)) {
    yield `${path || "the document"} changes from ${typeOf(before)} to ${typeOf(after)}`;
    return;
  }
  if (typeOf(before) !== "object") return;
  const there = after as Record<string, unknown>;
  for (const [key, value] of Object.entries(before as Record<string, unknown>)) {
    const member = path === "" ? key : `${path}.${key}`;
    if (Object.hasOwn(there, key)) yield* missing(value, there[key], member);
    else yield `${member} is removed`;
  }
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function contentOf(raw: RawManifest): Content | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw.bytes));
  } catch {
    return null;
  }
  const { artifactType, config, layers, manifests } = (parsed ?? {}) as Record<string, unknown>;
  const items = Array.isArray(layers) ? layers : Array.isArray(manifests) ? manifests : null;
  if (!items) return null;
  const configType = (config as { mediaType?: unknown } | undefined)?.mediaType;
  return {
    artifactType: [
      artifactType,
      configType,
      raw.descriptor.mediaType,
      MEDIA_TYPES.ociManifest,
    ].find((type) => typeof type === "string") as string,
    layers: items.map((item: Record<string, unknown>) => ({
      mediaType: String(item["mediaType"]),
      digest: String(item["digest"]),
      size: Number(item["size"]),
      title: titleOf(item["annotations"]),
    })),
  };
}

function titleOf(annotations: unknown): string | null {
  const title = (annotations as Record<string, unknown> | undefined)?.[
    "org.opencontainers.image.title"
  ];
  return typeof title === "string" ? title : null;
}
