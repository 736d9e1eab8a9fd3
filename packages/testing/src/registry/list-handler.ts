import { isDigest, MEDIA_TYPES } from "@floe/core/model";
import {
  answer,
  type Decision,
  errorAnswer,
  jsonAnswer,
  type RegistryRequest,
  reply,
} from "./answer.ts";
import type { RegistryContext } from "./registry-context.ts";
import { referrersOf } from "./repository-state.ts";

/** Handles `GET /v2/<name>/tags/list` (distribution-spec end-8). */
export function handleTags(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
): Decision {
  const state = context.repositories.get(name);
  if (state === undefined) {
    return reply(errorAnswer(404, "NAME_UNKNOWN", "repository name not known to registry"));
  }
  const { tagList, tagPageSize, tagLinks } = context.settings();
  if (tagList === "unsorted") return reply(jsonAnswer(200, { name, tags: [...state.tags.keys()] }));
  const last = request.query.get("last");
  const asked = request.query.get("n");
  const size = Math.min(
    asked === null ? Number.POSITIVE_INFINITY : Number(asked),
    tagPageSize ?? Number.POSITIVE_INFINITY,
  );
  const sorted = [...state.tags.keys()].sort().filter((tag) => last === null || tag > last);
  const page = sorted.slice(0, size);
  const end = page.at(-1);
  const next =
    tagLinks && page.length < sorted.length && end !== undefined
      ? {
          link: `</v2/${name}/tags/list?n=${page.length}&last=${encodeURIComponent(end)}>; rel="next"`,
        }
      : {};
  return reply(jsonAnswer(200, { name, tags: page }, next as Record<string, string>));
}

/** Handles `GET /v2/<name>/referrers/<digest>` (distribution-spec end-12). */
export function handleReferrers(
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  digest: string,
): Decision {
  const { referrers, referrersPageSize } = context.settings();
  if (!referrers) {
    return reply(answer(404, { "content-type": "text/plain" }, "404 page not found\n"));
  }
  if (!isDigest(digest)) return reply(errorAnswer(400, "DIGEST_INVALID", "not a digest"));
  const state = context.repositories.get(name);
  const artifactType = request.query.get("artifactType");
  const all = (state === undefined ? [] : referrersOf(state, digest)).filter(
    (one) => artifactType === null || one.artifactType === artifactType,
  );
  const from = Number(request.query.get("page") ?? 0);
  const to = from + (referrersPageSize ?? all.length);
  const headers: Record<string, string> = { "content-type": MEDIA_TYPES.ociIndex };
  if (artifactType !== null) headers["oci-filters-applied"] = "artifactType";
  if (to < all.length) {
    const query = new URLSearchParams(request.query);
    query.set("page", String(to));
    headers["link"] = `</v2/${name}/referrers/${digest}?${query.toString()}>; rel="next"`;
  }
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: all.slice(from, to),
  };
  return reply(jsonAnswer(200, index, headers));
}
