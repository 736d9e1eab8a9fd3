import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { createHostStates, createRegistryStore } from "../../src/index.ts";
import { codeOf, errorOf, openStore } from "./open-store.ts";

const signal = new AbortController().signal;

/** A server that answers 404 to everything when it is told to, and counts how many wait for that. */
async function startGate() {
  let waiting: (() => void)[] = [];
  let most = 0;
  const server = createServer((request, response) => {
    request.resume();
    waiting.push(() => response.writeHead(404).end());
    most = Math.max(most, waiting.length);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    waiting: () => waiting.length,
    most: () => most,
    answer() {
      for (const one of waiting.splice(0)) one();
      waiting = [];
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 5));
}

describe("the limit of requests to a host", () => {
  test("holds for all stores of the process together, and all get through", async () => {
    await using gate = await startGate();
    const hosts = createHostStates();
    const stores = ["a/b", "c/d"].map((repository) =>
      createRegistryStore({ uri: `oci://${gate.host}/${repository}`, hosts, maxConcurrent: 3 }),
    );
    const calls = stores.flatMap((store) =>
      Array.from({ length: 5 }, (_, index) => store.resolve(`v${index}`, { signal })),
    );
    let settled = 0;
    const counted = calls.map(async (call) => {
      const found = await call;
      settled += 1;
      return found;
    });
    while (settled < calls.length) {
      await until(() => gate.waiting() === Math.min(3, calls.length - settled) || settled === 10);
      gate.answer();
      const before = settled;
      await until(() => settled > before);
    }
    expect(await Promise.all(counted)).toEqual(Array.from({ length: 10 }, () => null));
    expect(gate.most()).toBe(3);
    for (const store of stores) await store[Symbol.asyncDispose]?.();
  });

  test("one who waits for a place can be called off", async () => {
    await using gate = await startGate();
    const hosts = createHostStates();
    const uri = `oci://${gate.host}/a/b`;
    const store = createRegistryStore({ uri, hosts, maxConcurrent: 1 });
    const first = store.resolve("v1", { signal });
    const controller = new AbortController();
    const second = store.resolve("v2", { signal: controller.signal });
    const reason = new Error("enough");
    await until(() => gate.waiting() === 1);
    controller.abort(reason);
    await expect(second).rejects.toBe(reason);
    gate.answer();
    expect(await first).toBeNull();
    expect(gate.most()).toBe(1);
    await store[Symbol.asyncDispose]?.();
  });

  test("blobs that are read side by side do not keep requests waiting, nor uploads what they copy from", async () => {
    await using it = await openStore({}, { maxConcurrent: 1 });
    const contents = ["one", "two", "three"].map((text) => Buffer.from(text.repeat(100_000)));
    const descriptors = contents.map((bytes) => ({
      mediaType: "a/b",
      digest: digestOf(bytes),
      size: bytes.length,
    }));
    for (const [index, bytes] of contents.entries()) {
      const descriptor = descriptors[index];
      if (descriptor !== undefined) await it.store.putBlob(descriptor, bytes, { signal });
    }
    const readers = descriptors.map((one) =>
      it.store.openBlob(one, { signal })[Symbol.asyncIterator](),
    );
    for (const reader of readers) expect((await reader.next()).done).toBe(false);
    expect(await it.store.resolve("v1", { signal })).toBeNull();
    for (const reader of readers) await reader.return?.();
    const uri = `oci://${it.registry.host}/other/place`;
    const hosts = createHostStates();
    const place = createRegistryStore({ uri, hosts, maxConcurrent: 1 });
    const from = it.another({ hosts });
    await Promise.all(
      descriptors.map((one) =>
        place.putBlob(one, () => from.openBlob(one, { signal }), { signal }),
      ),
    );
    expect(it.registry.blobCount("other/place")).toBe(3);
    await place[Symbol.asyncDispose]?.();
  });
});

describe("the rate limit", () => {
  test("spreads requests evenly, over stores too", async () => {
    await using it = await openStore({}, { requestsPerSecond: 4, monotonicMs: () => 1000 });
    await it.store.resolve("v1", { signal });
    await it.another().resolve("v1", { signal });
    await it.store.resolve("v1", { signal });
    expect(it.pauses).toEqual([250, 500]);
  });
});

// Row 32.
describe("429", () => {
  const retry = { maxAttempts: 2, initialDelayMs: 400, jitter: false };

  test("is a state of the host: other requests wait as well, of other stores too", async () => {
    await using it = await openStore({}, { retry: { maxAttempts: 1 } });
    const action = { kind: "status", status: 429, retryAfter: 30 } as const;
    it.registry.faults.add({ match: {}, action });
    await errorOf(it.store.resolve("v1", { signal }));
    expect(it.pauses).toEqual([]);
    expect(await it.another().resolve("v2", { signal })).toBeNull();
    expect(it.pauses).toHaveLength(1);
    expect(Math.ceil((it.pauses[0] ?? 0) / 1000)).toBe(30);
    // The pause is over.
    expect(await it.store.resolve("v1", { signal })).toBeNull();
    expect(it.pauses).toHaveLength(1);
  });

  test.for([undefined, 0, -5, "1e9", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"])(
    "with Retry-After %j waits as after any failure",
    async (retryAfter) => {
      await using it = await openStore({}, { retry });
      const action = {
        kind: "status",
        status: 429,
        ...(retryAfter === undefined ? {} : { retryAfter }),
      } as const;
      it.registry.faults.add({ match: {}, action });
      expect(await it.store.resolve("v1", { signal })).toBeNull();
      expect(it.pauses.map((pause) => Math.ceil(pause / 100))).toEqual([4]);
    },
  );

  test("a storm of them ends, with growing pauses", async () => {
    await using it = await openStore({}, { retry: { ...retry, maxAttempts: 4 } });
    it.registry.faults.add({ match: {}, action: { kind: "status", status: 429 }, times: 99 });
    expect(await codeOf(it.store.resolve("v1", { signal }))).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(it.registry.requests).toHaveLength(4);
    expect(it.pauses.map((pause) => Math.ceil(pause / 100))).toEqual([4, 8, 16]);
  });

  test.for([3600, 9_999_999_999])(
    "a pause of %d s is told, not waited for, and no request breaks it",
    async (seconds) => {
      await using it = await openStore({}, { retry });
      const action = { kind: "status", status: 429, retryAfter: seconds } as const;
      it.registry.faults.add({ match: {}, action });
      expect((await errorOf(it.store.resolve("v1", { signal }))).hint).toContain(
        `${seconds} seconds`,
      );
      const error = await errorOf(it.store.resolve("v2", { signal }));
      expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
      expect(error.hint).toMatch(/try again after [+\d]/);
      expect(it.registry.requests).toHaveLength(1);
      expect(it.pauses).toEqual([]);
    },
  );

  test("the pause ends with the caller's signal", async () => {
    await using it = await openStore();
    const hosts = createHostStates();
    const uri = `oci://${it.registry.host}/a/b`;
    const store = createRegistryStore({ uri, hosts });
    it.registry.faults.add({ match: {}, action: { kind: "status", status: 429, retryAfter: 50 } });
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = store.resolve("v1", { signal: controller.signal });
    await until(() => it.registry.requests.length === 1);
    setTimeout(() => controller.abort(reason), 30);
    await expect(call).rejects.toBe(reason);
    await store[Symbol.asyncDispose]?.();
  });
});
