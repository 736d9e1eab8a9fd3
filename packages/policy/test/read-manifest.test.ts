import { MEDIA_TYPES } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { readManifest } from "../src/read-manifest.ts";
import { IMAGE, INDEX } from "./subject.ts";

function read(json: object | string, mediaType: string = MEDIA_TYPES.ociManifest) {
  const text = typeof json === "string" ? json : JSON.stringify(json);
  return readManifest(new TextEncoder().encode(text), mediaType);
}

describe("readManifest", () => {
  test("reads images and indexes, OCI and Docker", () => {
    expect(read(IMAGE)).toMatchObject({ ok: true, value: { kind: "image" } });
    expect(read(IMAGE, MEDIA_TYPES.dockerManifest)).toMatchObject({ ok: true });
    expect(read(INDEX, MEDIA_TYPES.ociIndex)).toMatchObject({ ok: true, value: { kind: "index" } });
    expect(read(INDEX, MEDIA_TYPES.dockerIndex)).toMatchObject({ ok: true });
  });

  test("keys of nested objects do not count", () => {
    const annotations = { manifests: "x", Layers: '{"layers":[]}', 'a"b': "\\" };
    expect(read({ ...IMAGE, annotations })).toMatchObject({ ok: true });
  });

  test.for([
    ["both image and index", { ...IMAGE, manifests: [] }, '"manifests" and "config"'],
    ["schema 1 layers in an index", { ...INDEX, fsLayers: [] }, "not that of a manifest"],
    ["another spelling of a key", { ...IMAGE, Manifests: [] }, 'its key "Manifests"'],
    ["another schema version", { ...IMAGE, schemaVersion: 1 }, "schemaVersion"],
    ["no layers", { ...IMAGE, layers: undefined }, "layers"],
    ["a negative size", { ...IMAGE, config: { ...IMAGE.config, size: -1 } }, "config.size"],
    ["an array", [], "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["no JSON", "{", "not JSON"],
    ["a byte order mark", `\uFEFF${JSON.stringify(IMAGE)}`, "not JSON"],
    ["an index under an image's media type", INDEX, "config"],
  ] as const)("refuses %s", ([name, json, problem]) => {
    const type = name.startsWith("schema 1") ? "application/json" : MEDIA_TYPES.ociManifest;
    expect(read(json, type)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("refuses a key that is there twice, also when it is escaped", () => {
    const text = JSON.stringify(IMAGE);
    const twice = text.replace(/\}$/, ',"layers":[]}');
    expect(read(twice)).toMatchObject({ problem: 'it has the key "layers" twice' });
    const escaped = text.replace(/\}$/, ',"l\\u0061yers" : []}');
    expect(read(escaped)).toMatchObject({ problem: 'it has the key "layers" twice' });
  });

  test("refuses bytes that are not UTF-8", () => {
    expect(readManifest(Uint8Array.of(0xff, 0xfe), MEDIA_TYPES.ociManifest).ok).toBe(false);
  });
});
