import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PluginProject } from "./plugin-project.ts";

/**
 * Writes a plugin into a folder that is not there yet, or empty.
 * @returns the paths that were written; `null`: the folder has something in it, and nothing was written
 */
export function writeProject(folder: string, project: PluginProject): readonly string[] | null {
  if (existsSync(folder) && readdirSync(folder).length > 0) return null;
  for (const [path, text] of Object.entries(project)) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    // Never over something that has come there meanwhile.
    writeFileSync(file, text, { flag: "wx" });
  }
  return Object.keys(project);
}
