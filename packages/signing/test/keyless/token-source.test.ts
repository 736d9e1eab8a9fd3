import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { startCloud, unsignedToken } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { ambientTokenSource, loginTokenSource } from "../../src/index.ts";

const call = { signal: AbortSignal.timeout(30_000) };

describe("ambientTokenSource", () => {
  test("is the token of the environment before anything else", async () => {
    const source = ambientTokenSource({
      SIGSTORE_ID_TOKEN: "token",
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:9/",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
    });
    expect(source?.name).toBe("SIGSTORE_ID_TOKEN");
    expect(await source?.fetch(call)).toBe("token");
  });

  test("is nobody where nothing gives tokens", () => {
    expect(ambientTokenSource({})).toBeNull();
    expect(ambientTokenSource({ SIGSTORE_ID_TOKEN: "" })).toBeNull();
    expect(ambientTokenSource({ ACTIONS_ID_TOKEN_REQUEST_URL: "http://127.0.0.1:9" })).toBeNull();
  });

  test("asks GitHub Actions for a token for sigstore, each time anew", async () => {
    await using github = await startCloud();
    let count = 0;
    github.answer("/token", () => ({ body: { value: `token-${++count}` } }));
    const source = ambientTokenSource({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${github.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
    });
    expect(await source?.fetch(call)).toBe("token-1");
    expect(await source?.fetch(call)).toBe("token-2");
    const [first] = github.calls;
    expect(first?.query.toString()).toBe("api-version=2.0&audience=sigstore");
    expect(first?.headers["authorization"]).toBe("Bearer bearer");
  });

  test.each([
    ["a refusal", { status: 403, body: "secret" }],
    ["no JSON", { body: "secret" }],
    ["no token", { body: { secret: 1 } }],
    ["far too much", { body: { value: "a".repeat(200_000) } }],
    ["another place", { status: 302, headers: { location: "http://127.0.0.1:9/" }, body: "" }],
  ])("says that GitHub gave %s, and nothing of what it said", async (_, reply) => {
    await using github = await startCloud();
    github.answer("/", reply);
    const source = ambientTokenSource({
      ACTIONS_ID_TOKEN_REQUEST_URL: github.url,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "very-secret-bearer",
    });
    const error = await source?.fetch(call).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "FLOE_IDENTITY_TOKEN_INVALID" });
    expect(String((error as Error).message)).not.toMatch(/secret|aaaa/);
  });

  test("sends the bearer nowhere in the clear", async () => {
    const source = ambientTokenSource({
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://actions.example/token",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "bearer",
    });
    await expect(source?.fetch(call)).rejects.toMatchObject({
      code: "FLOE_IDENTITY_TOKEN_INVALID",
    });
  });
});

/** An OpenID provider that lets everybody in at once. */
async function startProvider() {
  const forms: URLSearchParams[] = [];
  let challenge = "";
  let nonce: string | undefined;
  let polls = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const at = new URL(request.url ?? "/", url);
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (at.pathname === "/.well-known/openid-configuration")
      return json(200, {
        issuer: url,
        authorization_endpoint: `${url}/auth`,
        token_endpoint: `${url}/token`,
        device_authorization_endpoint: `${url}/device`,
        jwks_uri: `${url}/keys`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
      });
    if (at.pathname === "/auth") {
      challenge = at.searchParams.get("code_challenge") ?? "";
      nonce = at.searchParams.get("nonce") ?? undefined;
      const back = new URL(at.searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("code", "the-code");
      back.searchParams.set("state", at.searchParams.get("state") ?? "");
      response.writeHead(302, { location: back.href });
      response.end();
      return;
    }
    const form = new URLSearchParams(body);
    forms.push(form);
    if (at.pathname === "/device") {
      challenge = form.get("code_challenge") ?? "";
      return json(200, {
        device_code: "device",
        user_code: "ABCD-EFGH",
        verification_uri: `${url}/enter`,
        expires_in: 60,
        interval: 1,
      });
    }
    const verifier = form.get("code_verifier") ?? "";
    if (createHash("sha256").update(verifier).digest("base64url") !== challenge)
      return json(400, { error: "invalid_grant" });
    if (form.get("grant_type")?.includes("device") && polls++ === 0)
      return json(400, { error: "authorization_pending" });
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: url, sub: "alice", aud: "sigstore", iat: now, exp: now + 60, nonce };
    return json(200, {
      access_token: "access",
      token_type: "bearer",
      id_token: unsignedToken(claims),
    });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    forms,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe("loginTokenSource", () => {
  test("logs in by a page that comes back to this machine, whatever else knocks there", async () => {
    await using provider = await startProvider();
    const shown: string[] = [];
    const visits: Promise<void>[] = [];
    const visit = async (href: string): Promise<void> => {
      const redirect = new URL(href).searchParams.get("redirect_uri") ?? "";
      const forged = await fetch(`${redirect}?code=evil&state=guessed`);
      expect(forged.status).toBe(404);
      expect(await (await fetch(href)).text()).toContain("You may close this page");
    };
    const source = loginTokenSource({
      issuer: provider.url,
      clientId: "sigstore",
      flow: "browser",
      prompt: { show: (line) => shown.push(line), open: (href) => visits.push(visit(href)) },
    });
    const token = await source.fetch(call);
    expect(JSON.parse(atob(token.split(".")[1] ?? ""))).toMatchObject({ sub: "alice" });
    await Promise.all(visits);
    expect(visits).toHaveLength(1);
    expect(shown.join()).toContain(`${provider.url}/auth?`);
    expect(provider.forms[0]?.get("code")).toBe("the-code");
    expect(provider.forms[0]?.get("code_verifier")).toMatch(/^[\w-]{43,}$/);
  });

  test("logs in by a code that is entered elsewhere", async () => {
    await using provider = await startProvider();
    const shown: string[] = [];
    const source = loginTokenSource({
      issuer: provider.url,
      clientId: "sigstore",
      flow: "device",
      prompt: { show: (line) => shown.push(line), open: () => {} },
    });
    const token = await source.fetch(call);
    expect(JSON.parse(atob(token.split(".")[1] ?? ""))).toMatchObject({ sub: "alice" });
    expect(shown).toEqual([expect.stringContaining(`${provider.url}/enter`)]);
    expect(shown[0]).toContain("ABCD-EFGH");
  });

  test.each(["browser", "device"] as const)("says why a login failed: %s", async (flow) => {
    await using nobody = await startCloud();
    const prompt = { show: () => {}, open: () => {} };
    const source = loginTokenSource({ issuer: nobody.url, clientId: "sigstore", flow, prompt });
    await expect(source.fetch(call)).rejects.toMatchObject({
      code: "FLOE_IDENTITY_TOKEN_INVALID",
      message: expect.stringContaining(`the login at ${nobody.url} failed`),
    });
  });

  test("ends when it is aborted while somebody should log in", async () => {
    await using provider = await startProvider();
    const abort = new AbortController();
    const prompt = { show: () => abort.abort(new Error("enough")), open: () => {} };
    const options = {
      issuer: provider.url,
      clientId: "sigstore",
      flow: "browser",
      prompt,
    } as const;
    await expect(loginTokenSource(options).fetch({ signal: abort.signal })).rejects.toThrow(
      "enough",
    );
  });
});
