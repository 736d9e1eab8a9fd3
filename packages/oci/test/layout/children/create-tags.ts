// Creates `<prefix>-<own>-<n>` tags and, against all the others, `shared-<n>` tags; prints what became of them.

import { createLayoutStore } from "../../../src/layout/create-layout-store.ts";
import { go, manifest } from "../layout-fixture.ts";

const [dir = "", own = "", count = "0"] = process.argv.slice(2);
const store = createLayoutStore({ path: dir, create: true });
const { EMPTY_BLOB, EMPTY_DESCRIPTOR } = await import("@floe/core/model");
await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, go);
const won: string[] = [];
for (let n = 0; n < Number(count); n += 1) {
  const shared = await store.createTag(`shared-${n}`, manifest(`shared ${n} by ${own}`), go);
  if (shared.status === "created") won.push(`shared-${n}`);
  const mine = await store.createTag(`own-${own}-${n}`, manifest(`own ${n} by ${own}`), go);
  if (mine.status !== "created") throw new Error(`own-${own}-${n} is ${mine.status}`);
}
console.log(JSON.stringify(won));
