import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Digest, digestOf } from "@floe/core/model";
import { expect, test } from "vitest";
import { createBlobCache } from "../../src/index.ts";

const PROGRAM = fileURLToPath(new URL("./children/fill-cache.ts", import.meta.url));

/** Fills the cache in a process of its own, which is killed in the middle of its work. */
async function fillAndKill(path: string, entries: number): Promise<Digest[]> {
  const child = spawn(process.execPath, ["--conditions=@floe/source", PROGRAM, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    if (said.split("\n").length > entries) child.kill("SIGKILL");
  });
  await once(child, "close");
  return said.split("\n").filter((line) => line !== "") as Digest[];
}

test("writers that are killed leave nothing that is believed, and the cache goes on", async () => {
  await using temp = await mkdtempDisposable(join(tmpdir(), "floe-cache-"));
  const path = join(temp.path, "content");
  for (let round = 1; round <= 5; round += 1) {
    const begun = await fillAndKill(path, 3 + round * 2);
    const cache = createBlobCache({ path, maxBytes: 10 ** 9 });
    const found = await Promise.all(begun.map((digest) => cache.get(digest, 10 ** 6)));
    expect(found.filter((bytes) => bytes !== null).length).toBeGreaterThan(0);
    for (const [at, bytes] of found.entries())
      if (bytes !== null) expect(digestOf(bytes)).toBe(begun[at]);
    const more = Buffer.from(`round ${round}`);
    await cache.put(digestOf(more), more);
    expect(Buffer.from((await cache.get(digestOf(more), 1000)) ?? [])).toEqual(more);
  }
});
