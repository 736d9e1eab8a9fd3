import { FloeError, isFloeError } from "@floe/core/errors";
import { type Descriptor, type Digest, isTag } from "@floe/core/model";
import type { ArtifactStore, CallOptions, CreateTagResult, ManifestInput } from "@floe/core/ports";
import { mayMeanTaken, saysImmutable } from "./answer-error.ts";
import type { RegistryClient } from "./create-registry-client.ts";
import { listTags } from "./list-tags.ts";
import { describeManifest, type Manifests } from "./manifests.ts";
import { refuseDeletion } from "./refuse-deletion.ts";

/** What {@link Tags.create} came to, with what the registry said about the subject. */
type CreateTagOutcome = CreateTagResult & { readonly subject: string | null };

/** Writes and lists tags. */
export interface Tags {
  create(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly contentNamed?: boolean; readonly exclusive?: boolean },
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
  /** Writes; where nobody knows in the end whether it landed, what the tag holds decides. `null`: it does not. */
  async function settle<Result>(
    tag: string,
    signal: AbortSignal,
    write: (attempt: number) => Promise<Result>,
    decide: (held: Descriptor) => Result | null,
  ): Promise<Result> {
    try {
      return await client.retry(signal, write);
    } catch (error) {
      if (signal.aborted || !isAmbiguous(error)) throw error;
      const held = await lookAfter(manifests.resolveOnce, { tag, error, signal });
      const settled = held === null ? null : decide(held);
      if (settled === null) throw error;
      return settled;
    }
  }

  async function create(
    tag: string,
    manifest: ManifestInput,
    options: CallOptions & { readonly contentNamed?: boolean; readonly exclusive?: boolean },
  ): Promise<CreateTagOutcome> {
    checkTag(tag);
    const { contentNamed = false, exclusive = false } = options;
    const mine = describeManifest(manifest);
    if (!contentNamed) {
      const held = await manifests.resolve(tag, options);
      if (held !== null) return judge(held, mine, "unchanged");
    }
    const write = async (attempt: number): Promise<CreateTagOutcome> => {
      if (attempt > 1 && !contentNamed) {
        // The answer was lost or bad: did it land?
        const held = await manifests.resolveOnce(tag, options);
        if (held !== null) return judge(held, mine, "created");
      }
      try {
        const { subject } = await manifests.putOnce(tag, manifest, options);
        return { status: "created", descriptor: mine, subject };
      } catch (error) {
        if (!isFloeError(error) || !mayMeanTaken(error)) throw error;
        // Amazon ECR refuses the same digest, too.
        const { signal } = options;
        const held = await lookAfter(manifests.resolve, { tag, error, signal });
        if (held === null) throw saysImmutable(error) ? immutable(tag, error) : error;
        return judge(held, mine, attempt > 1 ? "created" : "unchanged");
      }
    };
    const outcome = await settle(tag, options.signal, write, (held) =>
      judge(held, mine, "created"),
    );
    if (outcome.status !== "created" || contentNamed || exclusive) return outcome;
    const after = await manifests.resolve(tag, options);
    if (after === null) throw gone(tag, client);
    return after.digest === mine.digest ? outcome : judge(after, mine, "created");
  }

  return {
    create,

    async move(tag, manifest, options) {
      checkTag(tag);
      const { expect, signal, exclusive = false } = options;
      const mine = describeManifest(manifest);
      const seen = exclusive && expect !== undefined && expect !== mine.digest;
      const previous = seen ? expect : ((await manifests.resolve(tag, { signal }))?.digest ?? null);
      // Where it should be comes first: a rival who finishes the same work is no trouble.
      if (previous === mine.digest) return { status: "unchanged", previous };
      if (expect !== undefined && previous !== expect) throw moved(tag, expect, previous);
      const isMine = (held: Descriptor | null) => (held?.digest === mine.digest ? true : null);
      const write = async (attempt: number): Promise<true> => {
        if (attempt > 1) {
          const held = (await manifests.resolveOnce(tag, { signal }))?.digest ?? null;
          if (held === mine.digest) return true;
          if (held !== previous) throw moved(tag, previous, held);
        }
        try {
          await manifests.putOnce(tag, manifest, { signal });
          return true;
        } catch (error) {
          if (!isFloeError(error) || !saysImmutable(error)) throw error;
          const held = await lookAfter(manifests.resolve, { tag, error, signal });
          if (isMine(held) === null) throw immutable(tag, error);
          return true;
        }
      };
      await settle(tag, signal, write, isMine);
      const after = (await manifests.resolve(tag, { signal }))?.digest ?? null;
      if (after !== mine.digest) throw moved(tag, mine.digest, after);
      return { status: "moved", previous };
    },

    list: ({ signal, prefix = "" }) => listTags(client, { signal, prefix }),

    async delete(tag, { signal }) {
      checkTag(tag);
      const target = `manifests/${tag}`;
      try {
        await client.request(
          { method: "DELETE", target, access: "delete", accept: [200, 202, 204, 404] },
          { signal },
        );
      } catch (error) {
        throw refuseDeletion(`the tag ${tag}`, error);
      }
    },
  };
}

/** Looks at a tag after trouble; trouble with looking is of less interest than the first. */
async function lookAfter(
  resolve: Manifests["resolve"],
  { tag, error, signal }: { readonly tag: string; readonly error: unknown } & CallOptions,
): Promise<Descriptor | null> {
  try {
    return await resolve(tag, { signal });
  } catch (second) {
    throw signal.aborted ? second : error;
  }
}

/** Says whether a write that failed may have been done all the same. */
function isAmbiguous(error: unknown): boolean {
  return (
    isFloeError(error) && error.details?.["retryable"] === true && error.details["status"] !== 429
  );
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
