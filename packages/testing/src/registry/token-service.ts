import { randomUUID } from "node:crypto";
import { type Answer, errorAnswer, jsonAnswer, type RegistryRequest } from "./answer.ts";
import type { RegistryContext } from "./registry-context.ts";

/** Decides who may do what, and hands out tokens. */
export interface TokenService {
  /** `null`: allowed. Otherwise the 401 with its challenge. */
  refuse(request: RegistryRequest, name: string | null): Answer | null;
  /** Handles `/token`: the docker token endpoint (GET) and its oauth2 form (POST). */
  token(request: RegistryRequest): Answer;
  /** Handles `/oauth2/exchange`: Azure's way from an access token of the cloud to a refresh token of the registry. */
  exchange(request: RegistryRequest): Answer;
  /** A header value that is accepted for everything, or `null` if the registry asks for none. */
  masterAuthorization(): string | null;
  /** Forgets every token that was handed out. */
  revoke(): void;
}

interface Grant {
  readonly scopes: ReadonlySet<string>;
  readonly expiresAt: number;
}

const EVERYTHING = "*";

/** Makes the token service of a registry. */
export function createTokenService(context: RegistryContext): TokenService {
  let grants = new Map<string, Grant>();

  const basic = (username: string, password: string) =>
    `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

  function issue(scopes: ReadonlySet<string>, seconds: number): string {
    const token = `tok-${randomUUID()}`;
    const expiresAt = context.settings().now().getTime() + seconds * 1000;
    grants.set(token, { scopes, expiresAt });
    return token;
  }

  function isGranted(header: string, needed: readonly string[]): boolean {
    const grant = grants.get(header.replace(/^Bearer /i, ""));
    if (grant === undefined || grant.expiresAt <= context.settings().now().getTime()) return false;
    return needed.every((one) => grant.scopes.has(EVERYTHING) || grant.scopes.has(one));
  }

  return {
    refuse(request, name) {
      const { auth } = context.settings();
      if (auth === null) return null;
      const header = String(request.headers["authorization"] ?? "");
      if (auth.kind === "basic") {
        if (header === basic(auth.username, auth.password)) return null;
        return errorAnswer(401, "UNAUTHORIZED", "authentication required", {
          "www-authenticate": 'Basic realm="floe test registry"',
        });
      }
      const action = actionOf(request.method);
      // Whoever mounts a blob reads the repository that it comes from.
      const from = name === null ? null : request.query.get("from");
      const needed = name === null ? [] : [`${name}:${action}`];
      if (from !== null) needed.push(`${from}:pull`);
      if (isGranted(header, needed)) return null;
      const actions = action === "pull" ? "pull" : `pull,${action}`;
      const scope = `repository:${name}:${actions}${from === null ? "" : ` repository:${from}:pull`}`;
      const realm = auth.realm ?? `${context.origin()}/token`;
      return errorAnswer(401, "UNAUTHORIZED", "authentication required", {
        "www-authenticate": `Bearer realm="${realm}",service="floe-test"${
          name === null ? "" : `,scope="${scope}"`
        }${header === "" ? "" : ',error="insufficient_scope"'}`,
      });
    },

    token(request) {
      const { auth } = context.settings();
      if (auth?.kind !== "bearer") return errorAnswer(404, "UNSUPPORTED", "no token service");
      if (request.method === "POST" && auth.withoutPost !== undefined)
        return errorAnswer(auth.withoutPost, "UNSUPPORTED", "no such form");
      const form = request.method === "POST" ? formOf(request) : request.query;
      const header = String(request.headers["authorization"] ?? "");
      const known =
        header === basic(auth.username, auth.password) ||
        (auth.refreshToken !== undefined && header === basic("<token>", auth.refreshToken)) ||
        (request.method === "POST" &&
          auth.refreshToken !== undefined &&
          form.get("refresh_token") === auth.refreshToken);
      if (!known && (header !== "" || request.method === "POST")) {
        return errorAnswer(401, "UNAUTHORIZED", "wrong credentials");
      }
      const { grants = ["pull", "push", "delete"] } = auth;
      const allowed = known && grants !== "everything" ? grants : [auth.anonymous ?? "none"];
      const asked = form.getAll("scope").flatMap((scope) => scope.split(" "));
      const expires = auth.expiresInSeconds ?? 300;
      const isAll = known && grants === "everything";
      const token = issue(isAll ? new Set([EVERYTHING]) : grantedScopes(asked, allowed), expires);
      const body = { expires_in: expires, issued_at: context.settings().now().toISOString() };
      return jsonAnswer(
        200,
        request.method === "POST" ? { access_token: token, ...body } : { token, ...body },
      );
    },

    exchange(request) {
      const { auth } = context.settings();
      const form = formOf(request);
      const known =
        auth?.kind === "bearer" &&
        auth.exchangedToken !== undefined &&
        form.get("grant_type") === "access_token" &&
        form.get("service") === request.headers["host"] &&
        form.get("access_token") === auth.exchangedToken;
      return known
        ? jsonAnswer(200, { refresh_token: auth.refreshToken })
        : errorAnswer(401, "UNAUTHORIZED", "the access token is not accepted");
    },

    masterAuthorization() {
      const { auth } = context.settings();
      if (auth === null) return null;
      if (auth.kind === "basic") return basic(auth.username, auth.password);
      return `Bearer ${issue(new Set([EVERYTHING]), 86_400)}`;
    },

    revoke() {
      grants = new Map();
    },
  };
}

function formOf(request: RegistryRequest): URLSearchParams {
  return new URLSearchParams(Buffer.from(request.body).toString("utf8"));
}

function actionOf(method: string): string {
  if (method === "GET" || method === "HEAD") return "pull";
  return method === "DELETE" ? "delete" : "push";
}

function grantedScopes(asked: readonly string[], allowed: readonly string[]): Set<string> {
  const granted = new Set<string>();
  for (const scope of asked) {
    const [type, ...rest] = scope.split(":");
    const actions = rest.pop() ?? "";
    if (type !== "repository") continue;
    for (const action of actions.split(",")) {
      if (allowed.includes(action)) granted.add(`${rest.join(":")}:${action}`);
    }
  }
  return granted;
}
