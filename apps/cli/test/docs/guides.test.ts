import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { linkedFolder, program } from "./linked-folder.ts";
import { blocksOf, runGuide } from "./run-guide.ts";
import { runProgram } from "./run-program.ts";

const example = (path: string): string =>
  readFileSync(new URL(`../../../../examples/${path}`, import.meta.url), "utf8");

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

// A page is a few dozen processes, one after the other.
const long = { timeout: 300_000 };

describe("docs/guides/getting-started.md", () => {
  test(
    "every command ends as the page says, and the outputs that it shows are what is printed",
    long,
    async () => {
      const run = await runGuide("docs/guides/getting-started.md");
      expect(run.output).not.toContain("and the page says");
      expect(run.code, run.output).toBe(0);
      for (const block of blocksOf("docs/guides/getting-started.md", "text"))
        for (const line of block.trimEnd().split("\n"))
          expect(run.output).toContain(line.replace(/(?<=floe-rec\.).*/, ""));
    },
  );
});

describe("docs/guides/write-a-gate.md", () => {
  const page = "docs/guides/write-a-gate.md";
  const [manifest = "", module = ""] = [...blocksOf(page, "json"), ...blocksOf(page, "js")];

  test("shows the files of examples/third-party-gate", () => {
    expect(JSON.parse(manifest)).toEqual(JSON.parse(example("third-party-gate/package.json")));
    expect(module).toBe(example("third-party-gate/index.js"));
  });

  test(
    "every command ends as the page says, and the outputs that it shows are what is printed",
    long,
    async () => {
      const run = await runGuide(page, (folder) => {
        write(folder, "layer-limit/package.json", manifest);
        write(folder, "layer-limit/index.js", module);
      });
      expect(run.output).not.toContain("and the page says");
      expect(run.code, run.output).toBe(0);
      for (const block of blocksOf(page, "text"))
        for (const line of block.trimEnd().split("\n"))
          expect(run.output).toContain(line.trimEnd());
    },
  );

  test(
    "its gate stands the checks of the testkit, and its types fit the contract",
    long,
    async () => {
      using folder = linkedFolder("examples/third-party-gate", {
        "@floe/core": "packages/core",
        "@floe/plugin-testkit": "packages/plugin-testkit",
        "@types/node": "node_modules/@types/node",
        vitest: "node_modules/vitest",
      });
      write(folder.path, "layer-limit.test.ts", blocksOf(page, "ts").join(""));
      const checks = await runProgram([program("vitest"), "run"], { cwd: folder.path });
      expect(checks.code, checks.output).toBe(0);
      const flags =
        "--ignoreConfig --allowJs --checkJs --noEmit --strict --module nodenext --target es2024 --lib es2024,esnext.disposable --types node";
      const types = await runProgram([program("tsc"), ...flags.split(" "), "index.js"], {
        cwd: folder.path,
      });
      expect(types).toEqual({ code: 0, output: "" });
    },
  );
});

describe("examples/quickstart", () => {
  test("every command of its README ends as the page says", long, async () => {
    const run = await runGuide("examples/quickstart/README.md", (folder) => {
      cpSync(new URL("../../../../examples/quickstart", import.meta.url), folder, {
        recursive: true,
      });
    });
    expect(run.output).not.toContain("and the page says");
    expect(run.code, run.output).toBe(0);
    expect(run.output).toContain("FLOE_GATE_FAILED");
  });
});

describe("examples/embed-core", () => {
  test(
    "is correctly typed, and promotes with the exit codes of the command line",
    long,
    async () => {
      using folder = linkedFolder("examples/embed-core", {
        "@floe/core": "packages/core",
        "@floe/oci": "packages/oci",
        "@floe/policy": "packages/policy",
        "@floe/runner": "packages/runner",
        "@floe/signing": "packages/signing",
        "@types/node": "node_modules/@types/node",
      });
      expect(await runProgram([program("tsc"), "-p", "."], { cwd: folder.path })).toEqual({
        code: 0,
        output: "",
      });
      const launcher = new URL("../../bin/run.js", import.meta.url).pathname;
      const made = await runProgram([process.execPath, launcher, "init", "project"], {
        cwd: folder.path,
      });
      expect(made.code, made.output).toBe(0);
      const promote = async (...args: string[]) =>
        await runProgram([process.execPath, "promote.ts", "project/manifest.yaml", ...args], {
          cwd: folder.path,
        });

      const first = await promote("v0.1.0", "dev");
      expect(first).toMatchObject({ code: 0 });
      expect(first.output).toContain("v0.1.0 is in dev: v0.1.0-dev, latest-dev");
      const again = await promote("v0.1.0", "dev");
      expect(again).toMatchObject({ code: 10 });
      expect(again.output).toContain("FLOE_TARGET_TAG_EXISTS");
      expect(await promote("v9.9.9", "dev")).toMatchObject({ code: 3 });
    },
  );
});
