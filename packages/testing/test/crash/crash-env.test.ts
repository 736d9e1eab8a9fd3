import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { countEnv, crashEnv, crashPoints, readCountedWrites } from "../../src/crash/crash-env.ts";

/** Writes one file per rename API: by named imports, through the module object and through getBuiltinModule. */
const PROGRAM = `
import { renameSync, rename as renameCallback, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import fs from "node:fs";
const dir = process.argv[1];
const temp = (name) => { const path = dir + "/" + name + ".tmp"; writeFileSync(path, name); return path; };
await rename(temp("one"), dir + "/one");
renameSync(temp("two"), dir + "/two");
await new Promise((done, fail) => renameCallback(temp("three"), dir + "/three", (e) => (e ? fail(e) : done())));
await fs.promises.rename(temp("four"), dir + "/four");
await process.getBuiltinModule("node:fs/promises").rename(temp("five"), dir + "/five");
process.getBuiltinModule("node:fs").renameSync(temp("six"), new URL("file://" + dir + "/six"));
writeFileSync(dir + "/../elsewhere.tmp", "");
renameSync(dir + "/../elsewhere.tmp", dir + "/../elsewhere");
console.log("ended");
`;
const NAMES = ["one", "two", "three", "four", "five", "six"];

let top: string;
let dir: string;
let countFile: string;

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "floe crash "));
  dir = join(top, "layout");
  countFile = join(top, "count");
  mkdirSync(dir);
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

function run(env: Record<string, string>) {
  const child = spawnSync(process.execPath, ["--input-type=module", "-e", PROGRAM, dir], {
    env: { ...process.env, ...env },
    encoding: "utf8",
  });
  const files = readdirSync(dir).filter((name) => !name.endsWith(".tmp"));
  return { ...child, files: files.sort() };
}

describe("the crash preload", () => {
  it("counts the writes of an undisturbed run by every rename API, and none outside the folder", () => {
    const { stdout, stderr, signal } = run(countEnv({ dir, countFile }));
    expect({ stdout, stderr, signal }).toEqual({ stdout: "ended\n", stderr: "", signal: null });
    expect(readCountedWrites(countFile)).toEqual(NAMES);
    expect(existsSync(join(top, "elsewhere"))).toBe(true);
  });

  it("kills the process before or after each write", () => {
    for (const point of crashPoints(NAMES.length)) {
      rmSync(dir, { recursive: true });
      mkdirSync(dir);
      const { signal, stdout, files } = run(crashEnv({ dir, ...point }));
      expect(signal).toBe("SIGKILL");
      expect(stdout).toBe("");
      const done = point.phase === "after" ? point.at : point.at - 1;
      expect(files).toEqual(NAMES.slice(0, done).sort());
    }
  });

  it("lets a process end that makes fewer writes", () => {
    const { stdout, signal } = run(crashEnv({ dir, at: NAMES.length + 1, phase: "before" }));
    expect({ stdout, signal }).toEqual({ stdout: "ended\n", signal: null });
  });

  it("knows the folder by another name", () => {
    symlinkSync(dir, join(top, "link"));
    const { signal } = run(crashEnv({ dir: join(top, "link"), at: 2, phase: "before" }));
    expect(signal).toBe("SIGKILL");
  });

  it("keeps the options that NODE_OPTIONS held", () => {
    const { NODE_OPTIONS } = countEnv({ dir, nodeOptions: "--no-deprecation" });
    expect(NODE_OPTIONS).toMatch(/^--no-deprecation --import=file:.*crash-preload/);
  });

  it("refuses a point that it cannot read", () => {
    const { status, stderr } = run({ ...countEnv({ dir }), FLOE_CRASH_AT: "0:before" });
    expect(status).toBe(1);
    expect(stderr).toContain("FLOE_CRASH_AT=0:before is not");
  });

  it("says that nothing was written when there is no count file", () => {
    expect(readCountedWrites(countFile)).toEqual([]);
  });
});
