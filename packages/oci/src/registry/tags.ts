import { FloeError, isFloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, isTag } from "@floe/core/model";
import type { ArtifactStore, CallOptions, CreateTagResult, ManifestInput } from "@floe/core/ports";
import { mayMeanTaken, saysImmutable } from "./answer-error.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import { parseObject } from "./manifest-json.ts";
import { describeManifest, type Manifests } from "./manifests.ts";
import { readPages } from "./read-pages.ts";

/** As many as every registry gives in one page; Amazon ECR takes no more. */
const PAGE_SIZE = 1000;
const MAX_TAGS = 1_000_000;

/** What {@link Tags.create} came to, with what the registry said about the subject. */
type CreateTagOutcome = CreateTagResult & { readonly subject: string | null };

/** Writes and lists tags. */
export interface Tags {
  create(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly contentNamed?: boolean },
  ): Promise<CreateTagOutcome>;
  readonly move: ArtifactStore["moveTag"];
  readonly list: ArtifactStore["listTags"];
  readonly delete: ArtifactStore["deleteTag"];
}

/**
 * Makes the tag requests of a repository. No registry guards a tag by itself: what is written is looked at before
 * and after, which finds a rival but cannot stop one.
 */
export function createTags(client: RegistryClient, manifests: Manifests): Tags {
  async function create(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly contentNamed?: boolean },
  ): Promise<CreateTagOutcome> {
    checkTag(tag);
    const { contentNamed = false } = options;
    const mine = describeManifest(manifest);
    if (!contentNamed) {
      const held = await manifests.resolve(tag, options);
      if (held !== null) return judge(held, mine, "unchanged");
    }
    const outcome = await client.retry(options.signal, async (attempt) => {
      if (attempt > 1 && !contentNamed) {
        // The answer was lost or bad: did it land?
        const held = await manifests.resolveOnce(tag, options);
        if (held !== null) return judge(held, mine, "created");
      }
      try {
        const { subject } = await manifests.putOnce(tag, manifest, options);
        return { status: "created", descriptor: mine, subject } as const;
      } catch (error) {
        if (!isFloeError(error) || !mayMeanTaken(error)) throw error;
        const held = await manifests.resolveOnce(tag, options);
        if (held === null) throw error;
        return judge(held, mine, attempt > 1 ? "created" : "unchanged");
      }
    });
    if (outcome.status !== "created" || contentNamed) return outcome;
    const after = await manifests.resolve(tag, options);
    if (after === null) throw gone(tag, client);
    return after.digest === mine.digest ? outcome : judge(after, mine, "created");
  }

  return {
    create,

    async move(tag, manifest, options) {
      checkTag(tag);
      const { expect, signal } = options;
      const mine = describeManifest(manifest);
      const before = await manifests.resolve(tag, { signal });
      const previous = before?.digest ?? null;
      if (expect !== undefined && previous !== expect) throw moved(tag, expect, previous);
      if (previous === mine.digest) return { status: "unchanged", previous };
      await client.retry(signal, async (attempt) => {
        if (attempt > 1) {
          const held = (await manifests.resolveOnce(tag, { signal }))?.digest ?? null;
          if (held === mine.digest) return;
          if (held !== previous) throw moved(tag, previous, held);
        }
        try {
          await manifests.putOnce(tag, manifest, { signal });
        } catch (error) {
          throw isFloeError(error) && saysImmutable(error) ? immutable(tag, error) : error;
        }
      });
      const after = (await manifests.resolve(tag, { signal }))?.digest ?? null;
      if (after !== mine.digest) throw moved(tag, mine.digest, after);
      return { status: "moved", previous };
    },

    async list({ signal, prefix = "" }) {
      const tags = new Set<string>();
      // No `last` to skip what stands before the prefix: registries differ in how they sort, and some do not.
      const target = `tags/list?n=${PAGE_SIZE}`;
      const first = { method: "GET", target, access: "pull", accept: [200, 404] } as const;
      for await (const page of readPages(client, first, { signal })) {
        const json = parseObject(page.body, page.label);
        // Only a registry's own 404 says that there is no such repository yet.
        if (page.status === 404 && Array.isArray(json["errors"])) return [];
        for (const tag of readTags(json["tags"], page.label)) {
          if (tag.startsWith(prefix) && isTag(tag)) tags.add(tag);
        }
        if (tags.size > MAX_TAGS) {
          throw new FloeError({
            code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
            message: `${page.label}: more than ${MAX_TAGS} tags`,
          });
        }
      }
      return [...tags];
    },

    async delete(tag, { signal }) {
      checkTag(tag);
      const target = `manifests/${tag}`;
      try {
        await client.request(
          { method: "DELETE", target, access: "delete", accept: [200, 202, 204, 404] },
          { signal },
        );
      } catch (error) {
        throw isFloeError(error) && saysImmutable(error) ? immutable(tag, error) : error;
      }
    },
  };
}

function judge(
  held: Descriptor,
  mine: Descriptor,
  same: "created" | "unchanged",
): CreateTagOutcome {
  return held.digest === mine.digest
    ? { status: same, descriptor: mine, subject: null }
    : { status: "taken", digest: held.digest, subject: null };
}

function readTags(value: unknown, label: string): readonly string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value) && value.every((tag) => typeof tag === "string")) return value;
  throw new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${label}: the answer is not a list of tags`,
  });
}

function checkTag(tag: string): void {
  if (isTag(tag)) return;
  throw new FloeError({
    code: "FLOE_TAG_INVALID",
    message: `${JSON.stringify(tag.slice(0, 200))} is not a tag`,
  });
}

function moved(tag: string, wanted: Digest | null, holds: Digest | null): FloeError {
  return new FloeError({
    code: "FLOE_TAG_MOVED",
    message: `the tag ${tag} holds ${holds ?? "nothing"}, not ${wanted ?? "nothing"}`,
    hint: "Somebody else moved it. Look at who writes to this repository besides floe.",
    details: { tag, expected: wanted, found: holds },
  });
}

function immutable(tag: string, cause: FloeError): FloeError {
  return new FloeError({
    code: "FLOE_TAG_IMMUTABLE",
    message: `the registry does not let the tag ${tag} be changed: ${cause.message}`,
    hint: "Exclude latest-* and sha256-* from the registry's rule for immutable tags.",
    cause,
  });
}

function gone(tag: string, client: RegistryClient): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${client.location.name} accepted the tag ${tag} and does not have it`,
    hint: "Something removes tags as they are written, or reads go to a copy that lags behind.",
  });
}
