import { FloeError } from "@floe/core/errors";
import {
  type Descriptor,
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
} from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import { readReferrerManifest } from "../../src/attach/referrer-manifest.ts";
import {
  createEphemeralSigner,
  MAX_BUNDLE_BYTES,
  MAX_REFERRERS,
  readAttachedBundles,
  signArtifact,
} from "../../src/index.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const signer = createEphemeralSigner();
const BUNDLE = MEDIA_TYPES.sigstoreBundle;

/** The manifest of a referrer, with changes. */
function referrer(subject: Descriptor, layers: readonly Descriptor[], change: object = {}): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: BUNDLE,
      config: EMPTY_DESCRIPTOR,
      layers,
      subject,
      ...change,
    }),
  );
}

async function plant(store: ArtifactStore, bytes: Buffer): Promise<void> {
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, call);
  await store.attach({ bytes, mediaType: MEDIA_TYPES.ociManifest }, call);
}

async function blob(store: ArtifactStore, bytes: Uint8Array, mediaType: string = BUNDLE) {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  await store.putBlob(descriptor, bytes, call);
  return descriptor;
}

/** The store, but its list of referrers is made up. */
function listing(store: ArtifactStore, list: (real: Descriptor[]) => Descriptor[]): ArtifactStore {
  return Object.assign(Object.create(store) as ArtifactStore, {
    referrers: async (digest: Descriptor["digest"]) => list(await store.referrers(digest, call)),
  });
}

async function signed() {
  const store = createMemoryStore();
  const subject = await storeArtifact(store);
  await signArtifact({ store, artifact: subject, signer }, call);
  return { store, subject };
}

describe("readAttachedBundles", () => {
  it("finds nothing on an artifact without referrers", async () => {
    const store = createMemoryStore();
    const subject = await storeArtifact(store);
    expect(await readAttachedBundles({ store, subject }, call)).toEqual({
      bundles: [],
      others: [],
      omitted: 0,
    });
  });

  it("finds a bundle whatever the listing says of its artifactType and annotations", async () => {
    const { store, subject } = await signed();
    const lying = listing(store, (real) =>
      real.map(({ mediaType, digest, size }) => ({
        mediaType,
        digest,
        size,
        artifactType: MEDIA_TYPES.empty,
      })),
    );
    const { bundles } = await readAttachedBundles({ store: lying, subject }, call);
    expect(bundles).toHaveLength(1);
  });

  it("never lets broken, foreign or missing referrers hide a good one", async () => {
    const { store, subject } = await signed();
    const target = subject.descriptor;
    const good = await blob(store, Buffer.from("{}"));
    const sbom = await blob(store, Buffer.from("sbom"), "application/spdx+json");
    await plant(store, referrer(target, [sbom], { artifactType: "application/spdx+json" }));
    await plant(store, referrer(target, [good, good]));
    await plant(store, referrer(target, []));
    await plant(store, referrer(target, [{ ...good, size: 3 }]));
    const big = await blob(store, Buffer.alloc(MAX_BUNDLE_BYTES + 1));
    await plant(store, referrer(target, [big]));
    await plant(store, referrer(target, [{ ...big, size: 10 }], { annotations: { a: "b" } }));
    const other = await storeArtifact(store, "other");
    const misplaced = referrer(other.descriptor, [good]);
    await plant(store, misplaced);
    const missing = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf("gone"), size: 4 };
    const wide = listing(store, (real) => [
      missing,
      { ...missing, digest: digestOf(misplaced) },
      ...real,
      ...real,
    ]);
    const { bundles, others } = await readAttachedBundles({ store: wide, subject }, call);
    expect(bundles).toHaveLength(1);
    expect(others.filter((found) => found.kind === "other")).toMatchObject([
      { artifactType: "application/spdx+json" },
    ]);
    const reasons = others.flatMap((found) => (found.kind === "broken" ? [found.reason] : []));
    expect(reasons).toHaveLength(7);
    expect(reasons).toContain("it is listed, but not in the registry");
    expect(reasons).toContain(
      `its manifest says that it belongs to "${other.descriptor.digest}", not to ${target.digest}`,
    );
    expect(reasons).toContain(
      `its bundle has ${MAX_BUNDLE_BYTES + 1} bytes, more than ${MAX_BUNDLE_BYTES}`,
    );
  });

  it("throws when the registry is in trouble: nothing found would be a guess", async () => {
    const { store, subject } = await signed();
    for (const failing of ["referrers", "getManifest", "getBlob"]) {
      const end = store.fail(({ operation }) => operation === failing);
      await expect(readAttachedBundles({ store, subject }, call)).rejects.toMatchObject({
        code: "FLOE_REGISTRY_UNAVAILABLE",
      });
      end();
    }
  });

  it("takes a refused request for trouble as well, and keeps its code", async () => {
    const { store, subject } = await signed();
    store.fail(({ operation }) =>
      operation === "getBlob"
        ? new FloeError({ code: "FLOE_REGISTRY_DENIED", message: "denied" })
        : undefined,
    );
    await expect(readAttachedBundles({ store, subject }, call)).rejects.toMatchObject({
      code: "FLOE_REGISTRY_DENIED",
    });
  });

  it("reads at most the cap, eight at a time, and says how many it left", async () => {
    const { store, subject } = await signed();
    for (let index = 0; index < MAX_REFERRERS + 4; index += 1)
      await plant(store, referrer(subject.descriptor, [], { annotations: { index: `${index}` } }));
    let open = 0;
    let most = 0;
    const counting: ArtifactStore = Object.assign(Object.create(store) as ArtifactStore, {
      getManifest: async (reference: string) => {
        open += 1;
        most = Math.max(most, open);
        const manifest = await store.getManifest(reference, call);
        open -= 1;
        return manifest;
      },
    });
    const found = await readAttachedBundles({ store: counting, subject }, call);
    expect(found.omitted).toBe(5);
    expect(found.bundles.length + found.others.length).toBe(MAX_REFERRERS);
    expect(most).toBe(8);
  });

  it("stops when the signal is aborted", async () => {
    const { store, subject } = await signed();
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(readAttachedBundles({ store, subject }, { signal })).rejects.toThrow("stop");
  });
});

describe("readReferrerManifest", () => {
  const subject = digestOf("subject");
  const layer = { mediaType: BUNDLE, digest: digestOf("bundle"), size: 6 };
  const read = (json: unknown) =>
    readReferrerManifest(
      Buffer.from(typeof json === "string" ? json : JSON.stringify(json)),
      subject,
    );

  it.each([
    ["no JSON", "manifest"],
    ["no subject", { artifactType: BUNDLE, layers: [layer] }],
    [
      "a layer with a short digest",
      { subject: { digest: subject }, layers: [{ ...layer, digest: "sha256:00" }] },
    ],
    ["a layer of half a byte", { subject: { digest: subject }, layers: [{ ...layer, size: 0.5 }] }],
    [
      "a layer of negative size",
      { subject: { digest: subject }, layers: [{ ...layer, size: -1 }] },
    ],
    [
      "layers that are no list",
      { subject: { digest: subject }, artifactType: BUNDLE, layers: layer },
    ],
  ])("calls a manifest with %s broken", (_, json) => {
    expect(read(json).kind).toBe("broken");
  });

  it("takes the layer's word for what it is, not the manifest's artifactType", () => {
    const json = { subject: { digest: subject }, artifactType: "x", layers: [layer] };
    expect(read(json)).toMatchObject({ kind: "bundle", layer });
  });

  it("keeps annotations that are text and nothing in the prototype", () => {
    const text = `{"subject":{"digest":"${subject}"},"layers":[${JSON.stringify(layer)}],"annotations":{"__proto__":"x","a":"b","c":1}}`;
    const found = read(text);
    expect(found.kind === "bundle" && Object.entries(found.annotations)).toEqual([
      ["__proto__", "x"],
      ["a", "b"],
    ]);
  });

  it("falls back to the config's type for artifacts of other kinds", () => {
    expect(
      read({ config: { mediaType: "application/vnd.cncf.notary.signature" }, layers: [] }),
    ).toEqual({ kind: "other", artifactType: "application/vnd.cncf.notary.signature" });
    expect(read([])).toEqual({ kind: "other", artifactType: null });
  });
});
