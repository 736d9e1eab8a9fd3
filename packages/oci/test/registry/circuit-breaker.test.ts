import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { createRegistryStore } from "../../src/index.ts";
import {
  type Admission,
  createCircuitBreaker,
  DEFAULT_BREAKER,
} from "../../src/registry/circuit-breaker.ts";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const settings = { ...DEFAULT_BREAKER, failureThreshold: 2, recoveryTimeoutMs: 100 };
const cause = new Error("connection refused");

function admitted(admission: Admission) {
  if (admission.kind !== "admitted") throw new Error("held back");
  return admission.settle;
}

/** A breaker that opened at the moment 0. */
function opened() {
  const breaker = createCircuitBreaker();
  for (let count = 0; count < 2; count += 1) {
    admitted(breaker.enter(settings, 0))({ kind: "failed", cause }, 0);
  }
  return breaker;
}

describe("createCircuitBreaker", () => {
  test("so many failures in a row open it, and it says why and for how long", () => {
    expect(opened().enter(settings, 40)).toEqual({
      kind: "held-back",
      waitMs: 60,
      failures: 2,
      cause,
    });
  });

  test("an answer in between starts the count anew; an abort does not", () => {
    const breaker = createCircuitBreaker();
    for (const kind of ["failed", "answered", "failed", "unknown"] as const) {
      admitted(breaker.enter(settings, 0))({ kind, cause }, 0);
    }
    expect(breaker.enter(settings, 0).kind).toBe("admitted");
    admitted(breaker.enter(settings, 0))({ kind: "failed", cause }, 0);
    expect(breaker.enter(settings, 0).kind).toBe("held-back");
  });

  test("after its time one request is let through, and its success closes it", () => {
    const breaker = opened();
    const settle = admitted(breaker.enter(settings, 100));
    expect(breaker.enter(settings, 100)).toMatchObject({ kind: "held-back", waitMs: 0 });
    settle({ kind: "answered" }, 110);
    expect(breaker.enter(settings, 110).kind).toBe("admitted");
    expect(breaker.enter(settings, 110).kind).toBe("admitted");
  });

  test("a failed trial opens it for the whole time again", () => {
    const breaker = opened();
    admitted(breaker.enter(settings, 100))({ kind: "failed", cause }, 120);
    expect(breaker.enter(settings, 150)).toMatchObject({ waitMs: 70, failures: 3 });
  });

  test("a trial that was given up leaves its place to the next", () => {
    const breaker = opened();
    admitted(breaker.enter(settings, 100))({ kind: "unknown" }, 100);
    expect(breaker.enter(settings, 100).kind).toBe("admitted");
  });

  test("with half_open_requests 2 both have to succeed", () => {
    const two = { ...settings, halfOpenRequests: 2 };
    const breaker = opened();
    const first = admitted(breaker.enter(two, 100));
    const second = admitted(breaker.enter(two, 100));
    expect(breaker.enter(two, 100).kind).toBe("held-back");
    first({ kind: "answered" }, 100);
    expect(breaker.enter(two, 100).kind).toBe("held-back");
    second({ kind: "answered" }, 100);
    expect(breaker.enter(two, 100).kind).toBe("admitted");
  });

  test("what was sent before it opened decides nothing after, and nobody settles twice", () => {
    const breaker = createCircuitBreaker();
    const late = admitted(breaker.enter(settings, 0));
    const twice = admitted(breaker.enter(settings, 0));
    twice({ kind: "failed", cause }, 0);
    twice({ kind: "failed", cause }, 0);
    expect(breaker.enter(settings, 0).kind).toBe("admitted");
    admitted(breaker.enter(settings, 0))({ kind: "failed", cause }, 0);
    late({ kind: "answered" }, 0);
    expect(breaker.enter(settings, 0).kind).toBe("held-back");
  });
});

// Row 37.
describe("a registry that fails again and again", () => {
  const once = { retry: { maxAttempts: 1 } };

  test("is left alone: no request, an error that names host, cause and time, for every store of the process", async () => {
    let at = 0;
    await using it = await openStore({}, { ...once, monotonicMs: () => at });
    const down = { kind: "status", status: 503 } as const;
    it.registry.faults.add({ match: {}, action: down, times: 5 });
    for (let count = 0; count < 5; count += 1) {
      expect(await codeOf(it.store.resolve("v1", { signal }))).toBe("FLOE_REGISTRY_UNAVAILABLE");
    }
    at = 20_000;
    for (const store of [it.store, it.another()]) {
      const error = await errorOf(store.resolve("v1", { signal }));
      expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
      expect(error.message).toContain(it.registry.host);
      expect(error.message).toContain("5 times in a row");
      expect(error.message).toContain("answered 503");
      expect(error.hint).toMatch(
        /^Check the address and the network, then try again\. .* in 40 seconds, at \d{4}-\d\d-\d\dT/,
      );
      expect(error.cause).toBeInstanceOf(Error);
    }
    expect(it.registry.requests).toHaveLength(5);
    at = 60_000;
    expect(await it.store.resolve("v1", { signal })).toBeNull();
    expect(await it.another().resolve("v1", { signal })).toBeNull();
  });

  test("connections and bodies that break count too, and a failed trial waits again", async () => {
    let at = 0;
    const circuitBreaker = { failureThreshold: 2, recoveryTimeoutMs: 1000 };
    await using it = await openStore({}, { ...once, circuitBreaker, monotonicMs: () => at });
    it.registry.plant(REPO, { bytes: Buffer.from("{}"), mediaType: "a/b", tag: "v1" });
    it.registry.faults.add({ match: {}, action: { kind: "truncate", bytes: 1 } });
    it.registry.faults.add({ match: {}, action: { kind: "drop" }, times: 9 });
    await errorOf(it.store.getManifest("v1", { signal }));
    await errorOf(it.store.getManifest("v1", { signal }));
    const before = it.registry.requests.length;
    await errorOf(it.store.getManifest("v1", { signal }));
    expect(it.registry.requests).toHaveLength(before);
    at = 1000;
    await errorOf(it.store.getManifest("v1", { signal }));
    expect(it.registry.requests.length).toBeGreaterThan(before);
    const after = it.registry.requests.length;
    at = 1999;
    await errorOf(it.store.getManifest("v1", { signal }));
    expect(it.registry.requests).toHaveLength(after);
  });

  test.for([400, 401, 403, 404, 409, 429])("answers of %d never count", async (status) => {
    await using it = await openStore({}, { ...once, circuitBreaker: { failureThreshold: 1 } });
    it.registry.faults.add({ match: {}, action: { kind: "status", status }, times: 4 });
    for (let count = 0; count < 4; count += 1) {
      await it.store.resolve("v1", { signal }).catch(() => {});
    }
    expect(await it.store.resolve("v1", { signal })).toBeNull();
  });

  test("aborts do not count, nor does a source that fails while it is uploaded", async () => {
    await using it = await openStore({}, { ...once, circuitBreaker: { failureThreshold: 1 } });
    const controller = new AbortController();
    it.registry.faults.add({ match: {}, action: { kind: "stall" } });
    const call = it.store.resolve("v1", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 30);
    await expect(call).rejects.toThrow("enough");
    // The failure of another registry, from which the blob is copied.
    await using other = await openStore({}, once);
    other.registry.faults.add({ match: {}, action: { kind: "status", status: 503 } });
    const descriptor = { mediaType: "a/b", digest: digestOf(Buffer.from("abc")), size: 3 };
    const source = () => other.store.openBlob(descriptor, { signal });
    const copy = it.store.putBlob(descriptor, source, { signal });
    expect(await codeOf(copy)).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(await it.store.resolve("v1", { signal })).toBeNull();
  });

  test("with enabled: false it is asked every time", async () => {
    await using it = await openStore(
      {},
      { ...once, circuitBreaker: { enabled: false, failureThreshold: 1 } },
    );
    it.registry.faults.add({ match: {}, action: { kind: "status", status: 500 }, times: 3 });
    for (let count = 0; count < 3; count += 1) await errorOf(it.store.resolve("v1", { signal }));
    expect(await it.store.resolve("v1", { signal })).toBeNull();
  });

  test("stores without a table of their own share the process's", async () => {
    await using it = await openStore();
    it.registry.faults.add({ match: {}, action: { kind: "status", status: 500 }, times: 9 });
    const uri = `oci://${it.registry.host}/${REPO}`;
    const options = { uri, ...once, circuitBreaker: { failureThreshold: 1 } };
    const first = createRegistryStore(options);
    const second = createRegistryStore(options);
    await errorOf(first.resolve("v1", { signal }));
    await errorOf(second.resolve("v1", { signal }));
    expect(it.registry.requests).toHaveLength(1);
    await first[Symbol.asyncDispose]?.();
    await second[Symbol.asyncDispose]?.();
  });
});
