import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** A copy of an example with its dependencies installed. */
export interface LinkedFolder extends Disposable {
  readonly path: string;
}

/**
 * Copies a folder of the repository and links the workspace's packages into its node_modules, as if they had been
 * installed there.
 */
export function linkedFolder(
  source: string,
  packages: Readonly<Record<string, string>>,
): LinkedFolder {
  const path = mkdtempSync(join(tmpdir(), "floe-example-"));
  cpSync(join(ROOT, source), path, { recursive: true });
  for (const [name, target] of Object.entries(packages)) {
    const link = join(path, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, target), link);
  }
  return {
    path,
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}

/** A program of the workspace, such as `tsc`. */
export function program(name: string): string {
  return join(ROOT, "node_modules/.bin", name);
}
