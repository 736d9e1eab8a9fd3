import { buildArtifact, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, messagesOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const PASSWORD = "hunter2-very-secret";
const basic = { kind: "basic", username: "me", password: PASSWORD } as const;
const bearer = { kind: "bearer", username: "me", password: PASSWORD } as const;
const credentials = () => Promise.resolve({ username: "me", password: PASSWORD });

describe("basic", () => {
  test("credentials are asked for once, with the first 401, and sent from then on", async () => {
    let asked = 0;
    const count = () => {
      asked += 1;
      return credentials();
    };
    await using opened = await openStore({ auth: basic }, { credentials: count });
    await pushArtifact(opened.registry, REPO, "v1");
    const before = opened.registry.requests.length;
    await opened.store.resolve("v1", { signal });
    await opened.store.resolve("v1", { signal });
    const statuses = opened.registry.requests.slice(before).map(({ status }) => status);
    expect(statuses).toEqual([401, 200, 200]);
    expect(asked).toBe(1);
    expect(opened.store.stats.requests).toBe(3);
  });

  test.for([
    ["none", null, "none are configured"],
    ["a wrong password", { username: "me", password: "wrong-password" }, "user name and password"],
    ["a token", { token: "some-token" }, "token"],
  ] as const)("with %s the error says so", async ([, given, words]) => {
    await using opened = await openStore(
      { auth: basic },
      { credentials: () => Promise.resolve(given) },
    );
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain(words);
    expect(opened.registry.requests.length).toBeLessThanOrEqual(2);
    expect(messagesOf(error)).not.toMatch(/wrong-password|some-token/);
  });

  test("the error names registry, repository, action and where the credentials come from", async () => {
    const given = { username: "me", password: "wrong-password", source: "/home/me/config.json" };
    await using opened = await openStore(
      { auth: basic },
      { credentials: () => Promise.resolve(given) },
    );
    const error = await errorOf(opened.store.createTag("v1", buildArtifact(), { signal }));
    expect(error.message).toContain(
      `${opened.registry.host} does not accept the user name and password from /home/me/config.json, to `,
    );
    expect(error.details).toMatchObject({
      registry: opened.registry.host,
      repository: REPO,
      credential_source: "/home/me/config.json",
      retryable: false,
    });
  });

  test("credentials that say when they end are asked for again by then", async () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    let asked = 0;
    const passwords = ["first-password", "second-password"];
    const rotating = () => {
      const password = passwords[asked] ?? "";
      asked += 1;
      const renewAt = new Date(now + 60_000);
      return Promise.resolve({ username: "me", password, renewAt });
    };
    const clock = { now: () => new Date(now), sleep: () => Promise.resolve() };
    const auth = { ...basic, password: "first-password" };
    await using opened = await openStore({ auth }, { credentials: rotating, clock });
    await opened.store.resolve("v1", { signal });
    await opened.store.resolve("v1", { signal });
    expect(asked).toBe(1);
    now += 60_000;
    opened.registry.configure({ auth: { ...basic, password: "second-password" } });
    await opened.store.resolve("v1", { signal });
    expect(asked).toBe(2);
    expect(opened.registry.requests.map(({ status }) => status)).toEqual([401, 404, 404, 404]);
  });

  test("what credentials threw comes out, and the next call asks again", async () => {
    let broken = true;
    const flaky = () => (broken ? Promise.reject(new RangeError("no keychain")) : credentials());
    await using opened = await openStore({ auth: basic }, { credentials: flaky });
    await expect(opened.store.resolve("v1", { signal })).rejects.toThrow(RangeError);
    broken = false;
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
  });
});

describe("bearer", () => {
  test("a token is fetched for the scope that is needed and reused while it covers", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const built = buildArtifact();
    await opened.store.resolve("v1", { signal });
    for (const { descriptor, bytes } of built.blobs) {
      await opened.store.putBlob(descriptor, bytes, { signal });
    }
    await opened.store.createTag("v1", built, { signal });
    await opened.store.deleteTag("v1", { signal });
    const tokens = opened.registry.requests.filter(({ path }) => path === "/token");
    const scopes = tokens.map(({ query }) => new URLSearchParams(query).getAll("scope"));
    expect(scopes).toEqual([
      [`repository:${REPO}:pull`],
      [`repository:${REPO}:pull,push`],
      [`repository:${REPO}:pull,push,delete`],
    ]);
    expect(opened.registry.requests.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  test("many requests at once wait for one token", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    await Promise.all(
      ["a", "b", "c", "d", "e"].map((tag) => opened.store.resolve(tag, { signal })),
    );
    expect(opened.registry.requests.filter(({ path }) => path === "/token")).toHaveLength(1);
  });

  test("whoever waits for a token is not hurt by the abort of the one who asked for it", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    opened.registry.faults.add({ match: { path: "/token" }, action: { kind: "stall" } });
    const controller = new AbortController();
    const first = opened.store.resolve("a", { signal: controller.signal });
    const second = opened.store.resolve("b", { signal });
    setTimeout(() => controller.abort(new Error("enough")), 100);
    await expect(first).rejects.toThrow("enough");
    expect(await second).toBeNull();
  });

  // Row 26.
  test("a revoked token is replaced once", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    await opened.store.resolve("v1", { signal });
    opened.registry.revokeTokens();
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    const statuses = opened.registry.requests.map(({ status }) => status);
    expect(statuses).toEqual([401, 200, 404, 401, 200, 404]);
  });

  test("an aged token is renewed before it is refused", async () => {
    let now = 0;
    await using opened = await openStore({ auth: bearer }, { credentials, monotonicMs: () => now });
    await opened.store.resolve("v1", { signal });
    now = 250_000;
    await opened.store.resolve("v1", { signal });
    const paths = opened.registry.requests.map(({ path, status }) => `${status} ${path}`);
    expect(paths.filter((line) => line.startsWith("401"))).toHaveLength(1);
    expect(paths.filter((line) => line.endsWith("/token"))).toHaveLength(2);
  });

  test("anonymous reading works where the token service allows it, writing does not", async () => {
    await using opened = await openStore({ auth: { ...bearer, anonymous: "pull" } });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    const call = opened.store.putManifest(buildArtifact(), { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_UNAUTHORIZED");
  });

  // Row 30.
  test("what an anonymous token may not do is tried once more with credentials that came up since", async () => {
    let given: { username: string; password: string } | null = null;
    await using opened = await openStore(
      { auth: { ...bearer, anonymous: "pull" } },
      { credentials: () => Promise.resolve(given) },
    );
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    given = { username: "me", password: PASSWORD };
    const body = JSON.stringify({ errors: [{ code: "DENIED", message: "not for everybody" }] });
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 403, body } });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    expect(opened.trace().slice(-3)).toEqual([
      "HEAD manifests/v1",
      "GET /token",
      "HEAD manifests/v1",
    ]);
    const before = opened.registry.requests.length;
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 403, body } });
    expect(await codeOf(opened.store.getManifest("v1", { signal }))).toBe("FLOE_REGISTRY_DENIED");
    expect(opened.registry.requests).toHaveLength(before + 1);
  });

  // Row 26.
  test("a token that the registry goes on refusing is asked for once more, then not again", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const headers = {
      "www-authenticate": `Bearer realm="${opened.registry.url}/token",service="s"`,
    };
    const action = { kind: "status", status: 401, headers } as const;
    opened.registry.faults.add({ match: { path: /manifests/ }, action, times: 9 });
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain("to pull from acme/app");
    expect(opened.trace()).toEqual(["HEAD manifests/v1", "GET /token", "HEAD manifests/v1"]);
  });

  // Row 26.
  test("a token that is refused in the middle of an upload is replaced, and the body sent again", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const { blobs } = buildArtifact({ layers: [{ content: "x".repeat(300_000) }] });
    await opened.store.resolve("v1", { signal });
    for (const { descriptor, bytes } of blobs) {
      opened.registry.faults.add({
        match: { method: "PUT", path: /uploads/ },
        action: {
          kind: "status",
          status: 401,
          headers: { "www-authenticate": `Bearer realm="${opened.registry.url}/token"` },
        },
      });
      await opened.store.putBlob(descriptor, bytes, { signal });
      expect(
        Buffer.compare(opened.registry.blob(REPO, descriptor.digest) ?? bytes.subarray(1), bytes),
      ).toBe(0);
    }
    expect(opened.registry.faults.pending).toBe(0);
  });

  test("mounting asks for one token that may read the one repository and write the other", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    await pushArtifact(opened.registry, "acme/source", "v1");
    const [blob] = buildArtifact({ layers: [{ content: "acme/source:v1" }] }).blobs;
    if (blob === undefined) throw new Error("the artifact has no blob");
    const from = `${opened.registry.host}/acme/source`;
    expect(await opened.store.mountBlob?.(blob.descriptor, from, { signal })).toBe(true);
    expect(opened.registry.blob(REPO, blob.descriptor.digest)).not.toBeNull();
    const scopes = opened.registry.requests
      .filter(({ path }) => path === "/token")
      .map(({ query }) => new URLSearchParams(query).getAll("scope"));
    expect(scopes).toEqual([[`repository:${REPO}:pull,push`, "repository:acme/source:pull"]]);
  });

  test.for([
    ["by the oauth2 form", {}, ["POST /token"]],
    [
      "by GET where the service has no such form",
      { withoutPost: 404 },
      ["POST /token", "GET /token"],
    ],
    ["by GET where it refuses the form", { withoutPost: 401 }, ["POST /token", "GET /token"]],
  ] as const)("an identity token gets tokens %s", async ([, quirk, expected]) => {
    const auth = { ...bearer, ...quirk, refreshToken: "identity-token-secret" };
    const identity = () => Promise.resolve({ identityToken: "identity-token-secret" });
    await using opened = await openStore({ auth }, { credentials: identity });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    expect(opened.trace().filter((line) => line.endsWith("/token"))).toEqual(expected);
    expect(opened.registry.requests.some(({ query }) => query.includes("secret"))).toBe(false);
  });

  test("an identity token that nobody accepts is an error that names its source", async () => {
    const given = { identityToken: "identity-token-secret", source: "docker-credential-x" };
    const identity = () => Promise.resolve(given);
    await using opened = await openStore({ auth: bearer }, { credentials: identity });
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain("to the identity token from docker-credential-x");
    expect(messagesOf(error)).not.toContain("identity-token-secret");
    opened.registry.configure({ auth: basic });
    const other = opened.another();
    expect(await codeOf(other.resolve("v1", { signal }))).toBe("FLOE_REGISTRY_UNAUTHORIZED");
  });

  // Row 29.
  test("a token for less than was asked for is an error that names the action, after one more try", async () => {
    await using opened = await openStore(
      { auth: { ...bearer, grants: ["pull"] } },
      { credentials },
    );
    const { registry, store } = opened;
    expect(await store.resolve("v1", { signal })).toBeNull();
    const before = registry.requests.length;
    const error = await errorOf(store.putManifest(buildArtifact(), { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain(`to push to ${REPO}`);
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual([
      ...["GET", "PUT"],
      ...["GET", "PUT"],
    ]);
    expect(registry.tags(REPO)).toEqual({});
    // What the narrow token allows goes on.
    expect(await store.resolve("v1", { signal })).toBeNull();
  });

  // Row 29.
  test("a token for more than was asked for is used for what it was asked for", async () => {
    await using opened = await openStore(
      { auth: { ...bearer, grants: "everything" } },
      { credentials },
    );
    await opened.store.resolve("v1", { signal });
    for (const { descriptor, bytes } of buildArtifact().blobs)
      await opened.store.putBlob(descriptor, bytes, { signal });
    const scopes = opened.registry.requests
      .filter(({ path }) => path === "/token")
      .map(({ query }) => new URLSearchParams(query).getAll("scope"));
    expect(scopes).toEqual([[`repository:${REPO}:pull`], [`repository:${REPO}:pull,push`]]);
  });

  // Row 29.
  test.for([
    ["less", `repository:${REPO}:pull`, [`repository:${REPO}:pull,push`]],
    ["nothing", "", [`repository:${REPO}:pull,push`]],
    [
      "more",
      `repository:${REPO}:pull,push,delete registry:catalog:*`,
      [`repository:${REPO}:pull,push,delete`, "registry:catalog:*"],
    ],
  ] as const)(
    "a challenge that names %s than the request needs leads to a token that is enough",
    async ([, scope, expected]) => {
      await using opened = await openStore({ auth: bearer }, { credentials });
      const { registry } = opened;
      const challenge = `Bearer realm="${registry.url}/token",service="s",scope="${scope}"`;
      const headers = { "www-authenticate": challenge };
      registry.faults.add({
        match: { method: "POST" },
        action: { kind: "status", status: 401, headers },
      });
      for (const { descriptor, bytes } of buildArtifact().blobs.slice(0, 1))
        await opened.store.putBlob(descriptor, bytes, { signal });
      const asked = registry.requests.filter(({ path }) => path === "/token").at(-1);
      expect(new URLSearchParams(asked?.query).getAll("scope")).toEqual(expected);
    },
  );

  // Row 30.
  test("after a 401 that credentials answer, a 403 is the last word, and the other way round", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const { registry } = opened;
    const denied = { kind: "status", status: 403, body: "no" } as const;
    registry.faults.add({ match: { path: /manifests/ }, action: denied, after: 1 });
    expect(await codeOf(opened.store.getManifest("v1", { signal }))).toBe("FLOE_REGISTRY_DENIED");
    expect(opened.trace()).toEqual(["GET manifests/v1", "GET /token", "GET manifests/v1"]);
    const other = opened.another();
    registry.faults.add({ match: { path: /manifests/ }, action: denied });
    expect(await codeOf(other.getManifest("v1", { signal }))).toBe("FLOE_REGISTRY_DENIED");
    expect(await other.getManifest("v1", { signal })).toBeNull();
  });

  test("a given token is sent as it is", async () => {
    await using opened = await openStore({ auth: bearer });
    const token = opened.registry.authorization()?.replace("Bearer ", "") ?? "";
    const store = opened.another({ credentials: () => Promise.resolve({ token }) });
    expect(await store.resolve("v1", { signal })).toBeNull();
    expect(opened.registry.requests.some(({ path }) => path === "/token")).toBe(false);
  });

  // Row 28.
  test("a token service in trouble is asked again, one that refuses is not", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const match = { path: "/token" };
    opened.registry.faults.add({ match, action: { kind: "status", status: 503 } });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    const wrong = () => Promise.resolve({ username: "me", password: "wrong-password" });
    const other = opened.another({ credentials: wrong });
    const error = await errorOf(other.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(messagesOf(error)).not.toContain("wrong-password");
  });

  // Row 27.
  test.for([
    ["HTML", "<html>hunter2-in-html</html>"],
    ["no token", "{}"],
    ["an empty token", '{"token":""}'],
    ["a token with a line break", '{"token":"abc\\r\\nx-evil: 1"}'],
    ["a huge body", "x".repeat(200_000)],
  ])("a token answer with %s is refused and not quoted", async ([, body]) => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const action = { kind: "status", status: 200, body: body ?? "" } as const;
    opened.registry.faults.add({ match: { path: "/token" }, action, times: 9 });
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(["FLOE_REGISTRY_RESPONSE_INVALID", "FLOE_REGISTRY_LIMIT_EXCEEDED"]).toContain(
      error.code,
    );
    expect(messagesOf(error)).not.toMatch(/hunter2|x-evil/);
  });

  // Row 24.
  test.for([
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:1/token",
    "http://[::1]:1/token",
    "http://0x7f.1:9/x?",
    "file:///etc/passwd",
    "https://registry@evil.example/token",
    `https://evil.example/${"x".repeat(3000)}`,
    "https://",
  ])("the realm %s gets nothing", async (realm) => {
    await using opened = await openStore({ auth: { ...bearer, realm } }, { credentials });
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    // 0x7f.1 is 127.0.0.1, the registry's own host: refused by nobody, and nobody listens there.
    const own = realm.includes("0x7f");
    expect(error.code).toBe(own ? "FLOE_REGISTRY_UNAVAILABLE" : "FLOE_REGISTRY_RESPONSE_INVALID");
    expect(messagesOf(error)).not.toContain(PASSWORD);
  });
});

describe("secrets", () => {
  test("a registry that repeats credentials in its errors does not get them into messages", async () => {
    await using opened = await openStore({ auth: basic }, { credentials });
    await opened.store.resolve("v1", { signal });
    const header = Buffer.from(`me:${PASSWORD}`).toString("base64");
    const message = `you sent Basic ${header}, that is ${PASSWORD}`;
    const body = JSON.stringify({ errors: [{ code: "DENIED", message }] });
    const action = { kind: "status", status: 403, body } as const;
    opened.registry.faults.add({ match: {}, action });
    const error = await errorOf(opened.store.getManifest("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_DENIED");
    expect(error.message).toContain("you sent Basic ***, that is ***");
    expect(messagesOf(error)).not.toContain(PASSWORD);
    expect(messagesOf(error)).not.toContain(header);
  });

  test("terminal orders in a registry's words are taken out", async () => {
    await using opened = await openStore();
    const body = JSON.stringify({ errors: [{ code: "X", message: "\u001b[2Jgone\u202e\nnext" }] });
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 400, body } });
    const error = await errorOf(opened.store.getManifest("v1", { signal }));
    expect(error.message).toMatch(/400 X: (?:\[2J)?gone next$/);
  });
});
