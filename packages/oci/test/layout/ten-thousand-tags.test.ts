import { rmSync } from "node:fs";
import { type Descriptor, MEDIA_TYPES } from "@floe/core/model";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  bytesOf,
  describeBytes,
  go,
  type Layout,
  makeLayout,
  manifest,
  tempFolder,
} from "./layout-fixture.ts";

const COUNT = 10_000;
const REF_NAME = "org.opencontainers.image.ref.name";

let folder: ReturnType<typeof tempFolder>;
let layout: Layout;
const release = manifest("release");

/** Entries without their blobs: whoever opens one fails. */
function entries(hint: object): object[] {
  const digestOf = (n: number) => `sha256:${n.toString(16).padStart(64, "0")}`;
  return Array.from({ length: COUNT }, (_, n) => ({
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(n),
    size: 500,
    annotations: { [REF_NAME]: `floe-ev.prod.${String(n).padStart(8, "0")}`, ...hint },
  }));
}

beforeAll(async () => {
  folder = tempFolder();
  layout = await makeLayout(folder.path);
});
afterAll(() => folder.remove());

describe("a layout of ten thousand tags", () => {
  it("takes tags and attached manifests, and loses none", async () => {
    layout.writeIndex({
      ...layout.readIndex(),
      manifests: entries({ "dev.floe.subject": "none" }),
    });
    const { store } = layout;
    expect((await store.createTag("v1.0.0", release, go)).status).toBe("created");
    expect((await store.createTag("floe-ev.prod.00000007", release, go)).status).toBe("taken");
    await store.attach(manifest("record", release.d), { ...go, tag: "floe-rec.1" });
    await store.moveTag("latest-prod", release, go);
    expect(await store.listTags(go)).toHaveLength(COUNT + 3);
    expect(await layout.reopen().listTags({ ...go, prefix: "floe-ev." })).toHaveLength(COUNT);
  });

  it("finds attached manifests without opening those that are noted as something else", async () => {
    const found = await layout.reopen().referrers(release.d.digest, go);
    expect(found.map(({ digest }) => digest)).toEqual([manifest("record", release.d).d.digest]);
  });

  it("finds those of other tools among them, and opens each manifest once", async () => {
    const foreign = manifest("foreign", release.d);
    layout.writeBlob(foreign.bytes);
    const index = layout.readIndex();
    layout.writeIndex({ ...index, manifests: [...index.manifests, foreign.d] });
    const store = layout.reopen();
    const find = async () =>
      (await store.referrers(release.d.digest, go)).map(({ digest }: Descriptor) => digest);
    const expected = [foreign.d.digest, manifest("record", release.d).d.digest].sort();
    expect(await find()).toEqual(expected);
    rmSync(layout.blobPath(foreign.d.digest));
    expect(await find()).toEqual(expected);
  });

  it("finds an attached manifest among ten thousand that another tool wrote", async () => {
    const manifests: object[] = [];
    for (let n = 0; n < COUNT; n += 1) {
      const bytes = bytesOf({
        schemaVersion: 2,
        config: {},
        layers: [],
        annotations: { n: `${n}` },
      });
      layout.writeBlob(bytes);
      manifests.push(describeBytes(bytes, MEDIA_TYPES.ociManifest));
    }
    const foreign = manifest("foreign", release.d);
    layout.writeBlob(foreign.bytes);
    layout.writeIndex({ ...layout.readIndex(), manifests: [...manifests, foreign.d] });
    const found = await layout.reopen().referrers(release.d.digest, go);
    expect(found.map(({ digest }) => digest)).toEqual([foreign.d.digest]);
  });
});
