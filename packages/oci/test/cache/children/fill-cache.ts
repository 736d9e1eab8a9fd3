// fill-cache.ts FOLDER: puts ever new content into a cache until it is killed, and says what it begins with.
import { digestOf } from "@floe/core/model";
import { createBlobCache } from "../../../src/index.ts";

const cache = createBlobCache({ path: process.argv[2] ?? "", maxBytes: 10 ** 9 });
for (let nth = 0; ; nth += 1) {
  const bytes = Buffer.alloc(512 * 1024, `${process.pid} ${nth} `);
  const digest = digestOf(bytes);
  console.log(digest);
  await cache.put(digest, bytes);
}
