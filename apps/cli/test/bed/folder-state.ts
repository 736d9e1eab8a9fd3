import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";

/** Every file of a folder with the hash of its bytes, sorted: two equal values mean that nothing was written. */
export async function folderState(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  const lines = files.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    const hash = entry.isFile()
      ? createHash("sha256")
          .update(await readFile(path))
          .digest("hex")
      : "not a file";
    return `${relative(folder, path)} ${hash}`;
  });
  return (await Promise.all(lines)).sort();
}
