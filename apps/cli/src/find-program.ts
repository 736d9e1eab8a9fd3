import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";

/**
 * Finds a program on `PATH`; `null` when it is not there. Relative entries of `PATH` are passed over: what lies in the
 * working folder must not be run because of its name.
 */
export async function findProgram(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  for (const folder of (env["PATH"] ?? "").split(":")) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    if (!isFile) continue;
    const runs = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return path;
  }
  return null;
}
