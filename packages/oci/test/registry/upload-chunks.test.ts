import { digestOf } from "@floe/core/model";
import type { RegistryOptions } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { blob, patterned, pieces } from "./blob-fixture.ts";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const KIB = 1024;
const large = patterned(1000 * KIB);
const descriptor = blob(large);
const source = () => pieces(large, 50_000);
const uploads = { chunkedAboveBytes: 500 * KIB, chunkBytes: 300 * KIB };

/** Opens a store that sends the blob of these tests in four chunks. */
function open(options: RegistryOptions = {}) {
  return openStore(options, { uploads });
}

type Opened = Awaited<ReturnType<typeof open>>;

function methods({ registry }: Opened): string[] {
  return registry.requests.map(({ method }) => method);
}

function ranges({ registry }: Opened): string[] {
  const chunks = registry.requests.filter(({ method }) => method === "PATCH");
  return chunks.map(({ headers }) => String(headers["content-range"]));
}

function isStored({ registry }: Opened): void {
  expect(digestOf(registry.blob(REPO, descriptor.digest) ?? "")).toBe(descriptor.digest);
  expect(registry.uploadCount(REPO)).toBe(0);
}

describe("a blob in chunks", () => {
  test.for([
    [{}],
    [{ absoluteLocations: true }],
    // Row 44. `crane registry serve` answers 204 and tells nothing of an upload.
    [{ chunkStatus: 204, uploadStatus: false }],
  ] as const)("follows the Location of every answer: %j", async ([options]) => {
    await using opened = await open(options);
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(methods(opened)).toEqual(["HEAD", "POST", "PATCH", "PATCH", "PATCH", "PATCH", "PUT"]);
    expect(ranges(opened)).toEqual([
      "0-307199",
      "307200-614399",
      "614400-921599",
      "921600-1023999",
    ]);
  });

  // Row 44.
  test("goes on after a Range that is short", async () => {
    await using opened = await open({ chunkTakesBytes: 200_000 });
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(ranges(opened)[1]).toBe("200000-507199");
  });

  test.for([
    ["an answer that was lost", { kind: "drop-answer" }],
    ["a connection that broke", { kind: "drop" }],
    ["a server error", { kind: "status", status: 503 }],
    ["a server error after the write", { kind: "status", status: 500, apply: true }],
  ] as const)("asks where it is after %s, and sends nothing twice", async ([, action]) => {
    await using opened = await open();
    opened.registry.faults.add({ match: { method: "PATCH" }, action, after: 1 });
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(methods(opened)).toContain("GET");
    const applied = action.kind === "drop-answer" || "apply" in action;
    expect(ranges(opened)).toHaveLength(applied ? 4 : 5);
  });

  test("begins anew when the upload is gone", async () => {
    await using opened = await open();
    const action = { kind: "status", status: 404 } as const;
    opened.registry.faults.add({ match: { method: "PATCH" }, action, after: 2 });
    let opens = 0;
    const counted = () => {
      opens += 1;
      return source();
    };
    await opened.store.putBlob(descriptor, counted, { signal });
    expect(opens).toBe(2);
    expect(digestOf(opened.registry.blob(REPO, descriptor.digest) ?? "")).toBe(descriptor.digest);
  });

  // Row 44.
  test.for([404, 416])("begins anew when the end is answered %i", async (status) => {
    await using opened = await open();
    opened.registry.faults.add({ match: { method: "PUT" }, action: { kind: "status", status } });
    await opened.store.putBlob(descriptor, source, { signal });
    expect(digestOf(opened.registry.blob(REPO, descriptor.digest) ?? "")).toBe(descriptor.digest);
  });

  test("does not begin anew for ever", async () => {
    await using opened = await open();
    const action = { kind: "status", status: 404 } as const;
    opened.registry.faults.add({ match: { method: "PATCH" }, action, times: 99 });
    const error = await errorOf(opened.store.putBlob(descriptor, source, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(methods(opened).filter((method) => method === "POST")).toHaveLength(4);
  });

  test("whose last answer was lost is looked for, not sent again", async () => {
    await using opened = await open();
    opened.registry.faults.add({ match: { method: "PUT" }, action: { kind: "drop-answer" } });
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(ranges(opened)).toHaveLength(4);
    expect(opened.registry.writes).toBe(1);
  });

  test("with other bytes is never finished, and its upload is cancelled", async () => {
    await using opened = await open();
    const wrong = { ...descriptor, digest: digestOf("other") };
    const call = opened.store.putBlob(wrong, source, { signal });
    expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
    expect(methods(opened)).not.toContain("PUT");
    expect(methods(opened).at(-1)).toBe("DELETE");
    expect([opened.registry.writes, opened.registry.uploadCount(REPO)]).toEqual([0, 0]);
  });

  // Row 38.
  test.for(["PATCH", "PUT"])("that is aborted in its %s is cancelled", async (method) => {
    await using opened = await open();
    const controller = new AbortController();
    const reason = new Error("enough");
    opened.registry.faults.add({
      match: (request) => {
        if (request.method !== method) return false;
        controller.abort(reason);
        return true;
      },
      action: { kind: "stall" },
    });
    const call = opened.store.putBlob(descriptor, source, { signal: controller.signal });
    await expect(call).rejects.toBe(reason);
    expect(methods(opened).at(-1)).toBe("DELETE");
    expect([opened.registry.writes, opened.registry.uploadCount(REPO)]).toEqual([0, 0]);
  });

  test("is given up when the registry takes nothing, or more than it was sent", async () => {
    await using opened = await open({ chunkTakesBytes: 0 });
    const call = () => opened.another().putBlob(descriptor, source, { signal });
    expect(await codeOf(call())).toBe("FLOE_REGISTRY_REFUSED");
    opened.registry.configure({ chunkTakesBytes: null });
    const action = { kind: "headers", headers: { range: "0-99999999" } } as const;
    opened.registry.faults.add({ match: { method: "PATCH" }, action, times: 99 });
    expect(await codeOf(call())).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect([opened.registry.writes, opened.registry.uploadCount(REPO)]).toEqual([0, 0]);
  });

  // Row 23.
  test("gives no credentials to an upload location on another host, and cancels nothing there", async () => {
    const auth = { kind: "basic", username: "me", password: "pass-word" } as const;
    await using elsewhere = await openStore();
    const opened = await openStore(
      { auth },
      { uploads, credentials: () => Promise.resolve({ username: "me", password: "pass-word" }) },
    );
    const location = `${elsewhere.registry.url}/v2/${REPO}/blobs/uploads/1?_state=0`;
    const action = { kind: "headers", headers: { location } } as const;
    opened.registry.faults.add({ match: { method: "POST" }, action, times: 99 });
    await opened.store.hasBlob(descriptor.digest, { signal });
    const call = opened.store.putBlob(descriptor, source, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(elsewhere.registry.requests.length).toBeGreaterThan(0);
    for (const { headers, method } of elsewhere.registry.requests) {
      expect([method, headers["authorization"]]).toEqual(["PATCH", undefined]);
    }
    await opened[Symbol.asyncDispose]();
  });
});

describe("what makes an upload chunked", () => {
  const whole = { uploads: { chunkBytes: 300 * KIB } };

  // Row 43.
  test("a proxy's 413, from then on for every blob of that size", async () => {
    await using opened = await openStore({ uploadLimitBytes: 400 * KIB }, whole);
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    const other = patterned(1001 * KIB);
    const before = methods(opened).length;
    await opened.store.putBlob(blob(other), other, { signal });
    expect(methods(opened).slice(before, before + 3)).toEqual(["HEAD", "POST", "PATCH"]);
  });

  // Row 43.
  test("a limit that lies below the size of a chunk is found by halving", async () => {
    await using opened = await openStore({ uploadLimitBytes: 90 * KIB }, whole);
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(ranges(opened).slice(0, 3)).toEqual(["0-307199", "0-153599", "0-76799"]);
  });

  // Row 43.
  test("a limit below everything that makes sense is explained", async () => {
    await using opened = await openStore({ uploadLimitBytes: 10 }, whole);
    for (const size of [20, 1000 * KIB]) {
      const bytes = patterned(size);
      const error = await errorOf(opened.store.putBlob(blob(bytes), bytes, { signal }));
      expect(error.code).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
      expect(error.hint).toContain("proxy");
      expect(error.message).not.toContain("html");
    }
    expect(opened.registry.uploadCount(REPO)).toBe(0);
  });

  // Row 44. GHCR
  test("a 416 for chunks that are too long makes them shorter", async () => {
    await using opened = await open({ chunkLimitBytes: 200 * KIB });
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(ranges(opened).slice(0, 2)).toEqual(["0-307199", "0-153599"]);
  });

  test("OCI-Chunk-Min-Length, which is also the least length", async () => {
    await using opened = await openStore({ chunkMinBytes: 400 * KIB }, whole);
    await opened.store.putBlob(descriptor, source, { signal });
    isStored(opened);
    expect(ranges(opened)).toEqual(["0-409599", "409600-819199", "819200-1023999"]);
    const small = patterned(20);
    const before = methods(opened).length;
    await opened.store.putBlob(blob(small), small, { signal });
    expect(methods(opened).slice(before)).toEqual(["HEAD", "POST", "PUT"]);
  });
});
