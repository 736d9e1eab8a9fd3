import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandSpec } from "@floe/core/ports";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCommandRunner } from "../src/index.ts";
import { processesWith, uniqueSleep } from "./processes.ts";

const NEVER = new AbortController().signal;
const BASE = { PATH: process.env["PATH"], HOME: "/home/nobody", SECRET_OF_FLOE: "not for gates" };

const runner = createCommandRunner({
  env: BASE,
  tmpDir: tmpdir(),
  killGraceMs: 300,
  pipeGraceMs: 300,
});

function command(
  argv: readonly [string, ...string[]],
  more: Partial<CommandSpec> = {},
): CommandSpec {
  return { argv, env: {}, secrets: [], timeoutMs: 60_000, ...more };
}

function script(text: string, more: Partial<CommandSpec> = {}): CommandSpec {
  return command([text], { shell: true, ...more });
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "floe-runner-test-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("run reports how a command ended", () => {
  test("gives exit code, both streams and the words of the command", async () => {
    const at = new Date("2026-05-04T03:02:01Z");
    const fixed = createCommandRunner({ env: BASE, tmpDir: tmpdir(), now: () => at });

    const run = await fixed.run(
      command(["sh", "-c", "echo out; echo err >&2; exit 3"], { cwd: folder }),
      { signal: NEVER },
    );

    expect(run).toMatchObject({
      argv: ["sh", "-c", "echo out; echo err >&2; exit 3"],
      exitCode: 3,
      signal: null,
      timedOut: false,
      startedAt: at,
      stdout: "out\n",
      stderr: "err\n",
      truncated: false,
      leftoverProcesses: 0,
    });
    expect(run.durationMs).toBeGreaterThan(0);
    expect(run).not.toHaveProperty("startError");
  });

  test("names the signal that ended the command", async () => {
    const run = await runner.run(script("kill -KILL $$"), { signal: NEVER });

    expect(run).toMatchObject({ exitCode: null, signal: "SIGKILL", timedOut: false });
  });

  test("passes words as they are, without a shell", async () => {
    const run = await runner.run(command(["echo", "$HOME; *", "a b"]), { signal: NEVER });

    expect(run.stdout).toBe("$HOME; * a b\n");
  });

  test("gives a script to sh when asked, with the words after it as its arguments", async () => {
    const run = await runner.run(command(["echo $HOME $1", "one"], { shell: true }), {
      signal: NEVER,
    });

    expect(run.stdout).toBe("/home/nobody one\n");
    expect(run.argv).toEqual(["sh", "-c", "echo $HOME $1", "sh", "one"]);
  });

  test("starts the command exactly once, also when it fails", async () => {
    const file = join(folder, "starts");

    await runner.run(script(`echo started >> ${file}; exit 1`), { signal: NEVER });

    expect(readFileSync(file, "utf8")).toBe("started\n");
  });

  test("closes stdin, so that a command which reads it ends", async () => {
    const run = await runner.run(command(["cat"]), { signal: NEVER });

    expect(run).toMatchObject({ exitCode: 0, stdout: "", timedOut: false });
  });

  test("puts characters together that arrive in pieces", async () => {
    const run = await runner.run(script("printf '\\303'; sleep 0.2; printf '\\251'"), {
      signal: NEVER,
    });

    expect(run.stdout).toBe("é");
  });
});

describe("run says why a program could not be started", () => {
  test.each<[string, CommandSpec, RegExp]>([
    ["it is missing", command(["no-such-program-of-floe"]), /^ENOENT: .*no-such-program-of-floe/],
    ["its path is missing", command(["/no/such/program"]), /^ENOENT: .*\/no\/such\/program/],
    ["it is a folder", command(["/tmp"]), /^EACCES: \/tmp/],
    ["an argument holds NUL", command(["echo", "a\0b"]), /^EINVAL: /],
    ["a variable's name holds NUL", command(["echo"], { env: { "A\0": "b" } }), /null bytes/],
    [
      "the working folder is missing",
      command(["echo"], { cwd: "/no/such/folder" }),
      /^ENOENT: the working folder \/no\/such\/folder/,
    ],
    [
      "the working folder is a file",
      command(["echo"], { cwd: "/etc/passwd" }),
      /^ENOTDIR: the working folder/,
    ],
  ])("when %s", async (_why, spec, message) => {
    const run = await runner.run(spec, { signal: NEVER });

    expect(run.startError).toMatch(message);
    expect(run).toMatchObject({ exitCode: null, signal: null, timedOut: false });
  });

  test("when it is not executable", async () => {
    const file = join(folder, "plain-file");
    writeFileSync(file, "echo hello\n", { mode: 0o644 });

    const run = await runner.run(command([file]), { signal: NEVER });

    expect(run.startError).toMatch(/^EACCES: /);
    expect(run.exitCode).toBeNull();
  });
});

describe("run leaves no process behind", () => {
  test("at the time limit, when the command ends on SIGTERM", async () => {
    const time = uniqueSleep();

    const run = await runner.run(script(`sleep ${time} & wait`, { timeoutMs: 300 }), {
      signal: NEVER,
    });

    expect(run).toMatchObject({ timedOut: true, signal: "SIGTERM" });
    expect(processesWith(time)).toEqual([]);
  });

  test("at the time limit, when the command ignores SIGTERM", async () => {
    const time = uniqueSleep();

    const run = await runner.run(
      script(`trap '' TERM; echo ready; sleep ${time}; sleep ${time}`, { timeoutMs: 300 }),
      { signal: NEVER },
    );

    expect(run).toMatchObject({ timedOut: true, signal: "SIGKILL", stdout: "ready\n" });
    expect(processesWith(time)).toEqual([]);
  });

  test("at the time limit, when a child has left the process group and holds the output", async () => {
    const time = uniqueSleep();

    const run = await runner.run(script(`setsid sleep ${time} & wait`, { timeoutMs: 300 }), {
      signal: NEVER,
    });

    expect(run.timedOut).toBe(true);
    expect(run.leftoverProcesses).toBe(1);
    expect(processesWith(time)).toEqual([]);
  });

  test("after a normal end, when a background process holds the output", async () => {
    const time = uniqueSleep();

    const run = await runner.run(script(`sleep ${time} & echo done`), { signal: NEVER });

    expect(run).toMatchObject({ exitCode: 0, stdout: "done\n", timedOut: false });
    expect(run.leftoverProcesses).toBe(1);
    expect(processesWith(time)).toEqual([]);
  });

  test("after a normal end, when a background process has closed the output", async () => {
    const time = uniqueSleep();

    const run = await runner.run(script(`sleep ${time} >/dev/null 2>&1 & echo done`), {
      signal: NEVER,
    });

    expect(run).toMatchObject({ exitCode: 0, leftoverProcesses: 1 });
    expect(processesWith(time)).toEqual([]);
  });

  test("after a normal end, when daemons have left the process group", async () => {
    const time = uniqueSleep();

    const run = await runner.run(
      script(
        `setsid sh -c 'trap "" TERM; sleep ${time} & wait' >/dev/null 2>&1 & sleep 0.2; echo done`,
      ),
      { signal: NEVER },
    );

    expect(run).toMatchObject({ exitCode: 0, stdout: "done\n" });
    expect(run.leftoverProcesses).toBe(2);
    expect(processesWith(time)).toEqual([]);
  });

  test("when it is aborted, and rejects with the reason", async () => {
    const time = uniqueSleep();
    const abort = new AbortController();
    const reason = new Error("the user gave up");

    const run = runner.run(
      script(`trap '' TERM; setsid sleep ${time} & echo ready; sleep ${time}; sleep ${time}`, {
        onOutput: () => abort.abort(reason),
      }),
      { signal: abort.signal },
    );

    await expect(run).rejects.toBe(reason);
    expect(processesWith(time)).toEqual([]);
  });

  test("when it is aborted while a background process holds the output", async () => {
    const time = uniqueSleep();
    const abort = new AbortController();
    const patient = createCommandRunner({ env: BASE, tmpDir: tmpdir(), pipeGraceMs: 3_600_000 });

    const run = patient.run(
      script(`(sleep 0.3; echo late; exec sleep ${time}) & echo done`, {
        onOutput: ({ text }) => {
          if (text.includes("late")) abort.abort(new Error("enough"));
        },
      }),
      { signal: abort.signal },
    );

    await expect(run).rejects.toThrow("enough");
    expect(processesWith(time)).toEqual([]);
  });

  test("when the consumer of its output fails, and rejects with that error", async () => {
    const time = uniqueSleep();

    const run = runner.run(
      script(`echo ready; sleep ${time}`, {
        onOutput: () => {
          throw new Error("disk full");
        },
      }),
      { signal: NEVER },
    );

    await expect(run).rejects.toThrow("disk full");
    expect(processesWith(time)).toEqual([]);
  });

  test("and does not start at all when the signal is already aborted", async () => {
    const file = join(folder, "never");
    const reason = new Error("too late");

    const run = runner.run(script(`echo started > ${file}`), {
      signal: AbortSignal.abort(reason),
    });

    await expect(run).rejects.toBe(reason);
    expect(() => readFileSync(file)).toThrow("ENOENT");
  });

  test("and leaves the processes of another run alone", async () => {
    const abort = new AbortController();
    const time = uniqueSleep();
    let tellReady = (): void => {};
    const ready = new Promise<void>((resolve) => {
      tellReady = resolve;
    });
    const other = runner.run(script(`echo ready; sleep ${time}`, { onOutput: () => tellReady() }), {
      signal: abort.signal,
    });
    await ready;

    await runner.run(script("true"), { signal: NEVER });

    expect(processesWith(time)).not.toEqual([]);
    abort.abort(new Error("end"));
    await expect(other).rejects.toThrow("end");
  });
});

describe("run bounds the output", () => {
  test("keeps the beginning and the end of a flood, and lets the command finish", async () => {
    const run = await runner.run(
      script("echo first; head -c 67108864 /dev/zero | tr '\\0' x; echo; echo last"),
      { signal: NEVER },
    );

    expect(run).toMatchObject({ exitCode: 0, truncated: true, timedOut: false });
    expect(run.stdout.length).toBeLessThan(330 * 1024);
    expect(run.stdout).toMatch(/^first\nxxx/);
    expect(run.stdout).toMatch(/\n\[\.\.\. \d+ characters left out \.\.\.\]\nxxx/);
    expect(run.stdout).toMatch(/xxx\nlast\n$/);
  });

  test("hands all of it to the consumer, as it comes", async () => {
    let length = 0;

    await runner.run(
      script("head -c 3000000 /dev/zero | tr '\\0' x", {
        onOutput: ({ stream, text }) => {
          if (stream === "stdout") length += text.length;
        },
      }),
      { signal: NEVER },
    );

    expect(length).toBe(3_000_000);
  });
});

describe("run masks secrets", () => {
  test("in both streams, for the consumer, and in the words of the command", async () => {
    const shown: string[] = [];
    const secret = "hunter2-hunter2";

    const run = await runner.run(
      script(`echo a ${secret} b; echo ${secret} >&2`, {
        secrets: [secret],
        onOutput: ({ text }) => shown.push(text),
      }),
      { signal: NEVER },
    );

    expect(run.stdout).toBe("a *** b\n");
    expect(run.stderr).toBe("***\n");
    expect(JSON.stringify(run) + shown.join("")).not.toContain(secret);
  });

  test("when a secret is written in two pieces", async () => {
    const shown: string[] = [];

    const run = await runner.run(
      script("printf 'x hunter2-'; sleep 0.3; printf 'hunter2 y\\n'", {
        secrets: ["hunter2-hunter2"],
        onOutput: ({ text }) => shown.push(text),
      }),
      { signal: NEVER },
    );

    expect(run.stdout).toBe("x *** y\n");
    expect(shown.join("")).toBe("x *** y\n");
  });

  test("in the name of a program that cannot be started", async () => {
    const run = await runner.run(
      command(["/opt/hunter2-hunter2"], { secrets: ["hunter2-hunter2"] }),
      {
        signal: NEVER,
      },
    );

    expect(JSON.stringify(run)).not.toContain("hunter2");
  });
});

describe("run gives a clean environment", () => {
  test("of the base variables and those of the command, and nothing of floe's own", async () => {
    const run = await runner.run(command(["env"], { env: { FLOE_GATE: "tests" } }), {
      signal: NEVER,
    });

    const names = run.stdout.split("\n").flatMap((line) => line.split("=", 1)[0] || []);
    expect(names.sort()).toEqual(["FLOE_GATE", "FLOE_GATE_RUN", "HOME", "PATH"]);
  });

  test("with the variables that are passed on by name; a missing one is left out", async () => {
    const run = await runner.run(
      script("echo $SECRET_OF_FLOE; env | grep -c MISSING", {
        passEnv: ["SECRET_OF_FLOE", "MISSING"],
      }),
      { signal: NEVER },
    );

    expect(run.stdout).toBe("not for gates\n0\n");
  });
});
