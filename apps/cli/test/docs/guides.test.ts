import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aProject } from "../bed/a-project.ts";
import { linkedFolder, program } from "./linked-folder.ts";
import { blocksOf, runGuide } from "./run-guide.ts";
import { runProgram } from "./run-program.ts";

const EXAMPLES = new URL("../../../../examples/", import.meta.url);
const example = (path: string): string => readFileSync(new URL(path, EXAMPLES), "utf8");

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

describe("docs/guides/sign-and-attest.md", () => {
  test("every command ends as the page says", long, async () => {
    const run = await runGuide("docs/guides/sign-and-attest.md");
    expect(run.output).not.toContain("and the page says");
    expect(run.code, run.output).toBe(0);
    expect(run.output).toMatch(/CycloneDX 1\.6, 0 components +keys\/artifact\.pub/);
  });
});

describe("docs/guides/approvals.md", () => {
  test("every command ends as the page says", long, async () => {
    const run = await runGuide("docs/guides/approvals.md");
    expect(run.output).not.toContain("and the page says");
    expect(run.code, run.output).toBe(0);
    expect(run.output).toMatch(/prod +v0\.1\.0 +sha256:\w+ +pending +0 of 1/);
  });
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

describe("docs/guides/promote-in-ci.md", () => {
  const page = "docs/guides/promote-in-ci.md";

  test("shows the script of examples/ci, and pipelines that are YAML", () => {
    expect(blocksOf(page, "bash")).toEqual([example("ci/promote.sh")]);
    for (const block of blocksOf(page, "yaml")) expect(parse(block)).toBeTypeOf("object");
  });

  test(
    "its script promotes with a key from a variable, on a registry that asks for a password",
    long,
    async () => {
      const account = { username: "ci", password: "s3cret-of-the-registry" };
      await using registry = await startRegistry({ auth: { kind: "basic", ...account } });
      await using project = await aProject({ versions: [] });
      const manifest = project.read("manifest.yaml");
      const uri = `oci://${registry.host}/acme/app`;
      project.write("manifest.yaml", manifest.replace("oci-layout:./.floe/registry", uri));
      const credentials = {
        FLOE_REGISTRY_USERNAME: account.username,
        FLOE_REGISTRY_PASSWORD: account.password,
      };
      project.write("app.json", "{}");
      for (const command of [
        ["push", "v1.0.0", "app.json"],
        ["sign", "v1.0.0", "--key", "keys/artifact.key"],
      ]) {
        const run = await project.runWith({ env: credentials }, "artifact", ...command);
        expect(run.code, run.stderr).toBe(0);
      }
      const key = project.read("keys/release.key");
      rmSync(join(project.dir, "keys/release.key"));
      const job = async () =>
        await runProgram([fileURLToPath(new URL("ci/promote.sh", EXAMPLES))], {
          cwd: project.dir,
          env: {
            ...credentials,
            FLOE: fileURLToPath(new URL("..", EXAMPLES)),
            VERSION: "v1.0.0",
            TARGET: "dev",
            RUN_URL: "https://ci.example.com/runs/7",
            FLOE_SIGNING_KEY: "env:RELEASE_KEY",
            RELEASE_KEY: key,
          },
        });

      const first = await job();
      expect(first.code, first.output).toBe(0);
      expect(first.output).toContain("Promoted v1.0.0 to dev");
      expect(first.output).not.toContain(account.password);
      const again = await job();
      expect(again.code, again.output).toBe(0);
      expect(again.output).toContain("nothing to do");
    },
  );
});

describe("examples/quickstart", () => {
  test("every command of its README ends as the page says", long, async () => {
    const run = await runGuide("examples/quickstart/README.md", (folder) => {
      cpSync(new URL("quickstart", EXAMPLES), folder, {
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
