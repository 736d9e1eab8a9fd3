import type { ArtifactStore, CallOptions } from "../ports/index.ts";

/** A moment of this process, for {@link TagLists}. */
export type Moment = number;

/** Lists a repository's tags, and lets those who need nothing newer share one list. */
export interface TagLists {
  /**
   * Lists tags. With `since`, a list that was begun after that moment will do, whoever asked for it; without, the store is
   * asked anew.
   */
  list(
    options: CallOptions & { readonly prefix: string; readonly since?: Moment | undefined },
  ): Promise<readonly string[]>;
  /** All tags by a list that was begun after a moment, where there is one. */
  listedSince(since: Moment): readonly string[] | null;
}

/** Makes what names moments, each later than the one before, for several stores. */
export function createMoments(): () => Moment {
  let ticks = 0;
  return () => {
    ticks += 1;
    return ticks;
  };
}

/** Makes the tag lists of a store. */
export function createTagLists(
  store: Pick<ArtifactStore, "listTags">,
  moment: () => Moment,
): TagLists {
  let last: { readonly begun: Moment; readonly tags: Promise<readonly string[]> } | null = null;
  let known: { readonly begun: Moment; readonly tags: readonly string[] } | null = null;

  async function begin({ signal }: CallOptions): Promise<readonly string[]> {
    const begun = moment();
    const shared = { begun, tags: store.listTags({ signal }) };
    last = shared;
    try {
      const tags = await shared.tags;
      if (known === null || known.begun < begun) known = { begun, tags };
      return tags;
    } catch (cause) {
      // Whoever comes next asks for themselves.
      if (last === shared) last = null;
      throw cause;
    }
  }

  return {
    async list({ since, ...options }) {
      if (since === undefined) return await store.listTags(options);
      const tags = last !== null && last.begun > since ? await last.tags : await begin(options);
      return tags.filter((tag) => tag.startsWith(options.prefix));
    },
    listedSince: (since) => (known !== null && known.begun > since ? known.tags : null),
  };
}
