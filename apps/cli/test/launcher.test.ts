import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../bin/run.js", import.meta.url));

/** Whoever debugs something else than oclif gets no other output, and none of floe's short cuts. */
const BY_OCLIF = { DEBUG: "nothing" };

/** Starts floe in a process that believes to be another Node.js, and shows which files it has loaded at its end. */
function launchUnder(version: string) {
  const preload = `
    import { registerHooks } from "node:module";
    Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on("exit", () => process.stdout.write(JSON.stringify(loaded.filter((url) => url.startsWith("file:")))));`;
  const hook = `data:text/javascript,${encodeURIComponent(preload)}`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", hook, LAUNCHER, "--version"],
    { encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

test.for(["20.20.2", "22.22.0", "24.14.1"])(
  "on Node.js %s floe says so in one line and ends with 2, before it loads anything else",
  (version) => {
    const { status, stdout, stderr } = launchUnder(version);
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        new RegExp(`^floe needs Node\\.js 24\\.15 or newer and runs on ${version}: [^\\n]+\\n$`),
      ),
    });
    expect(JSON.parse(stdout)).toEqual([expect.stringMatching(/\/bin\/run\.js$/)]);
  },
);

test.for(["24.15.0", "25.0.0", "26.10.0"])("on Node.js %s floe starts", (version) => {
  expect(launchUnder(version)).toMatchObject({ status: 0, stderr: "" });
});

test.for(["--help", "--version"])(
  "floe %s ends with success when nobody reads it to its end",
  async (flag) => {
    const child = spawn(process.execPath, [LAUNCHER, flag], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.destroy();
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });

    const [code] = await once(child, "close");

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  },
);

test("the help of the program is the same with and without what the build wrote", () => {
  const folder = mkdtempSync(join(tmpdir(), "floe-launcher-"));
  try {
    const help = (env: NodeJS.ProcessEnv, ...args: string[]): string =>
      spawnSync(process.execPath, [LAUNCHER, ...args], {
        encoding: "utf8",
        env: { HOME: folder, ...env },
      }).stdout;
    const made = help(BY_OCLIF, "--help");
    expect(made).toContain("promote");
    for (const args of [[], ["--help"], ["-h"], ["help"]]) expect(help({}, ...args)).toBe(made);
    expect(help(BY_OCLIF, "help", "promote")).toBe(help(BY_OCLIF, "promote", "-h"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test.for([
  ["artifact", "list", "-r", "oci-layout:registry", "--json"],
  ["artifact", "push", "-r", "oci-layout:registry", "-t", "v1.0.0", "manifest.yaml"],
  ["artifact", "copy", "only-one"],
  ["artifact", "cache", "prune", "--nonsense"],
  ["gate", "list", "--json"],
  ["status", "--json"],
  ["promote", "v9.9.9", "--to", "nowhere"],
  ["platform", "lock"],
  ["manifest", "validate", "surplus"],
  ["artifact", "nonsense"],
])("floe %s says and does the same by oclif's way and by floe's own", (...[args]) => {
  const run = (way: NodeJS.ProcessEnv) => {
    const folder = mkdtempSync(join(tmpdir(), "floe-launcher-"));
    try {
      const env = { HOME: folder, LANG: "C.UTF-8", ...way };
      const floe = (...words: string[]) =>
        spawnSync(process.execPath, [LAUNCHER, ...words], { encoding: "utf8", env, cwd: folder });
      expect(floe("init", "--name", "same").status).toBe(0);
      const { status, stdout, stderr } = floe(...args);
      const same = (text: string): string =>
        text.replaceAll(folder, "FOLDER").replace(/sha256:[0-9a-f]+/g, "DIGEST");
      return { status, stdout: same(stdout), stderr: same(stderr) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };

  expect(run({})).toEqual(run(BY_OCLIF));
});
