import { type Descriptor, digestOf, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { buildArtifact, createMemoryStore, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { copyArtifact } from "../../src/index.ts";
import { codeOf, errorOf } from "../registry/open-store.ts";
import { go, indexOver, put, storeOn } from "./copy-fixture.ts";

const tags = [{ tag: "v1.0.0", mutable: false }];

/** A registry whose content is planted, and another one to copy to. */
async function world() {
  await using stack = new AsyncDisposableStack();
  const source = stack.use(await startRegistry());
  const target = stack.use(await startRegistry());
  const from = stack.use(storeOn(source.host, "acme/app"));
  const to = stack.use(storeOn(target.host, "acme/app"));
  const owned = stack.move();
  return {
    source,
    target,
    from,
    to,
    plant(json: unknown, tag?: string, mediaType: string = MEDIA_TYPES.ociManifest): Descriptor {
      const bytes = new TextEncoder().encode(
        typeof json === "string" ? json : JSON.stringify(json),
      );
      source.plant("acme/app", { bytes, mediaType, ...(tag === undefined ? {} : { tag }) });
      return { mediaType, digest: digestOf(bytes), size: bytes.length };
    },
    copy: () => copyArtifact({ from, to, reference: "v1.0.0", tags }, go),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const good = { schemaVersion: 2, config: EMPTY_DESCRIPTOR, layers: [EMPTY_DESCRIPTOR] };

// Rows 9, 10 and 11.
describe("a manifest that cannot be believed", () => {
  test.each([
    ["with a layer that has no digest", { ...good, layers: [{ mediaType: "a/b", size: 1 }] }],
    ["with a negative size", { ...good, layers: [{ ...EMPTY_DESCRIPTOR, size: -1 }] }],
    ["with a size beyond 2^53", { ...good, layers: [{ ...EMPTY_DESCRIPTOR, size: 2 ** 60 }] }],
    [
      "with an upper-case digest",
      { ...good, layers: [{ ...EMPTY_DESCRIPTOR, digest: "SHA256:A" }] },
    ],
    ["with layers that are no list", { ...good, layers: {} }],
    ["with a subject that is no descriptor", { ...good, subject: "sha256:x" }],
    ["that is an index as well", { ...good, manifests: [] }],
  ])("%s is refused, and nothing is written", async (_, json) => {
    await using opened = await world();
    opened.plant(json, "v1.0.0");
    expect(await codeOf(opened.copy())).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(opened.target.writes).toBe(0);
  });

  test("of a media type that floe does not know, with references, is refused by its name", async () => {
    const from = createMemoryStore({ repository: "memory/one" });
    const bytes = new TextEncoder().encode(JSON.stringify(good));
    const mediaType = "application/vnd.acme.unheard-of+json";
    const strange: ArtifactStore = {
      ...from,
      getManifest: async () => ({
        descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
        bytes,
      }),
    };
    const to = createMemoryStore({ repository: "memory/two" });
    const error = await errorOf(copyArtifact({ from: strange, to, reference: "v1.0.0" }, go));
    expect(error).toMatchObject({ code: "FLOE_REGISTRY_RESPONSE_INVALID" });
    expect(error.message).toContain(mediaType);
  });
});

describe("an index", () => {
  // Row 13.
  test("whose manifest is missing is not found, and the message names both", async () => {
    await using opened = await world();
    const gone = buildArtifact({ layers: [{ content: "gone" }] }).descriptor;
    const { bytes, mediaType } = indexOver([gone]);
    opened.source.plant("acme/app", { bytes, mediaType, tag: "v1.0.0" });
    const error = await errorOf(opened.copy());
    expect(error).toMatchObject({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      details: { child: gone.digest },
    });
    expect(opened.target.writes).toBe(0);
  });

  // Row 12.
  test("nested deeper than eight is refused", async () => {
    await using opened = await world();
    let inner = (await put(opened.from, {})).descriptor;
    for (let depth = 0; depth < 10; depth += 1) {
      const { bytes, mediaType } = indexOver([inner], { annotations: { depth: String(depth) } });
      inner = opened.plant(new TextDecoder().decode(bytes), "v1.0.0", mediaType);
    }
    expect(await codeOf(opened.copy())).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(opened.target.writes).toBe(0);
  });

  // Row 12: a digest cannot name itself, so a circle is a lie about bytes.
  test("that a registry closes to a circle is found by its digest", async () => {
    await using opened = await world();
    const child = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf("child"), size: 300 };
    const { bytes, mediaType } = indexOver([child]);
    opened.plant(new TextDecoder().decode(bytes), "v1.0.0", mediaType);
    const headers = { "content-type": mediaType, "docker-content-digest": child.digest };
    opened.source.faults.add({
      match: { method: "GET", path: new RegExp(`manifests/${child.digest}`) },
      action: { kind: "status", status: 200, headers, body: bytes },
      times: 9,
    });
    expect(await codeOf(opened.copy())).toBe("FLOE_DIGEST_MISMATCH");
    expect(opened.target.writes).toBe(0);
  });

  // Row 12.
  test("of many thousands is refused before any of them is asked for", async () => {
    await using opened = await world();
    const children = Array.from({ length: 5000 }, (_, n) => ({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(String(n)),
      size: 10,
    }));
    const { bytes, mediaType } = indexOver(children);
    opened.source.plant("acme/app", { bytes, mediaType, tag: "v1.0.0" });
    expect(await codeOf(opened.copy())).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(opened.source.requests.length).toBeLessThan(10);
  });

  test("that holds layers where manifests belong, as build caches do, takes them along", async () => {
    const from = createMemoryStore({ repository: "memory/one" });
    const to = createMemoryStore({ repository: "memory/two" });
    const layer = new TextEncoder().encode("cached layer");
    const mediaType = "application/vnd.oci.image.layer.v1.tar+gzip";
    const descriptor = { mediaType, digest: digestOf(layer), size: layer.length };
    await from.putBlob(descriptor, layer, go);
    const index = indexOver([descriptor]);
    const lenient: ArtifactStore = {
      ...from,
      getManifest: async () => ({
        descriptor: { ...index, digest: digestOf(index.bytes), size: index.bytes.length },
        bytes: index.bytes,
      }),
    };
    const written: string[] = [];
    const taking: ArtifactStore = {
      ...to,
      putManifest: async (manifest) => {
        const digest = digestOf(manifest.bytes);
        written.push(digest);
        return { mediaType: manifest.mediaType, digest, size: manifest.bytes.length };
      },
      resolve: async (reference) =>
        written.includes(reference)
          ? { mediaType: index.mediaType, digest: digestOf(index.bytes), size: index.bytes.length }
          : null,
    };
    await copyArtifact({ from: lenient, to: taking, reference: "cache" }, go);
    expect(await to.hasBlob(descriptor.digest, go)).toBe(true);
  });
});

describe("a list of referrers", () => {
  test("that names what is attached to something else, or gone, is corrected with a warning", async () => {
    const from = createMemoryStore({ repository: "memory/one" });
    const to = createMemoryStore({ repository: "memory/two" });
    const one = await put(from, { layers: [{ content: "one" }] }, "v1.0.0");
    const other = await put(from, { layers: [{ content: "other" }] }, "v2.0.0");
    const mine = await put(from, { subject: one.descriptor });
    const theirs = await put(from, { subject: other.descriptor });
    const gone = buildArtifact({ subject: one.descriptor, annotations: { gone: "yes" } });
    const lying: ArtifactStore = {
      ...from,
      referrers: async (digest) =>
        digest === one.descriptor.digest
          ? [theirs, mine, gone].map(({ descriptor }) => descriptor)
          : [],
    };
    const report = await copyArtifact({ from: lying, to, reference: "v1.0.0", tags }, go);
    expect(report.warnings).toHaveLength(2);
    expect((await to.referrers(one.descriptor.digest, go)).map(({ digest }) => digest)).toEqual([
      mine.descriptor.digest,
    ]);
    expect(await to.resolve(theirs.descriptor.digest, go)).toBeNull();
  });

  test("that cannot be had ends the copy: nothing is taken for none", async () => {
    await using opened = await world();
    await put(opened.from, {}, "v1.0.0");
    opened.source.faults.add({
      match: { path: /referrers/ },
      action: { kind: "status", status: 500 },
      times: 10,
    });
    expect(await codeOf(opened.copy())).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(opened.target.writes).toBe(0);
  });
});

// Row 3.
describe("bytes that are not those of their digest", () => {
  test("never become a blob or a tag", async () => {
    await using opened = await world();
    const layer = { content: new Uint8Array(300_000).fill(7) };
    await put(opened.from, { layers: [layer] }, "v1.0.0");
    const path = new RegExp(`blobs/${digestOf(layer.content)}`);
    opened.source.faults.add({
      match: { method: "GET", path },
      action: { kind: "flip-byte" },
      times: 10,
    });
    expect(await codeOf(opened.copy())).toBe("FLOE_DIGEST_MISMATCH");
    expect(opened.target.tags("acme/app")).toEqual({});
    expect(opened.target.blob("acme/app", digestOf(layer.content))).toBeNull();
  });
});

describe("a destination", () => {
  test("whose immutable tag holds something else is left alone from the start", async () => {
    await using opened = await world();
    await put(opened.from, {}, "v1.0.0");
    const held = await put(opened.to, { layers: [{ content: "other" }] }, "v1.0.0");
    const writes = opened.target.writes;
    const error = await errorOf(opened.copy());
    expect(error).toMatchObject({
      code: "FLOE_TAG_IMMUTABLE",
      details: { tag: "v1.0.0", digest: held.descriptor.digest },
    });
    expect(opened.target.writes).toBe(writes);
  });

  // Row 18.
  test("that says yes and keeps nothing is found out before the tag", async () => {
    await using opened = await world();
    const { descriptor } = await put(opened.from, {}, "v1.0.0");
    opened.target.faults.add({
      match: { method: "PUT", path: new RegExp(`manifests/${descriptor.digest}`) },
      action: { kind: "status", status: 201 },
    });
    const error = await errorOf(opened.copy());
    expect(error.code).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    expect(error.message).toContain("does not have it");
    expect(opened.target.tags("acme/app")).toEqual({});
  });

  // Row 38.
  test("sees no tag when the copy is interrupted", async () => {
    await using opened = await world();
    await put(opened.from, { layers: [{ content: "a" }, { content: "b" }] }, "v1.0.0");
    const stop = new AbortController();
    let writes = 0;
    opened.target.configure({
      onWrite: () => {
        writes += 1;
        if (writes === 2) stop.abort(new Error("stopped by the user"));
      },
    });
    const { from, to } = opened;
    const copy = copyArtifact({ from, to, reference: "v1.0.0", tags }, { signal: stop.signal });
    await expect(copy).rejects.toThrow("stopped by the user");
    expect(opened.target.tags("acme/app")).toEqual({});
  });

  test("that lacks the reference's source says what was asked for", async () => {
    await using opened = await world();
    expect(await errorOf(opened.copy())).toMatchObject({
      code: "FLOE_ARTIFACT_NOT_FOUND",
      details: { reference: "v1.0.0" },
    });
  });
});
