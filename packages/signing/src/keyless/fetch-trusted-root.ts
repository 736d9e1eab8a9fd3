import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TrustRootConfig } from "@floe/core/manifest";
import { initTUF } from "@sigstore/tuf";
import { abortable } from "./abortable.ts";
import type { LoadTrustedRootOptions } from "./load-trusted-root.ts";

/** The TUF repository of the public-good instance. */
export const PUBLIC_MIRROR = "https://tuf-repo-cdn.sigstore.dev";

const TARGET = "trusted_root.json";

/**
 * Fetches a trusted root from a TUF repository. Every run begins with the pinned root: what the cache holds saves
 * requests, and is never what is trusted first.
 */
export async function fetchTrustedRoot(
  { mirror, root, cacheDir }: Extract<TrustRootConfig, { from: "tuf" }>,
  options: LoadTrustedRootOptions,
): Promise<Uint8Array> {
  const mirrorURL = mirror ?? PUBLIC_MIRROR;
  // Another root to begin with is another cache: the library would go on with what it has.
  const key = createHash("sha256")
    .update(`${mirrorURL}\n${root?.sha256 ?? ""}`)
    .digest("hex");
  const cache = join(cacheDir ?? options.cacheDir, key.slice(0, 16));
  await mkdir(cache, { recursive: true, mode: 0o700 });
  // The library writes its files in place, and runs beside this one read them: each works on a copy of its own.
  const work = await mkdtemp(join(cache, ".run-"));
  try {
    await copyMetadata(cache, work);
    const rootPath = join(work, "pinned-root.json");
    if (root !== null) await writeFile(rootPath, root.bytes);
    const tuf = await abortable(
      initTUF({
        mirrorURL,
        cachePath: work,
        timeout: options.timeoutMs ?? 5000,
        forceInit: true,
        ...(root === null ? {} : { rootPath }),
      }),
      options.signal,
    );
    const text = await abortable(tuf.getTarget(TARGET), options.signal);
    await keepMetadata(work, cache);
    return Buffer.from(text, "utf8");
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The library has one folder for each repository; names that begin with a dot are runs. */
async function copyMetadata(from: string, to: string): Promise<void> {
  for (const name of await readdir(from))
    if (!name.startsWith(".")) await cp(join(from, name), join(to, name), { recursive: true });
}

async function keepMetadata(work: string, cache: string): Promise<void> {
  const folders = await readdir(work, { withFileTypes: true });
  for (const folder of folders.filter((entry) => entry.isDirectory())) {
    const from = join(work, folder.name);
    for (const file of await readdir(from, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const target = file.parentPath.replace(work, cache);
      await mkdir(target, { recursive: true });
      await rename(join(file.parentPath, file.name), join(target, file.name));
    }
  }
}
