// Deletes a manifest while others do the same, makes a tag of its own, and prints whether it was the one.

import { parseDigest } from "@floe/core/model";
import { createLayoutStore } from "../../../src/layout/create-layout-store.ts";
import { go, manifest } from "../layout-fixture.ts";

const [dir = "", digest = "", own = ""] = process.argv.slice(2);
const store = createLayoutStore({ path: dir });
const deleted = await store.deleteManifest?.(parseDigest(digest), go);
const made = await store.createTag(`own-${own}`, manifest(`own ${own}`), go);
if (made.status !== "created") throw new Error(`own-${own} is ${made.status}`);
console.log(deleted);
