import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { COMPILED_MEDIA_TYPE } from "../spec/compiled-media-type.ts";
import { type FieldChange, jsonChanges } from "./json-changes.ts";
import type { Part } from "./read-content.ts";

/** JSON larger than this is compared by digest only. */
const MAX_JSON_BYTES = 4 * 1024 * 1024;

/** A part that differs, or that only one of the two has. */
export interface PartChange {
  readonly name: string;
  readonly mediaType: string;
  readonly change: "added" | "removed" | "changed";
  readonly from: Part | null;
  readonly to: Part | null;
  /** What differs in two JSON documents; `null`: it is not JSON, or could not be compared. */
  readonly fields: readonly FieldChange[] | null;
}

/** A store and what is read from it. */
export interface PartSource {
  readonly store: ArtifactStore;
  readonly parts: readonly Part[];
}

/**
 * Compares the parts of two artifacts. Parts with a name are the same by their name; those without, as the layers of images,
 * by their content first and then by their order. `notCompared` gets what could not be looked into.
 */
export async function compareParts(
  from: PartSource,
  to: PartSource,
  notCompared: (what: string) => void,
  options: CallOptions,
): Promise<PartChange[]> {
  const changes: PartChange[] = [];
  for (const [one, two] of pairs(from.parts, to.parts)) {
    if (one?.digest === two?.digest) continue;
    const { name, mediaType } = (one ?? two) as Part;
    const change = !one ? "added" : two ? "changed" : "removed";
    const fields =
      one && two && isJson(one) && isJson(two)
        ? await compareJson(from.store, one, to.store, two, notCompared, options)
        : null;
    changes.push({ name, mediaType, change, from: one, to: two, fields });
  }
  return changes;
}

function* pairs(
  from: readonly Part[],
  to: readonly Part[],
): Generator<readonly [Part | null, Part | null]> {
  const left = new Set(to);
  const take = (matches: (part: Part) => boolean): Part | null => {
    for (const part of left)
      if (matches(part)) {
        left.delete(part);
        return part;
      }
    return null;
  };
  const without: Part[] = [];
  for (const part of from) {
    const same = take((other) => other.digest === part.digest && other.title === part.title);
    if (!same) without.push(part);
  }
  for (const part of without)
    yield [part, take((other) => other.title === part.title && other.mediaType === part.mediaType)];
  for (const part of left) yield [null, part];
}

// Of what an index lists the digests say enough, and a compiled artifact is compared component by component.
function isJson({ mediaType, title }: Part): boolean {
  if (mediaType === COMPILED_MEDIA_TYPE || /manifest|index/.test(mediaType)) return false;
  return /[+/]json$/.test(mediaType) || title?.endsWith(".json") === true;
}

async function compareJson(
  fromStore: ArtifactStore,
  from: Part,
  toStore: ArtifactStore,
  to: Part,
  notCompared: (what: string) => void,
  options: CallOptions,
): Promise<FieldChange[] | null> {
  const capped = { ...options, maxBytes: MAX_JSON_BYTES };
  const one = await readJson(fromStore, from, capped);
  const two = await readJson(toStore, to, capped);
  if ("value" in one && "value" in two) return jsonChanges(one.value, two.value);
  const problem = "problem" in one ? one.problem : "problem" in two ? two.problem : "";
  notCompared(`${from.name} differs and ${problem}: compare it by hand.`);
  return null;
}

/** Reads a part as JSON; what keeps it from being read is an answer. */
export async function readJson(
  store: ArtifactStore,
  { mediaType, digest, size }: Part,
  options: CallOptions & { readonly maxBytes: number },
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  const { maxBytes } = options;
  if (size > maxBytes) return { problem: `has ${size} bytes, more than ${maxBytes}` };
  try {
    const bytes = await store.getBlob({ mediaType, digest, size }, options);
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch (cause) {
    options.signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    return { problem: `could not be read (${why})` };
  }
}
