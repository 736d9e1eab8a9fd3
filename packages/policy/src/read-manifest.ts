import { MEDIA_TYPES } from "@floe/core/model";
import { z } from "zod";

const descriptorSchema = z.object({
  mediaType: z.string().min(1),
  digest: z.string().min(1),
  size: z.int().nonnegative(),
  annotations: z.record(z.string(), z.string()).optional().catch(undefined),
});

const commonShape = {
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  artifactType: z.string().optional(),
};

const imageSchema = z.object({
  ...commonShape,
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
});

const indexSchema = z.object({ ...commonShape, manifests: z.array(descriptorSchema) });

/** The part of an image manifest that rules judge (image-spec, `manifest.md`). */
export type ImageManifest = z.output<typeof imageSchema> & { readonly kind: "image" };
/** The part of an image index that rules judge (image-spec, `image-index.md`). */
type ImageIndex = z.output<typeof indexSchema> & { readonly kind: "index" };

/** What reading a manifest came to. */
export type ManifestReading =
  | { readonly ok: true; readonly value: ImageManifest | ImageIndex }
  | { readonly ok: false; readonly problem: string };

/** The media types of manifests and indexes that floe promotes. */
export const MANIFEST_KINDS: ReadonlyMap<string, "image" | "index"> = new Map([
  [MEDIA_TYPES.ociManifest, "image"],
  [MEDIA_TYPES.dockerManifest, "image"],
  [MEDIA_TYPES.ociIndex, "index"],
  [MEDIA_TYPES.dockerIndex, "index"],
]);

/** The keys that decide what a manifest is; other spellings of them count for readers that ignore letter case. */
const DECISIVE = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "fsLayers",
  "manifests",
  "subject",
];

/** The keys of the outermost object of valid JSON, in order, with repetitions, which `JSON.parse` hides. */
function outermostKeys(json: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const match of json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/gs)) {
    const [token] = match;
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && match[1] !== undefined) {
      keys.push(String(JSON.parse(token.slice(0, -match[1].length))));
    }
  }
  return keys;
}

function ambiguity(json: string): string | null {
  const keys = outermostKeys(json);
  const repeated = keys.find((key, index) => keys.indexOf(key) !== index);
  if (repeated !== undefined) return `it has the key ${JSON.stringify(repeated)} twice`;
  const misspelt = keys.find(
    (key) =>
      !DECISIVE.includes(key) &&
      DECISIVE.some((known) => known.toLowerCase() === key.toLowerCase()),
  );
  if (misspelt !== undefined) {
    return `some readers take its key ${JSON.stringify(misspelt)} for another one`;
  }
  const imagePart = keys.find((key) => key === "config" || key === "layers" || key === "fsLayers");
  if (keys.includes("manifests") && imagePart !== undefined) {
    return `it has both "manifests" and ${JSON.stringify(imagePart)}, so it is an index to one reader and an image to another`;
  }
  return null;
}

/**
 * Reads a manifest as the kind that its media type says, and only if every other reader must read the same in it
 * (CVE-2021-41190).
 */
export function readManifest(bytes: Uint8Array, mediaType: string): ManifestReading {
  const kind = MANIFEST_KINDS.get(mediaType);
  if (kind === undefined) return { ok: false, problem: "its media type is not that of a manifest" };
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch {
    return { ok: false, problem: "it is not JSON in UTF-8" };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return { ok: false, problem: "it is not a JSON object" };
  }
  const problem = ambiguity(text);
  if (problem !== null) return { ok: false, problem };
  // Two or three manifests are read: compiling the schemas, as zod does otherwise, would not pay.
  const once = { jitless: true };
  const result =
    kind === "image" ? imageSchema.safeParse(json, once) : indexSchema.safeParse(json, once);
  if (!result.success) {
    const [issue] = result.error.issues;
    const where = issue?.path.join(".") || "the manifest";
    return { ok: false, problem: `${where}: ${issue?.message ?? "invalid"}` };
  }
  const value =
    "manifests" in result.data
      ? { ...result.data, kind: "index" as const }
      : { ...result.data, kind: "image" as const };
  return { ok: true, value };
}
