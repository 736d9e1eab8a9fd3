import { chmod, mkdtemp, readdir, realpath, rm, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { FloeError } from "@floe/core/errors";
import type { GateWorkspace } from "@floe/core/ports";
import { collectReports, readOwnFile } from "./collect-reports.ts";

/**
 * Makes a fresh folder that only this user can enter; it is removed on disposal with all that was written to it.
 *
 * @throws {FloeError} FLOE_GATE_WORKSPACE_FAILED - when the folder cannot be made or removed.
 */
export async function openWorkspace(tmpDir: string): Promise<GateWorkspace> {
  const dir = await makeFolder(tmpDir);
  return {
    dir,
    write: (name, bytes, modifiedAt) => writeInput(dir, name, bytes, modifiedAt),
    read: (name, options) => readOwnFile(dir, basename(name), options),
    collect: (patterns, options) => collectReports(dir, patterns, options),
    [Symbol.asyncDispose]: () => removeFolder(dir),
  };
}

async function writeInput(
  dir: string,
  name: string,
  bytes: Uint8Array,
  modifiedAt: Date,
): Promise<string> {
  const path = join(dir, basename(name));
  try {
    await writeFile(path, bytes, { mode: 0o600, flag: "wx" });
    await utimes(path, modifiedAt, modifiedAt);
    return path;
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_GATE_WORKSPACE_FAILED",
      message: `The file ${path} could not be written.`,
      hint: "Set TMPDIR to a folder that can be written and has room.",
      cause,
    });
  }
}

async function makeFolder(tmpDir: string): Promise<string> {
  try {
    // mkdtemp makes it with mode 0700. The real path, so that report paths can be compared with it.
    return await realpath(await mkdtemp(join(tmpDir, "floe-gate-")));
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_GATE_WORKSPACE_FAILED",
      message: `No temporary folder could be made in ${tmpDir}.`,
      hint: "Set TMPDIR to a folder that can be written.",
      cause,
    });
  }
}

async function removeFolder(dir: string): Promise<void> {
  try {
    await rm(dir, { recursive: true, force: true });
  } catch {
    // A command may have written folders that even their owner cannot open (the Go module cache is one).
    try {
      await openFolders(dir);
      await rm(dir, { recursive: true, force: true, maxRetries: 2 });
    } catch (cause) {
      throw new FloeError({
        code: "FLOE_GATE_WORKSPACE_FAILED",
        message: `The temporary folder ${dir} could not be removed.`,
        hint: "Remove it by hand; it may hold what the gate's command wrote.",
        cause,
      });
    }
  }
}

async function openFolders(dir: string): Promise<void> {
  await chmod(dir, 0o700);
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(dir, entry.name));
  }
}
