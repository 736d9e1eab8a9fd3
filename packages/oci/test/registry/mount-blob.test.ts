import { pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { blob } from "./blob-fixture.ts";
import { openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const bytes = new TextEncoder().encode("shared layer");
const descriptor = blob(bytes);

async function openWithSource(...options: Parameters<typeof openStore>) {
  const opened = await openStore(...options);
  await pushArtifact(opened.registry, "acme/base", "v1", { layers: [{ content: bytes }] });
  const before = opened.registry.requests.length;
  const { host } = opened.registry;
  return {
    ...opened,
    /** What the store asked. */
    asked: () =>
      opened.registry.requests
        .slice(before)
        .filter(({ path }) => path !== "/token")
        .map(({ method, path, query }) => `${method} ${path.replace(/.*\/app\//, "")}${query}`),
    mount: (from = `${host}/acme/base`) => opened.store.mountBlob?.(descriptor, from, { signal }),
    put: () => opened.store.putBlob(descriptor, bytes, { signal }),
  };
}

describe("mountBlob", () => {
  test("takes a blob over with one request, and it is known to be there", async () => {
    await using opened = await openWithSource();
    expect(await opened.mount()).toBe(true);
    await opened.put();
    expect(await opened.mount()).toBe(true);
    expect(opened.asked()).toEqual([
      `POST blobs/uploads/?mount=${descriptor.digest}&from=acme%2Fbase`,
    ]);
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
  });

  // Row 45.
  test("a registry that begins an upload instead gets the blob through it", async () => {
    await using opened = await openWithSource({ mounts: false });
    expect(await opened.mount()).toBe(false);
    await opened.put();
    expect(opened.asked().map((line) => line.slice(0, 4))).toEqual(["POST", "PUT "]);
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    expect(opened.registry.uploadCount(REPO)).toBe(0);
  });

  // Row 45.
  test("an upload that a mount began and nobody used is cancelled with the store", async () => {
    await using opened = await openWithSource({ mounts: false });
    const other = opened.another();
    const from = `${opened.registry.host}/acme/base`;
    expect(await other.mountBlob?.(descriptor, from, { signal })).toBe(false);
    expect(opened.registry.uploadCount(REPO)).toBe(1);
    await other[Symbol.asyncDispose]?.();
    expect(opened.registry.uploadCount(REPO)).toBe(0);
  });

  // Row 45.
  test("an upload begun by a mount that is gone by then is begun again", async () => {
    await using opened = await openWithSource({ mounts: false });
    expect(await opened.mount()).toBe(false);
    const action = { kind: "status", status: 404 } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    await opened.put();
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
  });

  // Row 45.
  test.for([400, 401, 403, 404, 405, 500, 503])(
    "a mount that is answered %i is no failure, and the blob is uploaded",
    async (status) => {
      await using opened = await openWithSource();
      const action = { kind: "status", status } as const;
      opened.registry.faults.add({ match: { method: "POST" }, action });
      expect(await opened.mount()).toBe(false);
      await opened.put();
      expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    },
  );

  // Row 45.
  test("asks for a token that is good for both repositories, and the upload asks for one of its own", async () => {
    const auth = { kind: "bearer", username: "me", password: "pass-word" } as const;
    const credentials = () => Promise.resolve({ username: "me", password: "pass-word" });
    await using opened = await openWithSource({ auth }, { credentials });
    expect(await opened.mount()).toBe(true);
    const tokens = opened.registry.requests.filter(({ path }) => path === "/token");
    const scopes = new URLSearchParams(tokens.at(-1)?.query).getAll("scope").join(" ");
    expect(scopes).toContain(`repository:${REPO}:pull,push`);
    expect(scopes).toContain("repository:acme/base:pull");
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
  });

  test("another registry and a folder are no source, and nothing is asked", async () => {
    await using opened = await openWithSource();
    for (const from of ["example.com/acme/base", "oci-layout:.floe/registry", "not a name"]) {
      expect(await opened.mount(from)).toBe(false);
    }
    expect(opened.asked()).toEqual([]);
  });

  test("the repository itself is only looked into", async () => {
    await using opened = await openWithSource();
    expect(await opened.mount(opened.store.repository)).toBe(false);
    await opened.put();
    expect(
      await opened.another().mountBlob?.(descriptor, opened.store.repository, { signal }),
    ).toBe(true);
  });

  test("an abort is an abort", async () => {
    await using opened = await openWithSource();
    const reason = new Error("enough");
    const call = opened.store.mountBlob?.(descriptor, `${opened.registry.host}/acme/base`, {
      signal: AbortSignal.abort(reason),
    });
    await expect(call).rejects.toBe(reason);
  });
});
