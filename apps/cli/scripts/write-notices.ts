import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Writes the licences of the third-party packages that modules come from; they must go wherever the code goes.
 * @throws {Error} a package states no licence
 */
export async function writeNotices(modules: readonly string[], path: string): Promise<void> {
  const folders = new Set(
    modules.filter((id) => id.includes("/node_modules/")).map((id) => packageFolder(id)),
  );
  const notices = await Promise.all([...folders].map((folder) => noticeOf(folder)));
  await writeFile(path, `${[...new Set(notices)].sort().join(`\n${"-".repeat(80)}\n\n`)}`);
}

/** The package that a module belongs to; some have a second package.json inside, which has no name and version. */
function packageFolder(module: string): string {
  const [, folder] = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(module) ?? [];
  if (folder === undefined || !existsSync(join(folder, "package.json")))
    throw new Error(`${module} belongs to no package`);
  return folder;
}

async function noticeOf(folder: string): Promise<string> {
  const json: unknown = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const { name, version, license } = json as Record<string, unknown>;
  if (typeof license !== "string") throw new Error(`${folder} states no licence`);
  const files = (await readdir(folder)).filter((file) => /^(licen[sc]e|notice)/i.test(file));
  const texts = await Promise.all(files.sort().map((file) => readFile(join(folder, file), "utf8")));
  return [`${String(name)} ${String(version)} (${license})`, ...texts.map((text) => text.trim())]
    .join("\n\n")
    .concat("\n");
}
