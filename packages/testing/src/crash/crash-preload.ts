/**
 * Runs before a program's own code (`node --import`) and kills the process at its Nth write of a layout folder, as
 * `kill -9` or the kernel would: no handler runs, nothing is flushed. A write is a rename to a path inside the folder,
 * since every file of a layout appears by one. Set up with `crashEnv`; imports nothing, so that it can stand alone.
 *
 * - `FLOE_CRASH_DIR`: the folder
 * - `FLOE_CRASH_AT`: `<n>:before` or `<n>:after`, n from 1; without it nothing is killed
 * - `FLOE_CRASH_COUNT_FILE`: gets one line for every write, the destination relative to the folder
 */
import type { PathLike } from "node:fs";

const fs = process.getBuiltinModule("node:fs");
const path = process.getBuiltinModule("node:path");
const { fileURLToPath } = process.getBuiltinModule("node:url");

const folder = process.env["FLOE_CRASH_DIR"];
const countFile = process.env["FLOE_CRASH_COUNT_FILE"];
const at = parsePoint(process.env["FLOE_CRASH_AT"]);
const rename = fs.rename;
const renameSync = fs.renameSync;
const renamePromise = fs.promises.rename;
let count = 0;

function parsePoint(text: string | undefined): { n: number; phase: string } | null {
  if (text === undefined || text === "") return null;
  const match = /^([1-9]\d*):(before|after)$/.exec(text);
  if (match === null) throw new Error(`FLOE_CRASH_AT=${text} is not <n>:before or <n>:after`);
  return { n: Number(match[1]), phase: String(match[2]) };
}

/** The destination relative to the folder, or `null` when it is elsewhere. */
function insideFolder(destination: PathLike): string | null {
  if (folder === undefined || folder === "") return null;
  const text = destination instanceof URL ? fileURLToPath(destination) : String(destination);
  const absolute = path.join(real(path.dirname(path.resolve(text))), path.basename(text));
  const relative = path.relative(real(path.resolve(folder)), absolute);
  return relative.startsWith("..") || path.isAbsolute(relative) ? null : relative;
}

function real(existing: string): string {
  try {
    return fs.realpathSync(existing);
  } catch {
    // Not there (yet): the rename itself will say so.
    return existing;
  }
}

/**
 * Counts one rename; at the chosen one it never returns. The rename of that one is done here and synchronously, so
 * that no other code of the program runs between it and the end.
 */
function pass(source: PathLike, destination: PathLike): void {
  const relative = insideFolder(destination);
  if (relative === null) return;
  count += 1;
  if (countFile !== undefined && countFile !== "") fs.appendFileSync(countFile, `${relative}\n`);
  if (at === null || count !== at.n) return;
  if (at.phase === "after") renameSync(source, destination);
  process.kill(process.pid, "SIGKILL");
}

fs.renameSync = (source, destination) => {
  pass(source, destination);
  renameSync(source, destination);
};
fs.promises.rename = async (source, destination) => {
  pass(source, destination);
  await renamePromise(source, destination);
};
fs.rename = Object.assign(
  (source: PathLike, destination: PathLike, done: Parameters<typeof rename>[2]) => {
    pass(source, destination);
    rename(source, destination, done);
  },
  { __promisify__: fs.promises.rename },
);
// Named imports of node:fs and node:fs/promises see the new functions only after this.
process.getBuiltinModule("node:module").syncBuiltinESMExports();
