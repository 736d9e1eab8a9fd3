import { FloeError } from "@floe/core/errors";
import type { CallOptions } from "@floe/core/ports";
import type { RegistryAnswer, RegistryClient, RegistryRequest } from "./create-registry-client.ts";

/** The most pages of one list. */
const MAX_PAGES = 1000;

/**
 * Follows the pages of a list. Cursors are used as the registry gives them and never rebuilt; pages of another
 * origin and loops are refused.
 * @throws {FloeError} FLOE_REGISTRY_LIMIT_EXCEEDED - more than 1000 pages
 */
export async function* readPages(
  client: RegistryClient,
  first: RegistryRequest,
  options: CallOptions,
): AsyncGenerator<RegistryAnswer, void, undefined> {
  const seen = new Set<string>();
  let answer = await client.request(first, options);
  for (let page = 1; ; page += 1) {
    yield answer;
    const next = parseNextLink(answer.headers["link"]);
    if (answer.status !== 200 || next === null) return;
    const target = client.resolveTarget(next, answer.url, "next page", true);
    seen.add(answer.url.href);
    if (seen.has(target.href)) {
      throw new FloeError({
        code: "FLOE_REGISTRY_RESPONSE_INVALID",
        message: `${answer.label}: the pages of the list lead back to one that was read already`,
      });
    }
    if (page >= MAX_PAGES) {
      throw new FloeError({
        code: "FLOE_REGISTRY_LIMIT_EXCEEDED",
        message: `${answer.label}: the list has more than ${MAX_PAGES} pages`,
      });
    }
    answer = await client.request({ ...first, target, accept: [200] }, options);
  }
}

/** Finds the target of `rel="next"` in a `Link` header (RFC 8288); the quotes may be missing. */
export function parseNextLink(header: string | undefined): string | null {
  let rest = header ?? "";
  for (;;) {
    const start = rest.indexOf("<");
    const end = rest.indexOf(">", start);
    if (start < 0 || end < 0) return null;
    const target = rest.slice(start + 1, end);
    const following = rest.indexOf("<", end);
    const parameters = rest.slice(end + 1, following < 0 ? undefined : following);
    if (/;\s*rel\s*=\s*(?:next\b|"(?:[^"]*\s)?next(?:\s[^"]*)?")/i.test(parameters)) return target;
    rest = following < 0 ? "" : rest.slice(following);
  }
}
