import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { blocksOf, run, runGuide } from "@floe/testing";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNpmRegistry } from "./support/npm-registry.ts";
import {
  done,
  npmConfig,
  npmEnvironment,
  npmInstall,
  type PackedPackage,
  packPackages,
} from "./support/packed-packages.ts";
import { testPluginAuthors } from "./support/plugin-authors.ts";
import { type TempFolder, tempFolder } from "./support/temp-folder.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const go = { signal: new AbortController().signal };

let tarballs: TempFolder;
let packed: readonly PackedPackage[];
/** An empty folder of a user's, outside the workspace, with every package installed by npm. */
let installed: TempFolder;

beforeAll(async () => {
  [tarballs, installed] = await Promise.all([tempFolder(), tempFolder()]);
  packed = await packPackages(tarballs.path, go);
  await writeFile(join(installed.path, "package.json"), '{ "private": true, "type": "module" }');
  const others = ["fastify@5.12.8", "@types/node@24", "vitest@5.1.1"];
  await npmInstall(installed.path, [...packed.map(({ tarball }) => tarball), ...others], go);
}, 300_000);

afterAll(async () => {
  await Promise.all([tarballs, installed].map((folder) => folder[Symbol.asyncDispose]()));
});

const floe = async (...args: string[]) =>
  await run(process.execPath, [join(installed.path, "node_modules/floe/bin/run.js"), ...args], {
    cwd: installed.path,
    ...go,
  });

describe("what would be published", () => {
  test("is every package that another one depends on, each with licence and README", async () => {
    const names = packed.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["floe", "@floe/core", "@floe/plugin-testkit"]));
    for (const { name, tarball } of packed) {
      const files = (await done("tar", ["tzf", tarball], { cwd: ROOT, ...go })).split("\n");
      const text = await done("tar", ["xzOf", tarball, "package/package.json"], {
        cwd: ROOT,
        ...go,
      });
      const { dependencies = {}, peerDependencies = {}, license } = JSON.parse(text);
      const own = Object.keys({ ...dependencies, ...peerDependencies }).filter((dependency) =>
        dependency.startsWith("@floe/"),
      );
      expect([name, own.filter((dependency) => !names.includes(dependency))]).toEqual([name, []]);
      expect(text).not.toContain("workspace:");
      expect(license).toBe("Apache-2.0");
      expect(files, name).toEqual(
        expect.arrayContaining(["package/LICENSE", "package/README.md", "package/package.json"]),
      );
      const unwanted = /\/test\/|tsbuildinfo|\.test\.|node_modules|\.env|\.key$/;
      expect([name, files.filter((file) => unwanted.test(file))]).toEqual([name, []]);
    }
  });

  test("is what the workflow of docs/releasing.md publishes", async () => {
    const [workflow = ""] = blocksOf("docs/releasing.md", "yaml");
    const [, words = ""] = /- run: npx --yes pnpm@12 (-r publish .*)$/m.exec(workflow) ?? [];
    // A registry that has none of them.
    await using empty = createServer((_, response) => response.writeHead(404).end("{}"));
    empty.listen(0, "127.0.0.1");
    await once(empty, "listening");
    const registry = `http://127.0.0.1:${(empty.address() as AddressInfo).port}/`;
    const dry = [...words.split(" "), "--dry-run", "--registry", registry];
    const printed = await done("npx", ["--yes", "pnpm@12", ...dry], { cwd: ROOT, ...go });
    const said = printed.matchAll(/(\S+)@\S+ → /g);
    expect(new Set([...said].map(([, name]) => name))).toEqual(
      new Set(packed.map(({ name }) => name)),
    );
  });

  test("is what publint finds no fault with", async () => {
    const found = await Promise.all(
      packed.map(async ({ name, tarball }) => {
        const bytes = await readFile(tarball);
        const pack = { tarball: new Uint8Array(bytes).buffer };
        const { messages, pkg } = await publint({ pack, strict: true, level: "warning" });
        return messages.map((message) => `${name}: ${formatMessage(message, pkg as never)}`);
      }),
    );
    expect(found.flat()).toEqual([]);
  });

  test("has types that are right for who imports it", async () => {
    const found = await Promise.all(
      packed
        .filter(({ name }) => name !== "floe")
        .map(async ({ name, tarball }) => {
          const data = createPackageFromTarballData(new Uint8Array(await readFile(tarball)));
          const checked = await checkPackage(data);
          if (checked.types === false) return [`${name} has no types`];
          // The packages are ESM, and Node.js 24 can require that.
          return checked.problems
            .filter((problem) => problem.kind !== "CJSResolvesToESM")
            .filter(
              (problem) => !("resolutionKind" in problem && problem.resolutionKind === "node10"),
            )
            .map((problem) => `${name}: ${JSON.stringify(problem)}`);
        }),
    );
    expect(found.flat()).toEqual([]);
  }, 120_000);
});

describe("somebody who writes a plugin", () => {
  testPluginAuthors(() => ({
    packed,
    launcher: join(installed.path, "node_modules/floe/bin/run.js"),
  }));
});

describe("in an empty folder, installed by npm", () => {
  test("every entry of every package is imported by plain Node.js", async () => {
    const entries: string[] = [];
    for (const { name, folder } of packed) {
      const { exports = {} } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
      for (const entry of Object.keys(exports))
        if (entry !== "./package.json") entries.push(`${name}${entry.slice(1)}`);
    }
    const imports = entries.map(
      (entry) =>
        `try { await import(${JSON.stringify(entry)}) } catch (e) { failed.push([${JSON.stringify(entry)}, String(e)]) }`,
    );
    // The kit writes vitest suites, which only a test run lets it do.
    const program = `const failed = [];\n${imports.join("\n")}\nconsole.log(JSON.stringify(failed));`;
    await writeFile(join(installed.path, "import-all.js"), program);
    const out = await done(process.execPath, ["import-all.js"], { cwd: installed.path, ...go });
    expect(entries.length).toBeGreaterThan(20);
    expect(JSON.parse(out)).toEqual([]);
  });

  test("floe runs its quickstart, and lists the gates that come with it", async () => {
    const version = JSON.parse(await readFile(join(ROOT, "apps/cli/package.json"), "utf8")).version;
    expect((await floe("--version")).stdout).toContain(version);
    const listed = await floe("gate", "list", "-o", "json");
    expect(listed.exitCode, listed.stderr).toBe(0);
    const gates = ["tests", "security_scan", "cost_analysis", "performance_baseline"];
    for (const gate of gates) expect(listed.stdout).toContain(`"${gate}"`);
    const quickstart = await floe("quickstart");
    expect(quickstart.exitCode, quickstart.stderr).toBe(0);
  });

  test("docs/guides/use-core-in-your-app.md, followed literally, gives a program that promotes and a service", async () => {
    const page = "docs/guides/use-core-in-your-app.md";
    const files = ["open-floe.ts", "promote.ts", "server.ts"];
    const example = (file: string) => readFile(join(ROOT, "examples/embed-core", file), "utf8");
    const blocks = blocksOf(page, "ts");
    expect(blocks).toEqual(await Promise.all(files.map(example)));
    const upstream = await npmConfig("registry");
    await using registry = await startNpmRegistry(packed, upstream);
    const guide = await runGuide(page, {
      prepare: (folder) => {
        mkdirSync(join(folder, "app"));
        for (const [index, file] of files.entries())
          writeFileSync(join(folder, "app", file), blocks[index] ?? "");
      },
      env: { ...npmEnvironment(), npm_config_registry: registry.url },
    });
    expect(guide.problems).toEqual([]);
    expect(guide.code, guide.output).toBe(0);
    for (const block of blocksOf(page, "text"))
      for (const line of block.trimEnd().split("\n")) expect(guide.output).toContain(line);
  }, 120_000);

  test("the example that embeds the core is rightly typed, ends with floe's exit codes, and answers refusals", async () => {
    const folder = join(installed.path, "app");
    await cp(join(ROOT, "examples/embed-core"), folder, {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    await done(join(ROOT, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder, ...go });
    await mkdir(join(installed.path, "project"));
    expect((await floe("init", "project")).exitCode).toBe(0);
    const manifest = join(installed.path, "project/manifest.yaml");
    const promoted = await done(process.execPath, ["promote.ts", manifest, "v0.1.0", "dev"], {
      cwd: folder,
      ...go,
    });
    expect(promoted).toContain("v0.1.0 is in dev: v0.1.0-dev, latest-dev");
    const code = async (...words: string[]) =>
      (await run(process.execPath, ["promote.ts", manifest, ...words], { cwd: folder, ...go }))
        .exitCode;
    expect(await code("v0.1.0", "dev")).toBe(10);
    expect(await code("v9.9.9", "dev")).toBe(3);

    const child = spawn(process.execPath, ["server.ts", manifest, "0"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    try {
      const [address] = await once(createInterface({ input: child.stdout }), "line");
      const rows = (await (await fetch(`${address}/environments`)).json()) as unknown[];
      expect(rows[0]).toMatchObject({ environment: "dev", version: "v0.1.0", drift: null });
      const plan = async (environment: string, body: unknown) => {
        const answer = await fetch(`${address}/environments/${environment}/plans`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        });
        return { status: answer.status, body: await answer.json() };
      };
      expect(await plan("staging", { version: "v0.1.0" })).toMatchObject({
        status: 200,
        body: { outcome: "would_succeed", blocking: [] },
      });
      expect(await plan("dev", { version: "v0.1.0" })).toMatchObject({
        status: 200,
        body: { outcome: "blocked", blocking: [{ code: "FLOE_TARGET_TAG_EXISTS" }] },
      });
      expect(await plan("dev", { version: "v9.9.9" })).toMatchObject({
        status: 404,
        body: { code: "FLOE_ARTIFACT_NOT_FOUND" },
      });
      expect(await plan("nowhere", { version: "v0.1.0" })).toMatchObject({
        body: { outcome: "blocked", blocking: [{ code: expect.stringMatching(/^FLOE_/) }] },
      });
      expect(await plan("dev", {})).toMatchObject({ status: 400 });
      // A plan writes nothing.
      const after = (await (await fetch(`${address}/environments`)).json()) as unknown[];
      expect(after[1]).toMatchObject({ environment: "staging", version: null });
    } finally {
      child.kill("SIGTERM");
    }
    expect(await ended).toEqual([0, null]);
  }, 120_000);
});
