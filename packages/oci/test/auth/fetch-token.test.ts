import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, openStore, REPO } from "../registry/open-store.ts";

const signal = new AbortController().signal;
const bearer = { kind: "bearer", username: "me", password: "hunter2-very-secret" } as const;
const credentials = () => Promise.resolve({ username: "me", password: "hunter2-very-secret" });

describe("a token", () => {
  // Row 27.
  test.for<[string, string, number]>([
    ["absent", "", 60],
    ["negative", ',"expires_in":-5', 60],
    ["short", ',"expires_in":5', 60],
    ["a text of digits", ',"expires_in":"600"', 600],
    ["another text", ',"expires_in":"soon"', 60],
    ["endless", ',"expires_in":1e300', 86_400],
  ])("a life that is %s is understood", async ([, field, seconds]) => {
    let now = 0;
    await using opened = await openStore({ auth: bearer }, { credentials, monotonicMs: () => now });
    const token = opened.registry.authorization()?.replace("Bearer ", "");
    const body = `{"token":"","access_token":"${token}"${field}}`;
    const action = { kind: "status", status: 200, body } as const;
    opened.registry.faults.add({ match: { path: "/token" }, action, times: 9 });
    const fetched = async () => {
      await opened.store.resolve("v1", { signal });
      return opened.registry.requests.filter(({ path }) => path === "/token").length;
    };
    await fetched();
    now = seconds * 1000 * 0.8 - 1;
    expect(await fetched()).toBe(1);
    now += 2;
    expect(await fetched()).toBe(2);
  });

  // Row 27: whether it has ended is the registry's to say, whatever the token service's clock shows.
  test("a token that has ended when it is given is asked for once more, and then refused", async () => {
    await using opened = await openStore(
      { auth: { ...bearer, expiresInSeconds: 0 } },
      { credentials },
    );
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(opened.trace()).toEqual(["HEAD manifests/v1", "GET /token", "HEAD manifests/v1"]);
  });

  // Row 24.
  test.for([
    ["several schemes in one header", 'Negotiate abc==, Basic realm="x", Bearer realm="TOKEN"'],
    ["a bearer challenge without realm", 'Bearer service="x", Bearer realm="TOKEN"'],
    ["a realm with a query", 'Bearer realm="TOKEN?account=a%20b",service="s t"'],
    ["a scope with rubbish in it", 'Bearer realm="TOKEN",scope="  nonsense repository:a/b:pull é"'],
  ])("%s leads to the token service", async ([, header = ""]) => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const headers = { "www-authenticate": header.replace("TOKEN", `${opened.registry.url}/token`) };
    const action = { kind: "status", status: 401, headers } as const;
    opened.registry.faults.add({ match: {}, action });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    const asked = opened.registry.requests.find(({ path }) => path === "/token");
    const query = new URLSearchParams(asked?.query);
    expect(query.getAll("scope")[0]).toBe(`repository:${REPO}:pull`);
    expect(query.get("account")).toBe(header.includes("account") ? "a b" : null);
    expect(asked?.headers["authorization"]).toMatch(/^Basic /);
  });

  test("challenges in headers of their own are all read, also after one that is broken", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const realm = `Bearer realm="${opened.registry.url}/token"`;
    const session = createServer((_, answer) => {
      answer.writeHead(401, [
        ["www-authenticate", 'Negotiate realm="never closed'],
        ["www-authenticate", 'Basic realm="x"'],
        ["www-authenticate", realm],
      ]);
      answer.end();
    });
    await new Promise<void>((resolve) => session.listen(0, "127.0.0.1", resolve));
    const { port } = session.address() as AddressInfo;
    const store = opened.another({ uri: `oci://127.0.0.1:${port}/${REPO}` });
    expect(await codeOf(store.resolve("v1", { signal }))).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    expect(opened.registry.requests.map(({ path }) => path)).toEqual(["/token"]);
    session.closeAllConnections();
    await new Promise((resolve) => session.close(resolve));
  });

  // Row 28.
  test("a token service that limits requests is waited for as long as it says", async () => {
    await using opened = await openStore({ auth: bearer }, { credentials });
    const action = { kind: "status", status: 429, retryAfter: 7 } as const;
    opened.registry.faults.add({ match: { path: "/token" }, action });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    expect(opened.pauses.map((pause) => Math.round(pause / 1000))).toEqual([7]);
  });

  // Row 28.
  test("a token service that is slow ends in time", async () => {
    await using opened = await openStore(
      { auth: bearer },
      { credentials, timeouts: { headersMs: 100 }, retry: { maxAttempts: 1 } },
    );
    opened.registry.faults.add({ match: { path: "/token" }, action: { kind: "stall" } });
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
  });
});
