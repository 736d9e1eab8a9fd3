import { digestOf } from "@floe/core/model";
import { buildArtifact, type FaultAction, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import {
  createHostStates,
  createRegistryStore,
  type RegistryStoreOptions,
} from "../../src/index.ts";
import { blob, collect, patterned } from "./blob-fixture.ts";
import { codeOf, openStore, REPO } from "./open-store.ts";
import { drip, startStrangeServer } from "./start-strange-server.ts";

const signal = new AbortController().signal;
const UNAVAILABLE = "FLOE_REGISTRY_UNAVAILABLE";
const bytes = patterned(50_000);
const timeouts = { connectMs: 2000, headersMs: 200, idleMs: 200, bodyMs: 500 };

function openStrange(host: string, options: Partial<RegistryStoreOptions> = {}) {
  return createRegistryStore({
    uri: `oci://${host}/${REPO}`,
    hosts: createHostStates(),
    retry: { maxAttempts: 1 },
    timeouts,
    ...options,
  });
}

// Row 34.
describe("a peer that takes its time", () => {
  test.for<[string, string, string]>([
    ["headers that come letter by letter", "HTTP/1.1 200 OK\r\nx: ", "y"],
    ["provisional answers without end", "", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"],
    [
      "a manifest that comes letter by letter",
      "HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n",
      " ",
    ],
  ])("%s are not waited for", async ([, start, piece]) => {
    await using server = await startStrangeServer((socket) => {
      socket.write(start);
      drip(socket, piece, 20);
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.getManifest("v1", { signal }))).toBe(UNAVAILABLE);
    await store[Symbol.asyncDispose]?.();
  });

  test("a blob that comes letter by letter is given up, one that is slow but comes is not", async () => {
    const body = "x".repeat(60);
    const head = `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`;
    await using server = await startStrangeServer((socket) => {
      socket.write(head);
      drip(socket, "x", 20);
    });
    const descriptor = blob(Buffer.from(body));
    const strict = openStrange(server.host, { timeouts: { ...timeouts, minBytesPerSecond: 1000 } });
    const stream = collect(strict.openBlob(descriptor, { signal }));
    expect(await codeOf(stream)).toBe(UNAVAILABLE);
    const patient = openStrange(server.host, { timeouts: { ...timeouts, minBytesPerSecond: 1 } });
    const got = await collect(patient.openBlob(descriptor, { signal }));
    expect(Buffer.from(got).toString()).toBe(body);
    await strict[Symbol.asyncDispose]?.();
    await patient[Symbol.asyncDispose]?.();
  });

  test("a reader who is slow is not taken for a slow registry", async () => {
    const strict = { ...timeouts, idleMs: 60, minBytesPerSecond: 100_000 };
    await using it = await openStore({}, { timeouts: strict });
    const large = patterned(600_000);
    await it.store.putBlob(blob(large), large, { signal });
    let count = 0;
    for await (const chunk of it.store.openBlob(blob(large), { signal })) {
      count += chunk.length;
      await new Promise((done) => setTimeout(done, 30));
    }
    expect(count).toBe(large.length);
  });

  test("a token service that never ends its answer", async () => {
    await using tokens = await startStrangeServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9000\r\n\r\n");
      drip(socket, " ", 20);
    });
    await using it = await openStore({}, { retry: { maxAttempts: 1 }, timeouts });
    const challenge = `Bearer realm="http://${tokens.host}/token",service="x"`;
    const headers = { "www-authenticate": challenge };
    it.registry.faults.add({ match: {}, action: { kind: "status", status: 401, headers } });
    expect(await codeOf(it.store.resolve("v1", { signal }))).toBe(UNAVAILABLE);
  });

  test("an upload that the registry stops taking", async () => {
    const large = patterned(8_000_000);
    await using server = await startStrangeServer((socket, request) => {
      if (request.startsWith("HEAD")) {
        socket.write("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
      } else if (request.startsWith("POST")) {
        socket.write(
          "HTTP/1.1 202 Accepted\r\nlocation: /v2/acme/app/blobs/uploads/1\r\ncontent-length: 0\r\n\r\n",
        );
      } else {
        socket.pause();
      }
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.putBlob(blob(large), large, { signal }))).toBe(UNAVAILABLE);
    await store[Symbol.asyncDispose]?.();
  });
});

// Rows 33 and 35: what happened to a write whose answer is bad or lost.
describe("a tag that is written", () => {
  const built = buildArtifact({ layers: [{ content: `${REPO}:null` }] });
  const reference = "manifests/v1";

  test.for<[string, FaultAction, string[]]>([
    [
      "an error although it landed",
      { kind: "status", status: 500, apply: true },
      [`HEAD ${reference}`, `PUT ${reference}`, `HEAD ${reference}`, `HEAD ${reference}`],
    ],
    [
      "an answer that was lost",
      { kind: "drop-answer" },
      [`HEAD ${reference}`, `PUT ${reference}`, `HEAD ${reference}`, `HEAD ${reference}`],
    ],
    [
      "a kept connection that closes under it",
      { kind: "drop" },
      [
        `HEAD ${reference}`,
        `PUT ${reference}`,
        `HEAD ${reference}`,
        `PUT ${reference}`,
        `HEAD ${reference}`,
      ],
    ],
    [
      "503 and then fine",
      { kind: "status", status: 503 },
      [
        `HEAD ${reference}`,
        `PUT ${reference}`,
        `HEAD ${reference}`,
        `PUT ${reference}`,
        `HEAD ${reference}`,
      ],
    ],
  ])("through %s is created once, with the requests that this takes", async ([, action, trace]) => {
    await using it = await openStore({}, { timeouts });
    await pushArtifact(it.registry, REPO, null);
    // The connection that the faults then meet is a kept one.
    await it.store.hasBlob(digestOf(bytes), { signal });
    const before = it.trace().length;
    it.registry.faults.add({ match: { method: "PUT" }, action });
    expect((await it.store.createTag("v1", built, { signal })).status).toBe("created");
    expect(it.trace().slice(before)).toEqual(trace);
    expect(Object.keys(it.registry.tags(REPO))).toEqual(["v1"]);
  });

  // Row 38, the store's part of it.
  test.for(["HEAD", "PUT"])("and called off in its %s is not there after", async (method) => {
    await using it = await openStore();
    await pushArtifact(it.registry, REPO, null);
    it.registry.faults.add({ match: { method, path: /manifests/ }, action: { kind: "stall" } });
    const controller = new AbortController();
    const reason = new Error("enough");
    const before = it.registry.requests.length;
    const call = it.store.createTag("v1", built, { signal: controller.signal });
    const isThere = () =>
      it.registry.requests.slice(before).some((request) => request.method === method);
    while (!isThere()) await new Promise((done) => setTimeout(done, 5));
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(it.registry.tags(REPO)).toEqual({});
  });
});

describe("Expect: 100-continue", () => {
  // Row 36: what is not asked for need not come, and may come all the same.
  test("is never sent", async () => {
    await using it = await openStore();
    await it.store.putBlob(blob(bytes), bytes, { signal });
    for (const { headers } of it.registry.requests) expect(headers["expect"]).toBeUndefined();
  });

  test("an answer to it that nobody asked for does no harm", async () => {
    await using server = await startStrangeServer((socket) => {
      socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n");
    });
    const store = openStrange(server.host);
    expect(await store.resolve("v1", { signal })).toBeNull();
    await store[Symbol.asyncDispose]?.();
  });
});
