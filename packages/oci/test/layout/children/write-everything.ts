// One run of every kind of write; made so that a run after a killed one does the rest.
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "@floe/core/model";
import { createLayoutStore } from "../../../src/layout/create-layout-store.ts";
import { go, manifest } from "../layout-fixture.ts";

const [dir = ""] = process.argv.slice(2);
const store = createLayoutStore({ path: dir, create: true });
await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
const release = manifest("release");
await store.createTag("v1.0.0", release, go);
await store.moveTag("latest-dev", manifest("older"), go);
await store.moveTag("latest-dev", release, go);
await store.attach(manifest("record", release.d), { ...go, tag: "floe-rec.1" });
await store.putManifest(manifest("lonely"), go);
await store.deleteTag("floe-rec.1", go);
console.log("done");
