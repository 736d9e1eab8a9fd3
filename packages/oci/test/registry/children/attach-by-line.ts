// Attaches one referrer to every subject that comes as a line of JSON, with a store of its own, and says when it did.

import { createInterface } from "node:readline";
import { EMPTY_BLOB, EMPTY_DESCRIPTOR } from "@floe/core/model";
import { buildArtifact } from "@floe/testing";
import { createRegistryStore } from "../../../src/index.ts";

const [uri = "", name = ""] = process.argv.slice(2);
const signal = AbortSignal.timeout(240_000);
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const referrer = buildArtifact({
    subject: JSON.parse(line),
    annotations: { name },
    layers: [{ content: EMPTY_BLOB }],
  });
  const store = createRegistryStore({ uri });
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, { signal });
  await store.attach(referrer, { signal });
  await store[Symbol.asyncDispose]?.();
  console.log(referrer.descriptor.digest);
}
