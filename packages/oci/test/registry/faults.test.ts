import { buildArtifact, type FaultAction, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const timeouts = { connectMs: 2000, headersMs: 150, idleMs: 150, bodyMs: 2000 };
const UNAVAILABLE = "FLOE_REGISTRY_UNAVAILABLE";

const LASTING: readonly (readonly [FaultAction, string])[] = [
  [{ kind: "drop" }, UNAVAILABLE],
  [{ kind: "drop-answer" }, UNAVAILABLE],
  [{ kind: "stall" }, UNAVAILABLE],
  [{ kind: "delay", milliseconds: 5000 }, UNAVAILABLE],
  [{ kind: "truncate" }, UNAVAILABLE],
  [{ kind: "stall-body" }, UNAVAILABLE],
  [{ kind: "flip-byte" }, "FLOE_DIGEST_MISMATCH"],
  [{ kind: "status", status: 408 }, UNAVAILABLE],
  [{ kind: "status", status: 429 }, UNAVAILABLE],
  [{ kind: "status", status: 500 }, UNAVAILABLE],
  [{ kind: "status", status: 503, retryAfter: 2 }, UNAVAILABLE],
  [{ kind: "status", status: 501 }, UNAVAILABLE],
  [{ kind: "status", status: 403 }, "FLOE_REGISTRY_DENIED"],
  [{ kind: "status", status: 401 }, "FLOE_REGISTRY_UNAUTHORIZED"],
  [{ kind: "status", status: 418, body: "x".repeat(1_000_000) }, "FLOE_REGISTRY_REFUSED"],
  [{ kind: "status", status: 204 }, "FLOE_REGISTRY_RESPONSE_INVALID"],
];

describe("faults that last", () => {
  test.for(LASTING)("reading a manifest through %j ends with %s", async ([action, code]) => {
    await using opened = await openStore({}, { timeouts });
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    opened.registry.faults.add({ match: { path: /manifests/ }, action, times: 999 });
    expect(await codeOf(opened.store.getManifest(digest, { signal }))).toBe(code);
  });

  test.for(
    LASTING.filter(
      ([{ kind }]) => !["truncate", "stall-body", "flip-byte", "drop-answer"].includes(kind),
    ),
  )("creating a tag through %j ends with %s and no tag", async ([action, code]) => {
    await using opened = await openStore({}, { timeouts });
    await pushArtifact(opened.registry, REPO, null);
    const built = buildArtifact({ layers: [{ content: `${REPO}:null` }] });
    opened.registry.faults.add({ match: { method: "PUT", path: /manifests/ }, action, times: 999 });
    expect(await codeOf(opened.store.createTag("v1", built, { signal }))).toBe(code);
    if (action.kind !== "delay") expect(opened.registry.tags(REPO)).toEqual({});
  });

  test("nobody there", async () => {
    await using opened = await openStore();
    await opened.registry.close();
    const error = await errorOf(opened.store.resolve("v1", { signal }));
    expect(error.code).toBe(UNAVAILABLE);
    expect(error.message).toContain("refused");
    expect(error.cause).toBeInstanceOf(Error);
    expect(opened.pauses).toHaveLength(2);
  });
});

describe("faults that pass", () => {
  test.for<FaultAction>([
    { kind: "drop" },
    { kind: "stall" },
    { kind: "truncate" },
    { kind: "stall-body" },
    { kind: "flip-byte" },
    { kind: "status", status: 502 },
  ])("a manifest is read in spite of one %j", async (action) => {
    await using opened = await openStore({}, { timeouts });
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    opened.registry.faults.add({ match: { path: /manifests/ }, action });
    expect((await opened.store.getManifest("v1", { signal }))?.descriptor.digest).toBe(digest);
  });

  test("a connection that the registry closed while it was idle is no failure", async () => {
    await using opened = await openStore({}, { retry: { maxAttempts: 1 } });
    await opened.store.resolve("v1", { signal });
    opened.registry.faults.add({ match: {}, action: { kind: "drop" } });
    expect(await opened.store.resolve("v1", { signal })).toBeNull();
    expect(opened.pauses).toEqual([]);
  });
});

describe("waiting", () => {
  const retry = { maxAttempts: 5, initialDelayMs: 100, backoffMultiplier: 3, maxDelayMs: 1000 };

  test("pauses grow up to the limit", async () => {
    await using opened = await openStore({}, { retry: { ...retry, jitter: false } });
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 500 }, times: 9 });
    await errorOf(opened.store.resolve("v1", { signal }));
    expect(opened.pauses).toEqual([100, 300, 900, 1000]);
  });

  test("jitter takes a part of them", async () => {
    await using opened = await openStore(
      {},
      { retry: { ...retry, jitter: true }, random: () => 0.5 },
    );
    opened.registry.faults.add({ match: {}, action: { kind: "status", status: 500 }, times: 2 });
    await opened.store.resolve("v1", { signal });
    expect(opened.pauses).toEqual([50, 150]);
  });

  test("Retry-After is obeyed, in seconds and as a date", async () => {
    const now = new Date("2026-05-01T12:00:00Z");
    await using opened = await openStore(
      { now: () => now },
      { retry: { ...retry, jitter: false } },
    );
    const fault = (retryAfter: string) =>
      opened.registry.faults.add({
        match: {},
        action: { kind: "status", status: 429, retryAfter, headers: { date: now.toUTCString() } },
      });
    fault("7");
    fault(new Date(now.getTime() + 20_000).toUTCString());
    await opened.store.resolve("v1", { signal });
    fault(new Date(now.getTime() - 20_000).toUTCString());
    await opened.store.resolve("v1", { signal });
    // A moment that is over asks for nothing: the usual pause. What the test itself takes comes off.
    expect(opened.pauses.map((pause) => Math.ceil(pause / 100) * 100)).toEqual([7000, 20_000, 100]);
  });

  test("a Retry-After of an hour is not waited for but told", async () => {
    await using opened = await openStore();
    opened.registry.faults.add({
      match: {},
      action: { kind: "status", status: 429, retryAfter: 3600 },
    });
    const error = await errorOf(opened.store.getManifest("v1", { signal }));
    expect(error.hint).toContain("3600 seconds");
    expect(opened.pauses).toEqual([]);
  });

  test("an abort ends a request with its own reason", async () => {
    await using opened = await openStore();
    opened.registry.faults.add({ match: {}, action: { kind: "stall" } });
    const controller = new AbortController();
    const call = opened.store.resolve("v1", { signal: controller.signal });
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    await expect(opened.store.resolve("v1", { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe("the store's clock", () => {
  test("is the registry's, carried forward, and never steps back within a second", async () => {
    let server = new Date("2030-01-01T00:00:00.900Z");
    let monotonic = 1000;
    await using opened = await openStore({ now: () => server }, { monotonicMs: () => monotonic });
    const local = opened.store.now().getTime();
    expect(Math.abs(local - Date.now())).toBeLessThan(60_000);
    await opened.store.resolve("v1", { signal });
    expect(opened.store.now()).toEqual(new Date("2030-01-01T00:00:00Z"));
    monotonic += 500;
    await opened.store.resolve("v1", { signal });
    expect(opened.store.now()).toEqual(new Date("2030-01-01T00:00:00.500Z"));
    server = new Date("2030-01-01T00:10:00Z");
    await opened.store.resolve("v1", { signal });
    expect(opened.store.now()).toEqual(server);
  });
});
