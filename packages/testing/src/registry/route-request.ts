import { type Decision, errorAnswer, jsonAnswer, type RegistryRequest, reply } from "./answer.ts";
import { handleBlob, handleUpload, handleUploadStart } from "./blob-handler.ts";
import { handleReferrers, handleTags } from "./list-handler.ts";
import { handleManifest } from "./manifest-handler.ts";
import type { RegistryContext } from "./registry-context.ts";
import type { TokenService } from "./token-service.ts";

const NAME = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*";
const MANIFEST = new RegExp(`^/v2/(${NAME})/manifests/([^/]+)$`);
const UPLOAD_START = new RegExp(`^/v2/(${NAME})/blobs/uploads/?$`);
const UPLOAD = new RegExp(`^/v2/(${NAME})/blobs/uploads/([^/]+)$`);
const BLOB = new RegExp(`^/v2/(${NAME})/blobs/([^/]+)$`);
const TAGS = new RegExp(`^/v2/(${NAME})/tags/list$`);
const REFERRERS = new RegExp(`^/v2/(${NAME})/referrers/([^/]+)$`);

type Handler = (
  context: RegistryContext,
  request: RegistryRequest,
  name: string,
  reference: string,
) => Decision;

const ROUTES: readonly (readonly [RegExp, Handler])[] = [
  [MANIFEST, handleManifest],
  [UPLOAD_START, handleUploadStart],
  [UPLOAD, handleUpload],
  [BLOB, handleBlob],
  [TAGS, handleTags],
  [REFERRERS, handleReferrers],
];

/** Finds the handler of a request and lets it decide. */
export function routeRequest(
  context: RegistryContext,
  tokens: TokenService,
  request: RegistryRequest,
): Decision {
  if (request.path === "/token") return reply(tokens.token(request));
  if (request.path === "/oauth2/exchange") return reply(tokens.exchange(request));
  if (request.path === "/v2/" || request.path === "/v2") {
    return reply(tokens.refuse(request, null) ?? jsonAnswer(200, {}));
  }
  for (const [pattern, handle] of ROUTES) {
    const match = pattern.exec(request.path);
    if (match === null) continue;
    const name = match[1] ?? "";
    const refused = tokens.refuse(request, name);
    if (refused !== null) return reply(refused);
    return handle(context, request, name, match[2] ?? "");
  }
  return reply(errorAnswer(404, "NAME_INVALID", "no such route"));
}
