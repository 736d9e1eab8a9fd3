// Stores a blob and a tag, and prints the code of the error that comes instead.
import { isFloeError } from "@floe/core/errors";
import { createLayoutStore } from "../../../src/layout/create-layout-store.ts";
import { describeBytes, go, manifest } from "../layout-fixture.ts";

const [dir = "", size = "0"] = process.argv.slice(2);
const store = createLayoutStore({ path: dir });
try {
  const bytes = new Uint8Array(Number(size)).fill(7);
  if (bytes.byteLength > 0) await store.putBlob(describeBytes(bytes), bytes, go);
  await store.createTag("v9.0.0", manifest("nine"), go);
  console.log("stored");
} catch (error) {
  if (!isFloeError(error)) throw error;
  const cause = error.cause instanceof Error && "code" in error.cause ? error.cause.code : null;
  console.log(JSON.stringify({ code: error.code, hint: error.hint ?? null, cause }));
}
