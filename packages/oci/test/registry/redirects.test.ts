import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, messagesOf, openStore } from "./open-store.ts";

const signal = new AbortController().signal;
const auth = { kind: "basic", username: "me", password: "hunter2" } as const;
const credentials = () => Promise.resolve({ username: "me", password: "hunter2" });
const bytes = new TextEncoder().encode("content");
const descriptor = { mediaType: "a/b", digest: digestOf(bytes), size: bytes.length };

/** Another server than the registry: where it stores blobs, or somebody who would like credentials. */
async function startOther(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const seen: IncomingMessage[] = [];
  const server: Server = createServer((request, response) => {
    seen.push(request);
    request.resume().once("end", () => answer(request, response));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe("redirects", () => {
  // Row 20.
  test("a blob is followed to another host without credentials", async () => {
    await using other = await startOther((_, response) => response.end(bytes));
    await using opened = await openStore({ auth }, { credentials });
    await opened.store.putBlob(descriptor, bytes, { signal });
    const headers = { location: `${other.url}/blob?X-Amz-Signature=abc` };
    const action = { kind: "status", status: 307, headers } as const;
    opened.registry.faults.add({ match: { method: "GET" }, action });
    expect(new Uint8Array(await opened.store.getBlob(descriptor, { signal }))).toEqual(bytes);
    expect(other.seen).toHaveLength(1);
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
    expect(other.seen[0]?.headers.cookie).toBeUndefined();
    expect(other.seen[0]?.headers["accept-encoding"]).toBe("identity");
  });

  // Row 20.
  test("credentials do not come back with a redirect to the registry", async () => {
    await using opened = await openStore({ auth }, { credentials });
    await opened.store.putBlob(descriptor, bytes, { signal });
    await using other = await startOther((_, response) => {
      const location = `${opened.registry.url}/v2/acme/app/blobs/${descriptor.digest}`;
      response.writeHead(302, { location }).end();
    });
    const headers = { location: other.url };
    opened.registry.faults.add({
      match: { method: "GET" },
      action: { kind: "status", status: 302, headers },
    });
    const before = opened.registry.requests.length;
    const call = opened.store.getBlob(descriptor, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_UNAUTHORIZED");
    const returned = opened.registry.requests[before + 1];
    expect([returned?.status, returned?.headers["authorization"]]).toEqual([401, undefined]);
  });

  test("a signed address does not get into messages", async () => {
    await using other = await startOther((_, response) => response.writeHead(404).end());
    await using opened = await openStore();
    const headers = { location: `${other.url}/blob?sig=topsecret` };
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 307, headers } });
    const error = await errorOf(opened.store.getBlob(descriptor, { signal }));
    expect(messagesOf(error)).not.toContain("topsecret");
  });

  // Row 23.
  test("an upload location on another host gets the blob and no credentials", async () => {
    await using other = await startOther((_, response) => response.writeHead(201).end());
    await using opened = await openStore({ auth }, { credentials });
    const headers = { location: `${other.url}/upload?token=a%2Fb+c` };
    const action = { kind: "status", status: 202, headers } as const;
    // The first POST is the one that the registry answers with 401.
    await opened.store.hasBlob(descriptor.digest, { signal });
    opened.registry.faults.add({ match: { method: "POST" }, action });
    await opened.store.putBlob(descriptor, bytes, { signal });
    expect(other.seen[0]?.method).toBe("PUT");
    expect(other.seen[0]?.url).toBe(`/upload?token=a%2Fb+c&digest=${descriptor.digest}`);
    expect(other.seen[0]?.headers.authorization).toBeUndefined();
  });

  // Row 22.
  test.for([
    ["a private address", "http://169.254.169.254/latest"],
    ["localhost by name", "http://localhost:1/"],
    ["another scheme", "file:///etc/passwd"],
    ["data", "data:text/plain,hi"],
    ["a user name", "http://me:pw@127.0.0.1:1/"],
    ["an address that is none", "http://["],
  ] as const)("%s is not followed", async ([, location]) => {
    await using opened = await openStore();
    const action = { kind: "status", status: 302, headers: { location } } as const;
    opened.registry.faults.add({ match: {}, action, times: 2 });
    const code = "FLOE_REGISTRY_RESPONSE_INVALID";
    expect(await codeOf(opened.store.getBlob(descriptor, { signal }))).toBe(code);
    expect(await codeOf(opened.store.resolve("v1", { signal }))).toBe(code);
  });

  // Row 22.
  test("a circle ends", async () => {
    await using opened = await openStore();
    const headers = { location: "/v2/acme/app/manifests/v1" };
    opened.registry.faults.add({
      match: {},
      action: { kind: "status", status: 302, headers },
      times: 99,
    });
    const call = opened.store.getManifest("v1", { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(opened.registry.requests).toHaveLength(1);
  });

  // Row 22.
  test("more than ten in a row are refused", async () => {
    let hops = 0;
    await using other = await startOther((_, response) => {
      hops += 1;
      response.writeHead(307, { location: `/hop/${hops}` }).end();
    });
    await using opened = await openStore({}, { retry: { maxAttempts: 1 } });
    const headers = { location: `${other.url}/hop/0` };
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 307, headers } });
    const error = await errorOf(opened.store.getManifest("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(error.message).toContain("more than 10 redirects");
    expect(hops).toBe(10);
  });

  // Rows 20 and 21.
  test("another port of the same host is another origin and gets no credentials", async () => {
    await using other = await startOther((_, response) => response.end(bytes));
    await using opened = await openStore({ auth }, { credentials });
    await opened.store.hasBlob(descriptor.digest, { signal });
    const headers = { location: `${other.url}/blob` };
    for (const method of ["GET", "HEAD"]) {
      const action = { kind: "status", status: 307, headers } as const;
      opened.registry.faults.add({ match: { method }, action });
    }
    await opened.store.getBlob(descriptor, { signal });
    await opened.store.hasBlob(descriptor.digest, { signal });
    expect(other.seen.map(({ method }) => method)).toEqual(["GET", "HEAD"]);
    for (const { headers: sent } of other.seen) expect(sent.authorization).toBeUndefined();
    expect(opened.registry.requests.at(-1)?.headers["authorization"]).toMatch(/^Basic /);
  });

  // Rows 23 and 24.
  test.for([
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://0/",
    "http://0x7f.1.2.3/",
    "http://localhost.:1/",
    "file:///etc/passwd",
    "http://me:pw@127.0.0.1/",
    "http://registry@evil.example/",
    "http://[",
    "",
    `http://${"a".repeat(300)}`,
  ])("neither an upload nor a token goes to %j", async (target) => {
    await using opened = await openStore({}, { retry: { maxAttempts: 1 } });
    const code = /FLOE_REGISTRY_(?:RESPONSE_INVALID|UNAVAILABLE|UNAUTHORIZED|REFUSED)/;
    opened.registry.faults.add({
      match: { method: "POST" },
      action: { kind: "status", status: 202, headers: { location: target } },
    });
    const upload = opened.store.putBlob(descriptor, bytes, { signal });
    expect(await codeOf(upload)).toMatch(code);
    const challenge = `Bearer realm="${target}",service="x"`;
    opened.registry.faults.add({
      match: {},
      action: { kind: "status", status: 401, headers: { "www-authenticate": challenge } },
    });
    expect(await codeOf(opened.store.resolve("v1", { signal }))).toMatch(code);
  });

  test("a redirected write is refused", async () => {
    await using opened = await openStore();
    const headers = { location: "https://registry.example.com/v2/" };
    opened.registry.faults.add({
      match: { method: "PUT" },
      action: { kind: "status", status: 308, headers },
    });
    const manifest = { bytes: Buffer.from("{}"), mediaType: "a/b" };
    const call = opened.store.putManifest(manifest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });
});
