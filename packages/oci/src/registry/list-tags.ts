import { FloeError } from "@floe/core/errors";
import { isTag } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import type { RegistryAnswer, RegistryClient } from "./create-registry-client.ts";
import { parseObject } from "./manifest-json.ts";
import { readPages } from "./read-pages.ts";

/** As many as every registry gives in one page; Amazon ECR takes no more. */
const PAGE_SIZE = 1000;
const MAX_TAGS = 1_000_000;

/**
 * Lists the tags of a repository, each once (distribution-spec, "Listing Tags"). Pages are followed by the registry's
 * own links. A full page without any link is not believed to be all: `crane registry serve` cuts its list and
 * does not say so.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than a million tags
 */
export async function listTags(
  client: RegistryClient,
  { signal, prefix }: CallOptions & { readonly prefix: string },
): Promise<string[]> {
  const seen = new Set<string>();
  // No `last` to skip what stands before the prefix: registries differ in how they sort, and some do not.
  let target = `tags/list?n=${PAGE_SIZE}`;
  let accept: readonly number[] = [200, 404];
  for (;;) {
    const before = seen.size;
    let page: readonly string[] = [];
    let pages = 0;
    const first = { method: "GET", target, access: "pull", accept } as const;
    for await (const answer of readPages(client, first, { signal })) {
      page = readPage(answer, before > 0);
      pages += 1;
      for (const tag of page) seen.add(tag);
      if (seen.size > MAX_TAGS) throw tooMany(answer);
    }
    const last = page.at(-1);
    // A registry that links its pages links all of them.
    if (pages > 1 || page.length !== PAGE_SIZE || last === undefined) break;
    // Nothing new: the registry does not know `last` and gave the same once more.
    if (seen.size === before) break;
    target = `tags/list?n=${PAGE_SIZE}&last=${encodeURIComponent(last)}`;
    // Amazon ECR Public refuses cursors that it did not make.
    accept = [200, 400, 404, 405];
  }
  return [...seen].filter((tag) => tag.startsWith(prefix) && isTag(tag));
}

function readPage(answer: RegistryAnswer, isGuess: boolean): readonly string[] {
  if (answer.status !== 200 && isGuess) return [];
  const json = parseObject(answer.body, answer.label);
  // Only a registry's own 404 says that there is no such repository yet.
  if (answer.status === 404 && Array.isArray(json["errors"])) return [];
  const { tags } = json;
  if (tags === null || tags === undefined) return [];
  if (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")) return tags;
  throw new FloeError({
    code: "FLOE_REGISTRY_RESPONSE_INVALID",
    message: `${answer.label}: the answer is not a list of tags`,
  });
}

function tooMany({ label }: RegistryAnswer): FloeError {
  return new FloeError({
    code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
    message: `${label}: more than ${MAX_TAGS} tags`,
  });
}
