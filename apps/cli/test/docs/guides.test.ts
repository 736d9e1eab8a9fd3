import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  blocksOf,
  type GuideOptions,
  onlyProd,
  runGuide,
  runProgram,
  startCollector,
  startRegistry,
} from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aProject } from "../bed/a-project.ts";
import { linkedFolder, program } from "./linked-folder.ts";
import { githubSteps, gitlabStep, type ShellStep } from "./pipelines.ts";

const EXAMPLES = new URL("../../../../examples/", import.meta.url);
const example = (path: string): string => readFileSync(new URL(path, EXAMPLES), "utf8");

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

// A page is a few dozen processes, one after the other.
const long = { timeout: 300_000 };

/** Follows a page that says nothing else than what has to happen, and gives what was printed. */
async function followed(page: string, options: GuideOptions = {}): Promise<string> {
  const run = await runGuide(page, options);
  expect(run.problems).toEqual([]);
  expect(run.code, run.output).toBe(0);
  return run.output;
}

describe("README.md", () => {
  test("its commands make a project and promote in it", long, async () => {
    const output = await followed("README.md", {
      before: {
        'alias floe="$PWD/node_modules/.bin/node $PWD/apps/cli/bin/run.js"':
          'ln -s "$FLOE/apps" "$FLOE/node_modules" .',
      },
    });
    expect(output).toMatch(/^dev runs v0\.1\.0 \(sha256:\w{12}\): trusted$/m);
  });
});

describe("docs/guides/getting-started.md", () => {
  test(
    "every command ends as the page says, and the outputs that it shows are what is printed",
    long,
    async () => {
      const output = await followed("docs/guides/getting-started.md", {
        before: { "$ export FLOE=$PWD": 'cd "$FLOE"', "floe init": 'cd "$HOME"' },
      });
      for (const block of blocksOf("docs/guides/getting-started.md", "text"))
        for (const line of block.trimEnd().split("\n"))
          expect(output).toContain(line.replace(/(?<=floe-rec\.).*/, ""));
    },
  );
});

describe("docs/guides/approvals.md", () => {
  test("every command ends as the page says", long, async () => {
    const output = await followed("docs/guides/approvals.md");
    expect(output).toMatch(/prod +v0\.1\.0 +sha256:\w+ +pending +0 of 1/);
  });
});

describe("docs/guides/audit.md", () => {
  test("every command ends as the page says, before and after the ledger moves", long, async () => {
    const output = await followed("docs/guides/audit.md");
    expect(output).toContain("No drift: tags and records are as the ledgers say.");
  });
});

describe("docs/guides/deploy.md", () => {
  test("its command pins the digest in the file, and says so", long, async () => {
    await using registry = await startRegistry();
    await followed("docs/guides/deploy.md", {
      stands: { "registry.example.com": registry.host },
      before: {
        "$ floe platform deploy --env prod --target kustomize --path overlays/prod --image shop": `
          ${onlyProd({ uri: "oci://registry.example.com/acme/shop" })}
          floe promote v1.2.3 --to prod
          mkdir -p overlays/prod
          printf 'images:\n  - name: shop\n' > overlays/prod/kustomization.yaml`,
      },
    });
  });
});

describe("docs/guides/freeze-and-quarantine.md", () => {
  test(
    "its commands get past a freeze, undo a version, and take over what was there",
    long,
    async () => {
      const year = new Date().getUTCFullYear();
      const freeze = `{ start: "${year - 1}-01-01T00:00", end: "${year + 2}-01-01T00:00", timezone: UTC }`;
      const prod = `freeze: [${freeze}], overrides: { freeze: { groups: [sre] } }`;
      const output = await followed("docs/guides/freeze-and-quarantine.md", {
        before: {
          "floe promote v1.4.2 --to prod --override freeze --reason 'fixes incident 4711'": `
          ${onlyProd({ prod })}
          floe promote v1.2.3 --to prod --override freeze --reason 'the version before'
          floe artifact push v1.4.2 manifest.yaml
          floe artifact sign v1.4.2`,
          // The weekend is over.
          "floe rollback --env prod --reason 'loses orders'                  # prod runs the version before; this one is held in prod":
            "sed -i 's/, freeze: .*/ }/' manifest.yaml",
          "floe platform adopt v1.3.0 --env prod --reason 'ran there before floe'": `
          mkdir estate
          cd estate
          ${onlyProd()}
          floe artifact push v1.3.0 manifest.yaml`,
        },
      });
      expect(output).toContain("! freeze was overridden by release: fixes incident 4711");
    },
  );
});

describe("docs/guides/observe.md", () => {
  test("its command sends a trace to the collector", long, async () => {
    await using collector = await startCollector();
    await followed("docs/guides/observe.md", {
      stands: { "http://localhost:4318": collector.endpoint },
      before: { "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318": onlyProd() },
    });
    expect(collector.span("floe platform promote")).toBeDefined();
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

  /** A project with a signed version on a registry that asks for a password, and no private key left in its folder. */
  async function aJob() {
    await using resources = new AsyncDisposableStack();
    const account = { username: "ci", password: "s3cret-of-the-registry" };
    const registry = resources.use(await startRegistry({ auth: { kind: "basic", ...account } }));
    const project = resources.use(await aProject({ versions: [] }));
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
    for (const name of ["release", "artifact"]) rmSync(join(project.dir, `keys/${name}.key`));
    cpSync(new URL("ci/promote.sh", EXAMPLES), join(project.dir, "promote.sh"));
    const owned = resources.move();
    return {
      ...{ project, account, credentials, key },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  test(
    "its script promotes with a key from a variable, on a registry that asks for a password",
    long,
    async () => {
      await using bed = await aJob();
      const { project, account, credentials, key } = bed;
      const job = async () =>
        await runProgram(["./promote.sh"], {
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

  /** What a checkout of floe is to a pipeline: this one. It is built already, and building it says so. */
  function aCheckout(folder: string): string {
    const root = fileURLToPath(new URL("..", EXAMPLES));
    mkdirSync(folder, { recursive: true });
    for (const name of ["apps", "node_modules"]) symlinkSync(join(root, name), join(folder, name));
    const bin = join(folder, "bin");
    mkdirSync(bin);
    const npx =
      '[ "$*" = "--yes pnpm@12 build" ] && [ -e apps/cli/bin/run.js ] && echo "built floe"';
    writeFileSync(join(bin, "npx"), `#!/bin/sh\n${npx}\n`, { mode: 0o755 });
    return bin;
  }

  async function runSteps(dir: string, bin: string, steps: readonly ShellStep[]): Promise<string> {
    let output = "";
    for (const { script, env, folder } of steps) {
      // The way both services run steps: they stop at the first command that fails.
      const run = await runProgram(["bash", "-eo", "pipefail", "-c", script], {
        cwd: join(dir, folder),
        env: { ...env, PATH: `${bin}:${process.env["PATH"]}` },
      });
      output += run.output;
      expect(run.code, `${script}\n${output}`).toBe(0);
    }
    return output;
  }

  const [workflow = "", job = ""] = blocksOf(page, "yaml");

  test("the steps of its GitHub Actions workflow promote and verify", long, async () => {
    await using bed = await aJob();
    const { project, account, key } = bed;
    const bin = aCheckout(join(project.dir, "floe"));
    const summary = join(project.dir, "summary.txt");
    const steps = githubSteps(workflow, {
      "github.workspace": project.dir,
      "github.server_url": "https://github.com",
      "github.repository": "acme/app",
      "github.run_id": "7",
      "inputs.version": "v1.0.0",
      "inputs.target": "dev",
      "secrets.REGISTRY_USERNAME": account.username,
      "secrets.REGISTRY_PASSWORD": account.password,
      "secrets.RELEASE_KEY": key,
      "secrets.RELEASE_KEY_PASSWORD": "",
    });
    const runner = steps.map((step) => ({
      ...step,
      env: { ...step.env, GITHUB_STEP_SUMMARY: summary },
    }));
    const output = await runSteps(project.dir, bin, runner);
    expect(output).toContain("built floe");
    expect(output).toContain("Promoted v1.0.0 to dev");
    expect(project.read("summary.txt")).toMatch(/^dev +v1\.0\.0 .* promoted +ok$/m);
    const env = bed.credentials;
    const history = ["platform", "history", "--version", "v1.0.0", "-o", "json"];
    expect((await project.runWith({ env }, ...history)).rows).toHaveLength(2);
  });

  test("the script of its GitLab job promotes and verifies", long, async () => {
    await using bed = await aJob();
    const { project, credentials, key } = bed;
    const origin = join(project.dir, "origin");
    const bin = aCheckout(origin);
    const git = async (...args: [string, ...string[]]) => {
      const who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
      const run = await runProgram(["git", ...who, ...args], { cwd: origin });
      expect(run.code, run.output).toBe(0);
    };
    await git("init", "--quiet");
    await git("add", "apps", "node_modules");
    await git("commit", "--quiet", "-m", "a release");
    await git("tag", "v0.1.0");
    const step = gitlabStep(job, {
      ...credentials,
      ...{
        CI_PROJECT_DIR: project.dir,
        CI_JOB_URL: "https://gitlab.example.com/acme/app/-/jobs/7",
      },
      ...{ VERSION: "v1.0.0", TARGET: "dev", RELEASE_KEY: key },
      // The clone is of a repository here.
      ...{ GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: `url.file://${origin}.insteadOf` },
      GIT_CONFIG_VALUE_0: "https://git.example.com/acme/floe.git",
    });
    const output = await runSteps(project.dir, bin, [step]);
    expect(output).toContain("built floe");
    expect(output).toContain("Promoted v1.0.0 to dev");
  });
});

describe("examples/quickstart", () => {
  test("every command of its README ends as the page says", long, async () => {
    const output = await followed("examples/quickstart/README.md", {
      prepare: (folder) => cpSync(new URL("quickstart", EXAMPLES), folder, { recursive: true }),
    });
    expect(output).toContain("FLOE_GATE_FAILED");
  });
});
