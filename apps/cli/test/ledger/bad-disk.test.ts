import { execFile, execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { aProject, type Project } from "../bed/a-project.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/run.js", import.meta.url));

/** In a mount namespace of its own, which ends with the process; `$1` is the folder of the ledger. */
const FULL = 'mount -t tmpfs -o size=16k floe "$1" && shift && exec "$@"';
const READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
/** Where the kernel lets nobody mount. */
const FULL_BY_LIMIT = 'shift; ulimit -f 8; exec "$@"';
const READ_ONLY_BY_RIGHTS = 'chmod 0400 "$1"/*; chmod 0500 "$1"; shift; exec "$@"';

function mayMount(): boolean {
  try {
    execFileSync("unshare", ["-rm", "mount", "-t", "tmpfs", "floe", "/mnt"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** A project whose ledger is in a folder of its own. */
async function aLedgerApart(): Promise<{ readonly project: Project; readonly folder: string }> {
  const project = await aProject();
  const manifest = parse(project.read("manifest.yaml")) as {
    artifacts: { promotion: Record<string, unknown> };
  };
  manifest.artifacts.promotion["audit"] = {
    backend: "database",
    database_url: "sqlite:ledger/audit.db",
  };
  project.write("manifest.yaml", stringify(manifest));
  const folder = join(project.dir, "ledger");
  mkdirSync(folder);
  return { project, folder };
}

async function runOn(
  mounted: string,
  limited: string,
  { project, folder }: { readonly project: Project; readonly folder: string },
  ...args: string[]
): Promise<{ readonly code: unknown; readonly json: Record<string, unknown> }> {
  const [command, ...before] = mayMount()
    ? ["unshare", "-rm", "sh", "-c", mounted]
    : ["sh", "-c", limited];
  const program = [process.execPath, LAUNCHER, ...args, "-o", "json"];
  return await new Promise((resolve) => {
    const given = { cwd: project.dir, env: { PATH: process.env["PATH"], HOME: project.dir } };
    execFile(command as string, [...before, "sh", folder, ...program], given, (error, stdout) =>
      resolve({ code: error?.code ?? 0, json: JSON.parse(stdout) as Record<string, unknown> }),
    );
  });
}

test("a ledger without room for one more event ends a promotion with 15 before anything was changed", async () => {
  const apart = await aLedgerApart();
  await using project = apart.project;
  const before = await project.registryState();

  const run = await runOn(FULL, FULL_BY_LIMIT, apart, "promote", "v1.0.0", "--to", "dev");

  expect([run.code, run.json["error"]]).toMatchObject([15, { code: "FLOE_LEDGER_UNAVAILABLE" }]);
  expect(await project.registryState()).toEqual(before);
  await project.promote("v1.0.0", "dev");
});

test("a ledger that may not be written ends a promotion with 15 before anything was changed", async () => {
  const apart = await aLedgerApart();
  await using project = apart.project;
  await project.promote("v1.0.0", "dev");
  const before = await project.registryState();

  const run = await runOn(
    READ_ONLY,
    READ_ONLY_BY_RIGHTS,
    apart,
    "promote",
    "v1.0.0",
    "--to",
    "staging",
  );

  expect([run.code, run.json["error"]]).toMatchObject([15, { code: "FLOE_LEDGER_UNAVAILABLE" }]);
  expect(await project.registryState()).toEqual(before);
});
