import { type ArtifactStore, FloeError, isFloeError } from "@floe/core";
import { classifyTag, type Digest, isDigest, MEDIA_TYPES, type TagRules } from "@floe/core/model";
import { type ArtifactTarget, fetchManifest, isReserved } from "./open-artifact.ts";
import { readArtifact } from "./read-artifact.ts";

const WIDTH = 8;
const MAX_NAMED = 10;

/** What a deletion would do. */
export interface Deletion {
  readonly digest: Digest;
  /** The tag to take away while the manifest stays for others; `null`: the manifest goes, with all its tags. */
  readonly onlyTag: string | null;
  /** Tags that go. */
  readonly tags: readonly string[];
  /** Tags that hold the same digest and stay. */
  readonly kept: readonly string[];
  /** Tags of indexes that name the digest. */
  readonly partOf: readonly string[];
  /** How many manifests are attached to it. */
  readonly referrers: number;
}

/**
 * Finds out what deleting a target would take along, and refuses what promotions rely on. A tag goes alone where others
 * hold its digest; otherwise the manifest goes with it.
 * @throws {FloeError} FLOE_ARTIFACT_NOT_FOUND - no such tag or digest
 * @throws {FloeError} FLOE_TAG_RESERVED - the tag, or one that holds the digest, belongs to promotions or to floe
 */
export async function planDeletion(
  target: ArtifactTarget,
  { signal }: { readonly signal: AbortSignal },
): Promise<Deletion> {
  const { store, reference } = target;
  const { digest } = (await fetchManifest(target, signal)).descriptor;
  const tags = await store.listTags({ signal });
  const rules = withLedgers(target.rules, tags);
  const tag = reference === null || isDigest(reference) ? null : reference;
  const reserved = (name: string): boolean => isReserved(classifyTag(name, rules).kind);
  if (tag !== null && reserved(tag)) throw held(`${tag} is a tag of promotions or of floe`, [tag]);
  const found = await holders(store, tags, digest, { signal, rules });
  const protectedBy = [...found.same, ...found.indexes].filter(reserved);
  if (protectedBy.length > 0) throw held(`${digest} is held by ${named(protectedBy)}`, protectedBy);
  const others = found.same.filter((name) => name !== tag);
  const alone = tag === null || others.length === 0;
  return {
    digest,
    onlyTag: alone ? null : tag,
    tags: alone ? found.same : [tag],
    kept: alone ? [] : others,
    partOf: found.indexes,
    referrers: (await store.referrers(digest, { signal })).length,
  };
}

/**
 * Deletes what was planned; `false` when somebody else had done it.
 * @throws {FloeError} FLOE_REGISTRY_UNSUPPORTED - the registry deletes nothing, or no tag without its manifest
 */
export async function deleteArtifact(
  store: ArtifactStore,
  deletion: Deletion,
  { signal }: { readonly signal: AbortSignal },
): Promise<boolean> {
  const { digest, onlyTag, kept } = deletion;
  if (onlyTag === null) {
    if (store.deleteManifest) return await store.deleteManifest(digest, { signal });
    throw new FloeError({
      code: "FLOE_REGISTRY_UNSUPPORTED",
      message: `${store.repository} does not let manifests be deleted`,
    });
  }
  try {
    await store.deleteTag(onlyTag, { signal });
    return true;
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_REGISTRY_UNSUPPORTED")) throw cause;
    throw new FloeError({
      code: "FLOE_REGISTRY_UNSUPPORTED",
      message: `the registry deletes no tag without its manifest, and ${named(kept)} ${kept.length === 1 ? "holds" : "hold"} the same one`,
      hint: `To delete all of them: floe artifact delete ${digest}`,
      details: { digest, tags: [...kept] },
      cause,
    });
  }
}

/** Says in one sentence what will be gone. */
export function describeDeletion(deletion: Deletion, repository: string): string {
  const { digest, onlyTag, tags, kept, partOf, referrers } = deletion;
  if (onlyTag !== null)
    return `Delete the tag ${onlyTag} of ${repository}? Its digest ${digest} stays, for ${named(kept)}.`;
  const notes = [
    ...(tags.length === 0
      ? []
      : [`with ${tags.length === 1 ? "its tag" : "its tags"} ${named(tags)}`]),
    ...(partOf.length === 0 ? [] : [`which the index ${named(partOf)} needs`]),
    ...(referrers === 0 ? [] : [`${referrers} attached to it will hang on nothing`]),
  ];
  return `Delete ${digest} of ${repository}${notes.map((note) => `, ${note}`).join("")}?`;
}

/** Without a manifest, the ledgers in the repository say which environments there are. */
function withLedgers(rules: TagRules, tags: readonly string[]): TagRules {
  const ledgers = tags.flatMap((tag) => /^floe-ledger\.(.+)$/.exec(tag)?.[1] ?? []);
  return { ...rules, environments: [...new Set([...rules.environments, ...ledgers])] };
}

/** Finds the tags that hold a digest, and those of indexes that name it. */
async function holders(
  store: ArtifactStore,
  tags: readonly string[],
  digest: Digest,
  { signal, rules }: { readonly signal: AbortSignal; readonly rules: TagRules },
): Promise<{ readonly same: string[]; readonly indexes: string[] }> {
  const same: string[] = [];
  const indexes = new Map<Digest, string[]>();
  const queue = tags.values();
  async function work(): Promise<void> {
    for (const tag of queue) {
      const found = await store.resolve(tag, { signal });
      if (found === null) continue;
      if (found.digest === digest) same.push(tag);
      const { mediaType } = found;
      const isIndex = mediaType === MEDIA_TYPES.ociIndex || mediaType === MEDIA_TYPES.dockerIndex;
      // A list of referrers is an index, too, and needs none of them.
      if (isIndex && classifyTag(tag, rules).kind !== "floe")
        indexes.set(found.digest, [...(indexes.get(found.digest) ?? []), tag]);
    }
  }
  await Promise.all(Array.from({ length: WIDTH }, work));
  const naming: string[] = [];
  for (const [index, tagsOf] of indexes) {
    const raw = await store.getManifest(index, { signal });
    if (raw && readArtifact(raw).manifests.some((child) => child.digest === digest))
      naming.push(...tagsOf);
  }
  return { same: same.sort(), indexes: naming.sort() };
}

function held(message: string, tags: readonly string[]): FloeError {
  return new FloeError({
    code: "FLOE_TAG_RESERVED",
    message: `${message}; what environments run, and what proves it, is not deleted`,
    hint: "Nothing was deleted. Promoted versions stay for rollbacks and for the audit.",
    details: { tags },
  });
}

function named(tags: readonly string[]): string {
  const rest = tags.length - MAX_NAMED;
  return `${tags.slice(0, MAX_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
