import { execFile, execFileSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("./children/fill-disk.ts", import.meta.url));
const run = promisify(execFile);

/** The tmpfs is in a mount namespace of its own: it ends with the process, and nobody else sees it. */
const ON_SMALL_DISK = 'mount -t tmpfs -o size=256k floe "$1" && shift && exec "$@"';
/** Where the kernel lets nobody mount: the same call fails in the same way, with another code. */
const WITH_LIMIT = 'shift; ulimit -f 128; exec "$@"';

function mayMount(): boolean {
  try {
    execFileSync("unshare", ["-rm", "mount", "-t", "tmpfs", "floe", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

// Row 46.
test("a cache on a full disk costs nothing but time: no error, nothing half-written, and it goes on when there is room", async () => {
  await using temp = await mkdtempDisposable(join(tmpdir(), "floe-cache-"));
  const small = mayMount();
  const [command, ...args] = small
    ? ["unshare", "-rm", "sh", "-c", ON_SMALL_DISK]
    : ["sh", "-c", WITH_LIMIT];
  const program = [process.execPath, "--conditions=@floe/source", PROGRAM, temp.path];
  const { stdout, stderr } = await run(command, [...args, "sh", temp.path, ...program]);
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({
    refused: small ? "ENOSPC" : "EFBIG",
    isRight: true,
    halves: 0,
    keptWhileFull: false,
    keptAfter: small,
  });
});
