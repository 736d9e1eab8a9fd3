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

  test("a given token is sent as it is", async () => {
    await using opened = await openStore({ auth: bearer });
    const token = opened.registry.authorization()?.replace("Bearer ", "") ?? "";
    const store = opened.another({ credentials: () => Promise.resolve({ token }) });
    expect(await store.resolve("v1", { signal })).toBeNull();
    expect(opened.registry.requests.some(({ path }) => path === "/token")).toBe(false);
  });

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

  test.for([
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:1/token",
    "http://[::1]:1/token",
    "http://0x7f.1:9/x?",
    "file:///etc/passwd",
    "https://registry@evil.example/token",
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
    expect(error.message).toMatch(/400 X: \[2Jgone next$/);
  });
});
