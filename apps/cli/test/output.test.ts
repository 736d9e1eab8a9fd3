import { fileURLToPath } from "node:url";
import { runProgram } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { aProject, type Project } from "./bed/a-project.ts";

const ESCAPE = "\u001b";
const terminal = {
  NODE_OPTIONS: `--import=${new URL("./bed/pretend-terminal.ts", import.meta.url).href}`,
  TERM: "xterm-256color",
};

// The one escape that a live line needs stays, as it is no colour.
function hasColour(text: string): boolean {
  return text.split(`${ESCAPE}[`).some((part, index) => index > 0 && /^[\d;]*m/.test(part));
}

async function withWarning(): Promise<Project> {
  return await aProject({
    environments: [
      {
        name: "dev",
        gates: { policy_compliance: true, smoke: { command: ["false"], required: false } },
      },
    ],
  });
}

describe("standard output", () => {
  test("holds the result and nothing else; progress goes to standard error", async () => {
    await using project = await withWarning();
    const run = await project.done("promote", "v1.0.0", "--to", "dev");
    expect(run.stdout).toMatch(/^v1\.0\.0 \(sha256:[0-9a-f]+\): none → dev\n/);
    expect(run.stdout).toMatch(/Promoted v1\.0\.0 to dev\n/);
    expect(run.stdout).not.toContain("gate policy_compliance:");
    // What a gate warns of is said once.
    expect(run.stdout.match(/^ {2}. (?:gate )?smoke.*$/gm)).toEqual([
      expect.stringMatching(/^ {2}✗ smoke \(not required\): /),
    ]);
    expect(run.stderr).toMatch(/^gate policy_compliance: passed: .* \(\d+\.\d s\)$/m);
  });

  test("is empty for a refused command line, and the error is on standard error", async () => {
    await using project = await aProject();
    const run = await project.run("promote", "nope", "--to", "dev");
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(
      /^error FLOE_TAG_INVALID: "nope" is not a version\n {2}→ A version looks like/,
    );
  });

  test.each([
    ["-o json", ["-o", "json"]],
    ["-ojson", ["-ojson"]],
    ["--output=json", ["--output=json"]],
    ["--format json", ["--format", "json"]],
    ["--json", ["--json"]],
  ])("%s gives the same JSON", async (_, format) => {
    await using project = await aProject();
    const run = await project.done("status", ...format);
    expect(run.rows.map((row) => row["environment"])).toEqual(["dev", "staging", "prod"]);
    const failed = await project.run("status", "--env", "nowhere", ...format);
    expect(failed.json).toEqual({
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      success: false,
      error: {
        code: "FLOE_ENVIRONMENT_NOT_FOUND",
        exit_code: 3,
        message: 'the manifest has no environment "nowhere"',
        hint: expect.any(String),
        details: { environment: "nowhere", near: [] },
      },
    });
    expect(failed.stderr).toBe("");
  });

  test("-o yaml gives the same as JSON, results and errors", async () => {
    await using project = await aProject();
    await project.promote("v1.0.0", "dev");
    const json = await project.done("status", "-o", "json");
    const yaml = await project.done("status", "-o", "yaml");
    expect(parse(yaml.stdout)).toEqual(json.rows);
    const failed = await project.run("promote", "v1.0.0", "--to", "dev", "-o", "yaml");
    expect(failed.code).toBe(10);
    expect(parse(failed.stdout)).toMatchObject({
      success: false,
      error: { code: "FLOE_TARGET_TAG_EXISTS", exit_code: 10 },
    });
  });
});

test("--quiet leaves out progress and warnings, never the result or an error", async () => {
  await using project = await withWarning();
  const run = await project.done("promote", "v1.0.0", "--to", "dev", "--quiet");
  expect(run.stderr).toBe("");
  expect(run.stdout).toContain("Promoted v1.0.0 to dev");
  const again = await project.run("promote", "v1.0.0", "--to", "dev", "--quiet");
  expect(again.code).toBe(10);
  expect(again.stderr).toMatch(/^BLOCKED: /m);
});

test("--verbose says more on standard error, and the result is the same", async () => {
  await using project = await aProject();
  const quiet = await project.done("promote", "v1.0.0", "--to", "dev", "--dry-run", "-o", "json");
  const verbose = await project.done(
    ...["promote", "v1.0.0", "--to", "dev", "--dry-run", "-o", "json", "--verbose"],
  );
  expect(verbose.json["plan_digest"]).toBe(quiet.json["plan_digest"]);
  const error = await project.run("promote", "nope", "--to", "dev", "--verbose");
  expect(error.stderr).toContain("at parseVersion");
});

describe("colours", () => {
  const commands = [
    ["status"],
    ["promote", "v1.0.0", "--to", "dev", "--dry-run"],
    ["promote", "v1.0.0", "--to", "prod"],
    ["promote", "nope", "--to", "dev"],
    ["--help"],
    ["promote", "--help"],
    ["artifact", "list"],
  ];

  test("are never in what goes to a file or a pipe", async () => {
    await using project = await aProject();
    for (const args of commands) {
      const run = await project.runWith({ env: { TERM: "xterm-256color" } }, ...args);
      expect([args, run.stdout.includes(ESCAPE), run.stderr.includes(ESCAPE)]).toEqual([
        args,
        false,
        false,
      ]);
    }
  });

  test("are on a terminal, unless NO_COLOR or --no-color says otherwise", async () => {
    await using project = await aProject();
    const coloured = await project.runWith({ env: terminal }, "status");
    expect(coloured.stdout).toContain(ESCAPE);
    const failed = await project.runWith({ env: terminal }, "promote", "nope", "--to", "dev");
    expect(failed.stderr).toContain(ESCAPE);
    for (const args of commands) {
      const off = await project.runWith({ env: { ...terminal, NO_COLOR: "1" } }, ...args);
      expect([args, hasColour(off.stdout + off.stderr)]).toEqual([args, false]);
    }
    const flag = await project.runWith({ env: terminal }, "status", "--no-color");
    expect(flag.stdout).not.toContain(ESCAPE);
  });
});

test("text that others wrote cannot steer the terminal", async () => {
  await using project = await aProject({
    environments: [
      {
        name: "dev",
        gates: {
          policy_compliance: true,
          smoke: { command: ["sh", "-c", "printf '\\033[2J\\033]0;owned\\007 gone' >&2; exit 1"] },
        },
      },
    ],
  });
  const run = await project.run("promote", "v1.0.0", "--to", "dev", "--verbose");
  expect(run.code).toBe(8);
  expect(run.stdout + run.stderr).not.toContain(ESCAPE);
  const alone = await project.run("gate", "run", "smoke", "v1.0.0", "--env", "dev");
  expect(alone.stdout + alone.stderr).not.toContain(ESCAPE);
});

test.each(["table", "json"])(
  "a full disk under standard output ends with 2 and says so, with -o %s",
  async (format) => {
    await using project = await aProject();
    const launcher = fileURLToPath(new URL("../bin/run.js", import.meta.url));
    const script = `exec "$0" "$1" status -o ${format} > /dev/full`;
    const run = await runProgram(["sh", "-c", script, process.execPath, launcher], {
      cwd: project.dir,
    });
    expect(run.output).toBe(
      "error FLOE_OUTPUT_FAILED: the result could not be printed: ENOSPC: no space left on device, write\n  → What the command does was done by then; only its output is lost.\n",
    );
    expect(run.code).toBe(2);
  },
);
