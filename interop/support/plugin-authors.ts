import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { blocksOf, run, runGuide } from "@floe/testing";
import { expect, test } from "vitest";
import { startNpmRegistry } from "./npm-registry.ts";
import { npmConfig, npmEnvironment, type PackedPackage } from "./packed-packages.ts";
import { tempFolder } from "./temp-folder.ts";

/** What those who write plugins start from: floe as npm has installed it, and the packages as they would be published. */
export interface PublishedFloe {
  readonly packed: readonly PackedPackage[];
  /** The launcher of the installed floe. */
  readonly launcher: string;
}

/** The last of some lines that names a number of tests, as vitest prints them. */
const PASSED = /Tests {2}\d+ passed/;

/** Writes the tests of what somebody does who writes a plugin, and has nothing but what is published and the guides. */
export function testPluginAuthors(published: () => PublishedFloe): void {
  /** Follows a guide in an empty folder; what the page shows as a file is put there as it is shown. */
  async function follow(page: string, files: Readonly<Record<string, string>>): Promise<string> {
    await using data = await tempFolder();
    await using registry = await startNpmRegistry(published().packed, await npmConfig("registry"));
    const guide = await runGuide(page, {
      prepare: (folder) => {
        for (const [path, text] of Object.entries(files)) {
          mkdirSync(join(folder, path, ".."), { recursive: true });
          writeFileSync(join(folder, path), text);
        }
      },
      env: {
        ...npmEnvironment(),
        LAUNCHER: published().launcher,
        FLOE_DATA_DIR: data.path,
        npm_config_registry: registry.url,
      },
    });
    expect(guide.problems).toEqual([]);
    expect(guide.code, guide.output).toBe(0);
    for (const block of blocksOf(page, "text"))
      for (const line of block.trimEnd().split("\n"))
        expect(guide.output).toContain(line.trimEnd());
    expect(stripVTControlCharacters(guide.output)).toMatch(PASSED);
    return guide.output;
  }

  test("docs/guides/write-a-gate.md, followed literally, gives a gate that blocks a promotion", async () => {
    const page = "docs/guides/write-a-gate.md";
    const [manifest = "", module = "", contract = ""] = ["json", "js", "ts"].flatMap((language) =>
      blocksOf(page, language),
    );
    const output = await follow(page, {
      "layer-limit/package.json": manifest,
      "layer-limit/index.js": module,
      "layer-limit/contract.test.ts": contract,
    });
    expect(output).toContain("BLOCKED: gate layer_limit: 2 layers, and 1 are allowed");
  }, 300_000);

  test("docs/guides/write-an-audit-backend.md, followed literally, gives a store whose ledger is verified", async () => {
    const page = "docs/guides/write-an-audit-backend.md";
    const [manifest = ""] = blocksOf(page, "json");
    const [module = "", contract = ""] = blocksOf(page, "js");
    const output = await follow(page, {
      "folder-ledger/package.json": manifest,
      "folder-ledger/index.js": module,
      "folder-ledger/test/contract.test.js": contract,
    });
    expect(output).toContain("dev: 3 events, folder_ledger, strong");
    expect(output).toContain("event 1: its bytes are not JSON");
  }, 300_000);

  test.each([
    ["gate", "size-check", "size_check"],
    ["audit-backend", "kept-here", "kept_here"],
  ] as const)(
    "npm create floe-plugin %s %s gives a package that builds, passes the kit and is installed",
    async (kind, name, id) => {
      await using folder = await tempFolder();
      await using registry = await startNpmRegistry(
        published().packed,
        await npmConfig("registry"),
      );
      const env = {
        ...npmEnvironment(),
        ...{ FLOE_DATA_DIR: join(folder.path, "data"), npm_config_registry: registry.url },
        ...{ npm_config_audit: "false", npm_config_fund: "false", npm_config_yes: "true" },
      };
      const { signal } = new AbortController();
      const done = async (cwd: string, file: string, ...args: string[]): Promise<string> => {
        const ended = await run(file, args, { cwd, env, signal });
        expect(ended.exitCode, `${file} ${args.join(" ")}\n${ended.stdout}${ended.stderr}`).toBe(0);
        return ended.stdout;
      };
      const floe = (...args: string[]) =>
        done(folder.path, process.execPath, published().launcher, ...args);

      const created = await done(folder.path, "npm", "create", "floe-plugin", "--", kind, name);
      const root = join(folder.path, `floe-plugin-${name}`);
      expect(created).toContain(`floe-plugin-${name}/src/index.ts`);
      // `floe plugins new` writes the same.
      mkdirSync(join(folder.path, "again"));
      const again = ["plugins", "new", kind, name, "-o", "json"];
      const { files } = JSON.parse(
        await done(join(folder.path, "again"), process.execPath, published().launcher, ...again),
      ) as { readonly files: readonly string[] };
      for (const path of files)
        expect(readFileSync(join(folder.path, "again", `floe-plugin-${name}`, path), "utf8")).toBe(
          readFileSync(join(root, path), "utf8"),
        );

      await done(root, "npm", "install");
      await done(root, "npm", "run", "typecheck");
      expect(stripVTControlCharacters(await done(root, "npm", "test"))).toMatch(PASSED);
      // What is packed was built by it.
      await done(root, "npm", "pack");
      const tarball = readdirSync(root).find((file) => file.endsWith(".tgz")) ?? "no tarball";
      await floe("plugins", "install", `file:${join(root, tarball)}`);
      if (kind === "gate") {
        const gates = JSON.parse(await floe("gate", "list", "--check", "-o", "json")) as unknown[];
        expect(gates).toContainEqual({
          ...{ id, plugin: `floe-plugin-${name}`, version: "0.1.0", origin: "user" },
          ...{ usable: true, problem: null },
        });
        return;
      }
      await floe("init", "project");
      const manifest = join(folder.path, "project/manifest.yaml");
      const audit = `    audit: { backend: ${id}, with: { path: ledger } }\n`;
      writeFileSync(
        manifest,
        readFileSync(manifest, "utf8").replace("  promotion:\n", `  promotion:\n${audit}`),
      );
      await floe("promote", "v0.1.0", "--to", "dev", "-m", manifest);
      expect(await floe("audit", "verify", "-m", manifest)).toContain(
        `dev: 3 events, ${id}, strong`,
      );
    },
    180_000,
  );
}
