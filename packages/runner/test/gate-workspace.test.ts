import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  chmod,
  mkdir,
  mkdtemp,
  realpath,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { GateWorkspace } from "@floe/core/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createCommandRunner } from "../src/index.ts";

const NEVER = new AbortController().signal;

let root = "";
let cwd = "";
let workspace: GateWorkspace;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "floe-workspace-test-")));
  cwd = join(root, "project [1]");
  await mkdir(cwd);
  workspace = await createCommandRunner({ env: {}, tmpDir: root }).openWorkspace();
});
afterEach(async () => {
  await workspace[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

async function write(path: string, text = "<testsuites/>"): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

async function collect(
  patterns: readonly string[],
  more: { readonly since?: Date; readonly secrets?: readonly string[] } = {},
) {
  const found = await workspace.collect(
    patterns.map((path) => ({ path, format: "auto" })),
    { cwd, since: new Date(Date.now() - 60_000), secrets: [], signal: NEVER, ...more },
  );
  return { ...found, paths: found.reports.map((report) => report.path) };
}

describe("a workspace", () => {
  test("is a private folder that is removed with all it holds", async () => {
    await write(join(workspace.dir, "a", "b.xml"));
    await chmod(join(workspace.dir, "a"), 0o000);
    expect((await stat(workspace.dir)).mode & 0o777).toBe(0o700);

    await workspace[Symbol.asyncDispose]();

    expect(existsSync(workspace.dir)).toBe(false);
  });

  test("cannot be made where nothing can be written", async () => {
    const runner = createCommandRunner({ env: {}, tmpDir: "/no/such/folder" });

    await expect(runner.openWorkspace()).rejects.toMatchObject({
      code: "FLOE_GATE_WORKSPACE_FAILED",
      message: expect.stringContaining("/no/such/folder"),
    });
  });
});

describe("collect", () => {
  test("reads files by path, by glob and in the gate's own folder", async () => {
    await write(join(cwd, "junit.xml"), "one");
    await write(join(cwd, "target/a/TEST-b.xml"), "three");
    await write(join(cwd, "target/TEST-a.xml"), "two");
    await write(join(workspace.dir, "k6.json"), "four");

    const found = await collect([
      "junit.xml",
      "target/**/TEST-*.xml",
      join(workspace.dir, "*.json"),
    ]);

    expect(found.paths).toEqual([
      "junit.xml",
      "target/TEST-a.xml",
      "target/a/TEST-b.xml",
      "k6.json",
    ]);
    expect(found.reports.map(({ bytes }) => Buffer.from(bytes).toString())).toEqual([
      "one",
      "two",
      "three",
      "four",
    ]);
    expect(found).toMatchObject({ stale: [], nearby: [] });
  });

  test("gives each file the format of the first pattern that matches it, and reads it once", async () => {
    await write(join(cwd, "junit.xml"));

    const found = await workspace.collect(
      [
        { path: "junit.xml", format: "junit" },
        { path: "*.xml", format: "auto" },
      ],
      { cwd, since: new Date(0), secrets: [], signal: NEVER },
    );

    expect(found.reports.map(({ path, format }) => [path, format])).toEqual([
      ["junit.xml", "junit"],
    ]);
  });

  test("takes a name that reads like a pattern for the file of that name", async () => {
    await write(join(cwd, "unit[1].xml"));

    expect((await collect(["unit[1].xml"])).paths).toEqual(["unit[1].xml"]);
  });

  test("lists files from before the run apart", async () => {
    await write(join(cwd, "old.xml"));
    await write(join(cwd, "new.xml"));
    const now = Date.now();
    await utimes(join(cwd, "old.xml"), now / 1000 - 600, now / 1000 - 600);

    const found = await collect(["*.xml"], { since: new Date(now - 300_000) });

    expect(found.paths).toEqual(["new.xml"]);
    expect(found.stale).toEqual(["old.xml"]);
  });

  test("takes a file as new that the file system dates to the whole second", async () => {
    await write(join(cwd, "junit.xml"));
    await utimes(join(cwd, "junit.xml"), 1_700_000_000, 1_700_000_000);

    const found = await collect(["junit.xml"], { since: new Date(1_700_000_000_700) });

    expect(found.paths).toEqual(["junit.xml"]);
  });

  test("does not follow a symbolic link to a place outside, and says so", async () => {
    await write(join(root, "outside/secret.xml"), "private");
    await symlink(join(root, "outside/secret.xml"), join(cwd, "junit.xml"));
    await symlink(join(root, "outside"), join(cwd, "reports"));

    const found = await collect(["junit.xml", "reports/*.xml", "reports/secret.xml"]);

    expect(found.paths).toEqual([]);
    expect(found.nearby).toContain("junit.xml (symbolic link to a place outside, not followed)");
  });

  test("follows symbolic links that stay inside, also to the gate's own folder", async () => {
    await write(join(cwd, "build/real.xml"), "a");
    await write(join(workspace.dir, "real.xml"), "b");
    await symlink(join(cwd, "build/real.xml"), join(cwd, "a.xml"));
    await symlink(join(workspace.dir, "real.xml"), join(cwd, "b.xml"));

    expect((await collect(["a.xml", "b.xml"])).paths).toEqual(["a.xml", "b.xml"]);
  });

  test("reads outside the working folder where the pattern itself says so", async () => {
    await write(join(root, "shared/junit.xml"));

    expect((await collect(["../shared/*.xml"])).paths).toEqual([join(root, "shared/junit.xml")]);
    expect((await collect([join(root, "shared/junit.xml")])).paths).toEqual([
      join(root, "shared/junit.xml"),
    ]);
  });

  test("leaves out installed packages unless the pattern names their folder", async () => {
    await write(join(cwd, "node_modules/x/junit.xml"));
    await write(join(cwd, "a/junit.xml"));

    expect((await collect(["**/junit.xml"])).paths).toEqual(["a/junit.xml"]);
    expect((await collect(["node_modules/*/junit.xml"])).paths).toEqual([
      "node_modules/x/junit.xml",
    ]);
  });

  test("leaves out folders, and pipes that would be waited for", async () => {
    await mkdir(join(cwd, "folder.xml"));
    execFileSync("/usr/bin/mkfifo", [join(cwd, "pipe.xml")]);

    expect(await collect(["*.xml"])).toMatchObject({ reports: [], stale: [] });
  });

  test("names files that exist when nothing matches, those of the gate's folder first", async () => {
    await write(join(cwd, "build/out/results.xml"));
    await write(join(cwd, "notes.txt"));
    await write(join(workspace.dir, "something.json"));

    const found = await collect(["reports/*.xml"]);

    expect(found.nearby).toEqual(["something.json", "build/out/results.xml"]);
  });

  test("refuses a file that is too large", async () => {
    await write(join(cwd, "junit.xml"));
    await truncate(join(cwd, "junit.xml"), 64 * 1024 * 1024 + 1);

    await expect(collect(["junit.xml"])).rejects.toMatchObject({
      code: "FLOE_GATE_REPORT_UNREADABLE",
      message: expect.stringContaining("67108865"),
    });
  });

  test("masks secrets in what it reads", async () => {
    await write(join(cwd, "junit.xml"), "<a>hunter2-hunter2</a>");

    const found = await collect(["junit.xml"], { secrets: ["hunter2-hunter2"] });

    expect(Buffer.from(found.reports[0]?.bytes ?? []).toString()).toBe("<a>***</a>");
  });

  test("rejects with the reason when the signal is aborted", async () => {
    await write(join(cwd, "junit.xml"));
    const reason = new Error("stop");

    const found = workspace.collect([{ path: "*.xml", format: "auto" }], {
      cwd,
      since: new Date(0),
      secrets: [],
      signal: AbortSignal.abort(reason),
    });

    await expect(found).rejects.toBe(reason);
  });
});

describe("a file that the command writes for floe", () => {
  const limits = { signal: NEVER, secrets: ["hunter2-secret"], maxBytes: 100 };

  test("is read masked, and is no report", async () => {
    await write(join(workspace.dir, ".floe-out.json"), '{"a": "hunter2-secret"}');
    await write(join(workspace.dir, "report.json"));
    const bytes = await workspace.read(".floe-out.json", limits);
    expect(new TextDecoder().decode(bytes ?? undefined)).toBe('{"a": "***"}');
    const { reports } = await collect([`${workspace.dir}/*.json`, `${workspace.dir}/.*`]);
    expect(reports.map(({ path }) => path)).toEqual(["report.json"]);
  });

  test("may be missing, and is refused where it is too large or a link", async () => {
    expect(await workspace.read(".floe-out.json", limits)).toBeNull();
    await write(join(workspace.dir, ".floe-big.json"), "x".repeat(101));
    await symlink("/etc/hostname", join(workspace.dir, ".floe-link.json"));
    for (const name of [".floe-big.json", ".floe-link.json"])
      await expect(workspace.read(name, limits)).rejects.toMatchObject({
        code: "FLOE_GATE_REPORT_UNREADABLE",
      });
  });

  test("is put there with the time that it is given, so that it is no report of this run", async () => {
    const path = await workspace.write("baseline.json", new Uint8Array(3), new Date(0));
    expect((await stat(path)).mtime).toEqual(new Date(0));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { reports, stale } = await collect([`${workspace.dir}/*.json`]);
    expect([reports, stale]).toEqual([[], ["baseline.json"]]);
  });
});
