import { digestOf, MEDIA_TYPES } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { codeOf, openStore, REPO } from "./open-store.ts";
import { plantList, pushSubject } from "./referrer-fixture.ts";

const signal = new AbortController().signal;
const DEPTH = 100_000;
const MiB = 1024 * 1024;

/** A manifest of four MiB at most, out of JSON text. */
function bytesOf(json: string | Uint8Array): Uint8Array {
  return typeof json === "string" ? new TextEncoder().encode(json) : json;
}

describe("a manifest", () => {
  // Row 9.
  test.for([
    ["is nested a hundred thousand times", `${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`],
    ["begins with a byte order mark", '\uFEFF{"schemaVersion":2}'],
    ["is not UTF-8", Uint8Array.of(0x7b, 0xff, 0x7d)],
    ["is nothing", ""],
    ["is null", "null"],
    ["is a list", "[]"],
  ] as const)("that %s is refused", async ([, content]) => {
    await using opened = await openStore();
    const bytes = bytesOf(content);
    opened.registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociManifest, tag: "bad" });
    const call = opened.store.getManifest("bad", { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });

  // Row 9.
  test.for([
    ["nested members", `{"a":${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}}`],
    ["four MiB of white space", `{}${" ".repeat(4 * MiB - 2)}`],
    ["the same member twice", '{"schemaVersion":2,"schemaVersion":1}'],
    ["__proto__", '{"__proto__":{"mediaType":"x/y"},"annotations":{"__proto__":"x"}}'],
    ["a size beyond all numbers", '{"config":{"mediaType":"x/y","digest":"x","size":1e400}}'],
  ] as const)("with %s keeps its bytes and its digest", async ([, json]) => {
    await using opened = await openStore();
    const bytes = bytesOf(json);
    opened.registry.plant(REPO, { bytes, mediaType: MEDIA_TYPES.ociManifest, tag: "odd" });
    const found = await opened.store.getManifest("odd", { signal });
    expect(found?.descriptor).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(bytes),
      size: bytes.length,
    });
    expect(Buffer.compare(found?.bytes ?? Buffer.alloc(0), bytes)).toBe(0);
  });

  // Row 11.
  test("is read by a sha512 digest, too", async () => {
    await using opened = await openStore();
    const { createHash } = process.getBuiltinModule("node:crypto");
    const bytes = bytesOf('{"schemaVersion":2}');
    const digest = `sha512:${createHash("sha512").update(bytes).digest("hex")}`;
    const mediaType = MEDIA_TYPES.ociManifest;
    const headers = { "content-type": mediaType, "docker-content-digest": digest };
    const action = { kind: "status", status: 200, headers, body: bytes } as const;
    opened.registry.faults.add({ match: { method: "GET" }, action });
    const found = await opened.store.getManifest(digest, { signal });
    expect(found?.descriptor).toEqual({ mediaType, digest, size: bytes.length });
    opened.registry.faults.add({ match: {}, action: { ...action, body: "{}" }, times: 9 });
    expect(await codeOf(opened.store.getManifest(digest, { signal }))).toBe("FLOE_DIGEST_MISMATCH");
  });
});

describe("a list of referrers", () => {
  const good = { mediaType: "x/y", digest: digestOf("x"), size: 1 };

  // Rows 9 and 11.
  test.for([
    ["a digest in upper case", { ...good, digest: digestOf("x").toUpperCase() }],
    ["a digest that is short", { ...good, digest: "sha256:abc" }],
    ["a digest of an unknown algorithm", { ...good, digest: `md5:${"a".repeat(32)}` }],
    ["a digest with a line break", { ...good, digest: `${digestOf("x")}\n` }],
    ["a path for a digest", { ...good, digest: "../../blobs/x" }],
    ["a negative size", { ...good, size: -1 }],
    ["a size with a fraction", { ...good, size: 1.5 }],
    ["a size beyond 2^53", { ...good, size: 2 ** 53 }],
    ["no media type", { digest: good.digest, size: 1 }],
    ["null for an entry", null],
  ] as const)("that has %s is refused as a whole", async ([, entry]) => {
    await using opened = await openStore({ referrers: false });
    const subject = await pushSubject(opened.registry);
    plantList(opened.registry, subject, [entry as never]);
    const call = opened.store.referrers(subject.digest, { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    const headers = { "content-type": MEDIA_TYPES.ociIndex };
    const body = JSON.stringify({ schemaVersion: 2, manifests: [entry] });
    const action = { kind: "status", status: 200, headers, body } as const;
    opened.registry.faults.add({ match: { path: /referrers/ }, action });
    const again = opened.another().referrers(subject.digest, { signal });
    expect(await codeOf(again)).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
  });
});
