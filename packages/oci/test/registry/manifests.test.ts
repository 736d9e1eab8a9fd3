import { digestOf, MEDIA_TYPES } from "@floe/core/model";
import { buildArtifact, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const MANIFEST = /\/manifests\//;

describe("reading manifests", () => {
  test("a manifest is read byte for byte by tag and by digest, one request each", async () => {
    await using opened = await openStore({ requireAccept: true });
    const pushed = await pushArtifact(
      { ...opened.registry, authorization: () => null },
      REPO,
      "v1",
    );
    const before = opened.trace().length;
    for (const reference of ["v1", pushed.digest]) {
      const read = await opened.store.getManifest(reference, { signal });
      expect(new Uint8Array(read?.bytes ?? [])).toEqual(pushed.bytes);
      const { mediaType, digest, size } = pushed.descriptor;
      expect(read?.descriptor).toEqual({ mediaType, digest, size });
      expect(await opened.store.resolve(reference, { signal })).toEqual({
        mediaType,
        digest,
        size,
      });
    }
    expect(opened.trace().slice(before)).toEqual([
      "GET manifests/v1",
      "HEAD manifests/v1",
      `GET manifests/${pushed.digest}`,
      `HEAD manifests/${pushed.digest}`,
    ]);
    expect(opened.store.stats).toEqual({ requests: 4, writes: 0 });
  });

  test("what is absent is null, and a name that is no tag is refused before anything is sent", async () => {
    await using opened = await openStore();
    expect(await opened.store.getManifest("v1", { signal })).toBeNull();
    expect(await opened.store.resolve(digestOf("x"), { signal })).toBeNull();
    const before = opened.trace().length;
    expect(await codeOf(opened.store.resolve("../x", { signal }))).toBe("FLOE_TAG_INVALID");
    expect(opened.trace()).toHaveLength(before);
  });

  // Row 15.
  test.for([
    ["another digest", digestOf("lie"), "FLOE_DIGEST_MISMATCH"],
    ["no digest", "sha256:zz", "FLOE_REGISTRY_RESPONSE_INVALID"],
    ["two digests", `${digestOf("a")}, ${digestOf("b")}`, "FLOE_REGISTRY_RESPONSE_INVALID"],
  ] as const)("a Docker-Content-Digest that is %s is an error", async ([, digest, code]) => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "content-digest", digest } as const;
    opened.registry.faults.add({ match: { method: "GET", path: MANIFEST }, action, times: 9 });
    expect(await codeOf(opened.store.getManifest("v1", { signal }))).toBe(code);
  });

  // Row 16.
  test("a HEAD without a digest is made good by a GET", async () => {
    await using opened = await openStore();
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "content-digest", digest: null } as const;
    opened.registry.faults.add({ match: { method: "HEAD" }, action });
    expect((await opened.store.resolve("v1", { signal }))?.digest).toBe(digest);
  });

  // Row 17.
  test("a tag that moves between the HEAD and the GET is read as one of the two, never as a mixture", async () => {
    await using opened = await openStore();
    const { registry } = opened;
    await pushArtifact(registry, REPO, "v1");
    const after = buildArtifact({ layers: [{ content: `${REPO}:v1` }], annotations: { b: "c" } });
    registry.faults.add({
      match: ({ method }) => {
        // The HEAD says nothing of its digest, and before the GET that makes it good the tag moves.
        if (method === "GET") registry.plant(REPO, { ...after, tag: "v1" });
        return method === "HEAD";
      },
      action: { kind: "content-digest", digest: null },
      times: 2,
    });
    const { artifactType: _, ...moved } = after.descriptor;
    expect(await opened.store.resolve("v1", { signal })).toEqual(moved);
    const read = await opened.store.getManifest("v1", { signal });
    expect(read?.descriptor).toEqual(moved);
    expect(new Uint8Array(read?.bytes ?? [])).toEqual(after.bytes);
  });

  // Row 15.
  test("a HEAD by digest that claims another digest is an error", async () => {
    await using opened = await openStore();
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "content-digest", digest: digestOf("lie") } as const;
    opened.registry.faults.add({ match: { method: "HEAD" }, action });
    expect(await codeOf(opened.store.resolve(digest, { signal }))).toBe("FLOE_DIGEST_MISMATCH");
  });

  // Row 3.
  test("bytes that changed on the way are fetched once more, and then refused", async () => {
    await using opened = await openStore();
    const { digest } = await pushArtifact(opened.registry, REPO, "v1");
    const fault = {
      match: { method: "GET", path: MANIFEST },
      action: { kind: "flip-byte" },
    } as const;
    opened.registry.faults.add(fault);
    expect((await opened.store.getManifest(digest, { signal }))?.descriptor.digest).toBe(digest);
    opened.registry.faults.add({ ...fault, times: 2 });
    expect(await codeOf(opened.store.getManifest(digest, { signal }))).toBe("FLOE_DIGEST_MISMATCH");
    expect(opened.registry.faults.pending).toBe(0);
  });

  // Row 9.
  test("a manifest larger than 4 MiB is refused, announced or not", async () => {
    await using opened = await openStore();
    const bytes = new TextEncoder().encode(`{"a":"${"x".repeat(4 * 1024 * 1024)}"}`);
    opened.registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociManifest, tag: "big" });
    const code = "FLOE_REGISTRY_LIMIT_EXCEEDED";
    expect(await codeOf(opened.store.getManifest("big", { signal }))).toBe(code);
    const headers = { "transfer-encoding": "chunked" };
    opened.registry.faults.add({ match: { method: "GET" }, action: { kind: "headers", headers } });
    expect(await codeOf(opened.store.getManifest("big", { signal }))).toBe(code);
  });

  // Rows 9 and 10.
  test.for([
    ["is not JSON", "hello", "FLOE_REGISTRY_RESPONSE_INVALID"],
    ["is not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d), "FLOE_REGISTRY_RESPONSE_INVALID"],
    [
      "says another type than it is sent as",
      `{"mediaType":"${MEDIA_TYPES.ociIndex}"}`,
      "FLOE_REGISTRY_RESPONSE_INVALID",
    ],
    ["has layers and manifests", '{"layers":[],"manifests":[]}', "FLOE_REGISTRY_RESPONSE_INVALID"],
  ] as const)("a manifest that %s is refused", async ([, content, code]) => {
    await using opened = await openStore();
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    opened.registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociManifest, tag: "bad" });
    expect(await codeOf(opened.store.getManifest("bad", { signal }))).toBe(code);
  });

  test("a vague content type is made good by the manifest's own", async () => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "headers", headers: { "content-type": "application/json" } } as const;
    opened.registry.faults.add({ match: { path: MANIFEST }, action, times: 9 });
    const expected = MEDIA_TYPES.ociManifest;
    expect((await opened.store.resolve("v1", { signal }))?.mediaType).toBe(expected);
    expect((await opened.store.getManifest("v1", { signal }))?.descriptor.mediaType).toBe(expected);
  });

  // Row 7.
  test("a compressed answer is refused", async () => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, "v1");
    const action = { kind: "headers", headers: { "content-encoding": "gzip" } } as const;
    opened.registry.faults.add({ match: { method: "GET", path: MANIFEST }, action });
    const error = await errorOf(opened.store.getManifest("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(error.message).toContain("gzip");
  });
});

describe("writing manifests", () => {
  test("a manifest is stored under its digest with its media type as given", async () => {
    await using opened = await openStore();
    await pushArtifact(opened.registry, REPO, null);
    const built = buildArtifact({ layers: [{ content: `${REPO}:null` }], annotations: { a: "b" } });
    const stored = await opened.store.putManifest(built, { signal });
    expect(stored.digest).toBe(built.descriptor.digest);
    expect(opened.registry.manifest(REPO, stored.digest)?.mediaType).toBe(built.mediaType);
    expect(opened.store.stats).toEqual({ requests: 1, writes: 1 });
  });

  // Row 18.
  test("a registry that stored another digest is found out", async () => {
    await using opened = await openStore();
    const built = buildArtifact();
    opened.registry.configure({ validateManifests: false });
    const action = { kind: "content-digest", digest: digestOf("lie") } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    expect(await codeOf(opened.store.putManifest(built, { signal }))).toBe("FLOE_DIGEST_MISMATCH");
  });

  test("what the registry refuses has its own words in the message", async () => {
    await using opened = await openStore();
    const error = await errorOf(opened.store.putManifest(buildArtifact(), { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_REFUSED");
    expect(error.message).toContain("MANIFEST_BLOB_UNKNOWN: missing sha256:");
  });
});
