import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "@floe/core/model";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createBlobCache, withCache } from "../../src/index.ts";
import { go, put, storeOn } from "../copy/copy-fixture.ts";

async function world(admits: "verified" | "everything" = "verified") {
  await using stack = new AsyncDisposableStack();
  const temp = await mkdtempDisposable(join(tmpdir(), "floe-cache-"));
  stack.defer(() => temp.remove());
  const registry = stack.use(await startRegistry());
  const seed = stack.use(storeOn(registry.host, "acme/app"));
  const small = { content: "small layer" };
  const large = { content: new Uint8Array(5 * 1024 * 1024).fill(7) };
  const artifact = await put(seed, { layers: [small, large] }, "v1.0.0");
  const cache = createBlobCache({ path: temp.path, maxBytes: 100 * 1024 * 1024 });
  const owned = stack.move();
  const layers = artifact.blobs.map(({ descriptor }) => descriptor);
  return {
    registry,
    cache,
    artifact,
    layers,
    /** A store as a new process has it. */
    open: () => withCache(owned.use(storeOn(registry.host, "acme/app")), cache, { admits }),
    isKept: async (digest: Digest) => (await cache.get(digest, 10 ** 7)) !== null,
    /** Requests that a piece of work makes. */
    requests: async (run: () => Promise<unknown>): Promise<string[]> => {
      const before = registry.requests.length;
      await run();
      return registry.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe("a store with a cache", () => {
  test("keeps nothing of an artifact that was not verified", async () => {
    await using opened = await world();
    const { artifact, layers, isKept } = opened;
    const store = opened.open();
    for (const reference of ["v1.0.0", artifact.descriptor.digest])
      await store.getManifest(reference, go);
    for (const layer of layers.slice(0, 2)) await store.getBlob(layer, go);
    for (const { digest } of [artifact.descriptor, ...layers])
      expect(await isKept(digest)).toBe(false);
  });

  test("keeps a verified manifest and the small blobs that it names, for later runs too", async () => {
    await using opened = await world();
    const { artifact, layers, isKept, requests } = opened;
    const [config, small, large] = layers;
    if (!config || !small || !large) throw new Error("the artifact has three blobs");
    const first = opened.open();
    await first.getManifest("v1.0.0", go);
    await first.admit(artifact.descriptor.digest);
    expect(await isKept(artifact.descriptor.digest)).toBe(true);
    const second = opened.open();
    await second.getManifest("v1.0.0", go);
    await second.getBlob(small, go);
    for await (const _ of second.openBlob(config, go));
    for await (const _ of second.openBlob(large, go));
    expect([await isKept(small.digest), await isKept(config.digest)]).toEqual([true, true]);
    expect(await isKept(large.digest)).toBe(false);

    const third = opened.open();
    const asked = await requests(async () => {
      const raw = await third.getManifest(artifact.descriptor.digest, go);
      expect(raw?.bytes).toEqual(Buffer.from(artifact.bytes));
      expect(raw?.descriptor.mediaType).toBe(artifact.mediaType);
      expect(Buffer.from(await third.getBlob(small, go)).toString()).toBe("small layer");
    });
    expect(asked).toEqual([]);
  });

  test("what another artifact names does not come in with a verified one", async () => {
    await using opened = await world();
    const store = opened.open();
    await using seed = storeOn(opened.registry.host, "acme/app");
    const other = await put(seed, { layers: [{ content: "not verified" }] }, "v2.0.0");
    const foreign = other.blobs[1]?.descriptor;
    if (!foreign) throw new Error("the artifact has a layer");
    await store.getManifest("v1.0.0", go);
    await store.admit(opened.artifact.descriptor.digest);
    await store.getManifest("v2.0.0", go);
    await store.getBlob(foreign, go);
    expect(await opened.isKept(other.descriptor.digest)).toBe(false);
    expect(await opened.isKept(foreign.digest)).toBe(false);
  });

  test("asks the registry for every tag, every time, and whether something is there", async () => {
    await using opened = await world("everything");
    const store = opened.open();
    const { digest } = opened.artifact.descriptor;
    await store.getManifest("v1.0.0", go);
    const asked = await opened.requests(async () => {
      await store.getManifest("v1.0.0", go);
      await store.resolve("v1.0.0", go);
      await store.resolve(digest, go);
      await store.hasBlob(opened.layers[1]?.digest ?? digest, go);
    });
    expect(asked).toHaveLength(4);
  });

  test("with verification off keeps what is read", async () => {
    await using opened = await world("everything");
    const store = opened.open();
    const [, small] = opened.layers;
    if (!small) throw new Error("the artifact has a layer");
    await store.getManifest("v1.0.0", go);
    await store.getBlob(small, go);
    expect(await opened.isKept(small.digest)).toBe(true);
  });
});
