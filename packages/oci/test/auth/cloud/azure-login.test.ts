import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { type CloudStandIn, startCloud, startRegistry } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCredentialSource } from "../../../src/auth/create-credential-source.ts";
import { createRegistryStore } from "../../../src/index.ts";
import { errorOf, messagesOf } from "../../registry/open-store.ts";
import { selfSigned } from "../../transport/self-signed.ts";
import { cloudEnvironment, temporaryFolder } from "./environment.ts";

const signal = new AbortController().signal;
const FEDERATED = "eyJhbGciOiJSUzI1NiJ9.federated-token.sig";
const AAD_TOKEN = "eyJ0eXAiOiJKV1QifQ.access-token-of-entra.sig";
const TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const CLIENT = "6731de76-14a6-49ae-97bc-6eba6914391e";
const TYPE = "azure-managed-identity";
const HOUR = 3_600_000;

/** A refresh token as the registry gives it: a JSON Web Token, here without a real signature. */
function refreshToken(expiresAt: Date): string {
  const payload = { exp: Math.floor(expiresAt.getTime() / 1000), grant_type: "refresh_token" };
  return `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.refresh-secret`;
}

function auth(expiresAt: Date) {
  return {
    kind: "bearer",
    username: "nobody",
    password: "unused-password",
    exchangedToken: AAD_TOKEN,
    refreshToken: refreshToken(expiresAt),
  } as const;
}

/** Entra ID's authority: where its endpoints are, and tokens for a client's assertion. */
function answerAsEntra(cloud: CloudStandIn): void {
  const base = `${cloud.url}/${TENANT}`;
  cloud.answer(`/${TENANT}/v2.0/.well-known/openid-configuration`, {
    body: {
      token_endpoint: `${base}/oauth2/v2.0/token`,
      authorization_endpoint: `${base}/oauth2/v2.0/authorize`,
      end_session_endpoint: `${base}/oauth2/v2.0/logout`,
      jwks_uri: `${base}/discovery/v2.0/keys`,
      issuer: `${base}/v2.0`,
    },
  });
  cloud.answer(`/${TENANT}/oauth2/v2.0/token`, {
    body: { token_type: "Bearer", expires_in: 3599, ext_expires_in: 3599, access_token: AAD_TOKEN },
  });
}

describe("workload identity", () => {
  const certificate = selfSigned();
  const trusted = getCACertificates("default");
  beforeAll(() => setDefaultCACertificates([...trusted, certificate.cert]));
  afterAll(() => setDefaultCACertificates(trusted));

  test("the federated token becomes a token of the cloud, then of the registry, then of the repository", async () => {
    await using cloud = await startCloud(certificate);
    await using registry = await startRegistry({ auth: auth(new Date(Date.now() + 3 * HOUR)) });
    using folder = temporaryFolder();
    using set = cloudEnvironment({
      AZURE_AUTHORITY_HOST: cloud.url,
      AZURE_TENANT_ID: TENANT,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE: folder.write("token", FEDERATED),
    });
    answerAsEntra(cloud);
    const uri = `oci://${registry.host}/acme/app`;
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const store = createRegistryStore({
      uri,
      credentials: (call) => find({ uri, type: TYPE }, call),
    });
    expect(await store.resolve("v1", { signal })).toBeNull();
    await store[Symbol.asyncDispose]?.();
    const asked = cloud.calls.find(({ path }) => path.endsWith("/token"));
    expect(asked?.form.get("client_assertion")).toBe(FEDERATED);
    expect(asked?.form.get("client_id")).toBe(CLIENT);
    expect(asked?.form.get("scope")).toContain("https://containerregistry.azure.net/.default");
    expect(registry.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "HEAD /v2/acme/app/manifests/v1",
      "POST /oauth2/exchange",
      "POST /token",
      "HEAD /v2/acme/app/manifests/v1",
    ]);
  });

  test("a denial of the cloud names registry and source, and holds no token", async () => {
    await using cloud = await startCloud(certificate);
    using folder = temporaryFolder();
    using set = cloudEnvironment({
      AZURE_AUTHORITY_HOST: cloud.url,
      AZURE_TENANT_ID: TENANT,
      AZURE_CLIENT_ID: CLIENT,
      AZURE_FEDERATED_TOKEN_FILE: folder.write("token", FEDERATED),
    });
    answerAsEntra(cloud);
    cloud.answer(`/${TENANT}/oauth2/v2.0/token`, {
      status: 401,
      body: {
        error: "invalid_client",
        error_description: "AADSTS700213: No matching federated identity record found.",
        error_codes: [700213],
      },
    });
    const find = createCredentialSource({ env: set.env, homeDir: folder.path });
    const call = find({ uri: "oci://127.0.0.1:5000/acme/app", type: TYPE }, { signal });
    const error = await errorOf(call);
    expect(error.code).toBe("FLOE_REGISTRY_LOGIN_FAILED");
    expect(error.message).toContain(
      "logging in to 127.0.0.1:5000 with the Azure workload identity failed",
    );
    expect(error.message).toContain("AADSTS700213");
    expect(messagesOf(error)).not.toContain(FEDERATED);
  });
});

describe("managed identity", () => {
  // With the slash: so the path is written when another host is set for it.
  const IMDS = "/metadata/identity/oauth2/token/";

  function answerAsMetadata(cloud: CloudStandIn): void {
    const body = {
      access_token: AAD_TOKEN,
      client_id: CLIENT,
      expires_in: "86400",
      expires_on: String(Math.floor(Date.now() / 1000) + 86_400),
      not_before: "1506484173",
      resource: "https://containerregistry.azure.net",
      token_type: "Bearer",
    };
    cloud.answer(IMDS, ({ headers }) =>
      headers["metadata"] === "true"
        ? { body }
        : { status: 400, body: { error: "invalid_request" } },
    );
  }

  test("the refresh token is kept, and had again ten minutes before its end", async () => {
    await using cloud = await startCloud();
    let now = Date.now();
    await using registry = await startRegistry({ auth: auth(new Date(now + 3 * HOUR)) });
    using set = cloudEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url });
    answerAsMetadata(cloud);
    const find = createCredentialSource({ env: set.env, now: () => new Date(now) });
    const request = { uri: `oci://${registry.host}/acme/app`, type: TYPE } as const;
    const found = await find(request, { signal });
    expect(found).toMatchObject({
      identityToken: refreshToken(new Date(now + 3 * HOUR)),
      source: "the Azure managed identity",
    });
    now += 2.8 * HOUR;
    await find(request, { signal });
    expect(registry.requests).toHaveLength(1);
    now += 0.1 * HOUR;
    await find(request, { signal });
    expect(registry.requests).toHaveLength(2);
  });

  test("a registry that does not take the identity is named with its status", async () => {
    await using cloud = await startCloud();
    await using registry = await startRegistry({
      auth: { ...auth(new Date()), exchangedToken: "another" },
    });
    using set = cloudEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url });
    answerAsMetadata(cloud);
    const find = createCredentialSource({ env: set.env });
    const call = find({ uri: `oci://${registry.host}/acme/app`, type: TYPE }, { signal });
    const error = await errorOf(call);
    expect(error.message).toMatch(/\/oauth2\/exchange answered 401 to the identity$/);
    expect(messagesOf(error)).not.toMatch(/access-token-of-entra/);
  });

  test.for([
    ["HTML", `<html>${AAD_TOKEN}</html>`],
    ["half a document", `{"refresh_token":"${AAD_TOKEN}`],
    ["an empty token", '{"refresh_token":""}'],
    ["a token with a line break", '{"refresh_token":"abc\\r\\nx: y"}'],
  ])("%s instead of a refresh token is an error that does not quote it", async ([, body]) => {
    await using cloud = await startCloud();
    await using registry = await startCloud();
    using set = cloudEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url });
    answerAsMetadata(cloud);
    registry.answer("/oauth2/exchange", { body: body ?? "" });
    const find = createCredentialSource({ env: set.env });
    const call = find({ uri: `oci://${registry.host}/acme/app`, type: TYPE }, { signal });
    const error = await errorOf(call);
    expect(error.message).toContain("holds no refresh token");
    expect(messagesOf(error)).not.toContain("access-token-of-entra");
  });

  test("a metadata service that never answers is not waited for", async () => {
    await using cloud = await startCloud();
    // Another identity: Azure's package keeps the tokens of each for the life of the process.
    using set = cloudEnvironment({
      AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url,
      AZURE_CLIENT_ID: "11111111-14a6-49ae-97bc-6eba6914391e",
    });
    cloud.answer(IMDS, "stall");
    const find = createCredentialSource({ env: set.env, cloudTimeoutMs: 300 });
    const call = find({ uri: "oci://127.0.0.1:5000/acme/app", type: TYPE }, { signal });
    expect((await errorOf(call)).message).toContain("no answer within 0.3 seconds");
  });

  test("a metadata service that refuses is an error that names it", async () => {
    await using cloud = await startCloud();
    using set = cloudEnvironment({
      AZURE_POD_IDENTITY_AUTHORITY_HOST: cloud.url,
      AZURE_CLIENT_ID: "22222222-14a6-49ae-97bc-6eba6914391e",
    });
    cloud.answer(IMDS, {
      status: 400,
      body: { error: "invalid_request", error_description: "Identity not found" },
    });
    const find = createCredentialSource({ env: set.env });
    const call = find({ uri: "oci://127.0.0.1:5000/acme/app", type: TYPE }, { signal });
    const error = await errorOf(call);
    expect(error.message).toContain("with the Azure managed identity failed");
  });
});
