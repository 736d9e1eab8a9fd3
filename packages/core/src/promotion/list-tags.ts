import { isFloeError } from "../errors/index.ts";
import { classifyTag } from "../model/tag.ts";
import type { ArtifactStore, CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "./context.ts";
import { selectEnvironments } from "./environments.ts";
import type { Ledgers } from "./ledgers.ts";
import { readViewOrError } from "./read-view-or-error.ts";
import { parseVersionArgument, tagRules } from "./resolve-artifact.ts";

/** What `floe platform list` asks for. */
export interface ListTagsRequest {
  readonly environment?: string | undefined;
  readonly version?: string | undefined;
}

/** A tag of an environment. */
export interface EnvironmentTag {
  readonly environment: string;
  readonly tag: string;
  readonly kind: "latest" | "environment" | "rollback";
  /** Of the latest tag, what the environment runs by its ledger; `null`: nothing, or the ledger cannot be believed. */
  readonly version: string | null;
  /** Whether the environment runs it now, by its ledger. */
  readonly current: boolean;
}

const ORDER = { latest: 0, environment: 1, rollback: 2 } as const;

/** Lists the tags of environments, in the order of the path, newest version first. floe's own tags are none of them. */
export async function listTags(
  request: ListTagsRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<EnvironmentTag[]> {
  const { manifest } = context;
  const environments = selectEnvironments(manifest, request.environment);
  const version =
    request.version === undefined ? null : parseVersionArgument(request.version, manifest).version;
  const rules = tagRules(manifest);
  const listed = new Map<ArtifactStore, Promise<string[]>>();
  const tagsOf = async (store: ArtifactStore): Promise<string[]> => {
    const list = listed.get(store) ?? store.listTags(options);
    listed.set(store, list);
    return await list;
  };
  const lists = environments.map(async (environment): Promise<EnvironmentTag[]> => {
    const read = await readViewOrError(ledgers.of(environment), options);
    const current = isFloeError(read) ? null : (read?.state.current ?? null);
    const tags = await tagsOf(at(context, environment).store);
    return tags.flatMap((tag): EnvironmentTag[] => {
      const known = classifyTag(tag, rules);
      if (!("environment" in known) || known.environment !== environment.name) return [];
      const { kind } = known;
      const of = known.kind === "latest" ? (current?.version ?? null) : known.version;
      if (version !== null && of !== version) return [];
      return [
        {
          environment: environment.name,
          tag,
          kind,
          version: of,
          current: kind !== "rollback" && current !== null && of === current.version,
        },
      ];
    });
  });
  return (await Promise.all(lists)).flatMap((list) => list.sort(newestFirst));
}

function newestFirst(a: EnvironmentTag, b: EnvironmentTag): number {
  const latest = Number(b.kind === "latest") - Number(a.kind === "latest");
  const natural = { numeric: true } as const;
  return (
    latest ||
    (b.version ?? "").localeCompare(a.version ?? "", "en", natural) ||
    ORDER[a.kind] - ORDER[b.kind] ||
    a.tag.localeCompare(b.tag, "en", natural)
  );
}
