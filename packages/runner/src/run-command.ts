import { randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import type { GateRun } from "@floe/core/plugin";
import type { CommandSpec } from "@floe/core/ports";
import { cleanEnvironment, type EnvironmentSource } from "./clean-environment.ts";
import { OutputRing } from "./output-ring.ts";
import { createProcessTree, type ProcessTree } from "./process-tree.ts";
import { createSecretMask, type SecretMask } from "./secret-mask.ts";

/** How long a process that was killed may take to be gone before the run ends without it. */
const DEATH_GRACE_MS = 5000;

/** How long the pipes may take to run dry once nobody can write to them any more. */
const DRAIN_GRACE_MS = 1000;

/** The longest delay that a timer of Node.js takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What {@link runCommand} needs besides the command. */
export interface RunSettings {
  /** Where the base variables and those of `passEnv` come from. */
  readonly env: EnvironmentSource;
  readonly now: () => Date;
  /** Between SIGTERM and SIGKILL, in milliseconds. */
  readonly killGraceMs: number;
  /** How long background processes may hold the pipes after the command has ended, in milliseconds. */
  readonly pipeGraceMs: number;
}

interface Ended {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly startError?: string;
}

/**
 * Runs a command once, in a process group of its own with stdin closed, and ends everything that it started. How it
 * ended is a value; only an aborted signal rejects, with its reason, after the tree was killed.
 */
export async function runCommand(
  command: CommandSpec,
  settings: RunSettings,
  options: { readonly signal: AbortSignal },
): Promise<GateRun> {
  const argv = toArgv(command);
  const mask = createSecretMask(command.secrets);
  const token = randomUUID();
  // Lazy: it takes longer to load than most commands of floe take to run.
  const { execa } = await import("execa");
  const problem = argv.some((word) => word.includes("\0"))
    ? "EINVAL: a word of the command holds a NUL character"
    : await findFolderProblem(command.cwd);
  options.signal.throwIfAborted();

  const startedAt = settings.now();
  const started = performance.now();
  if (problem !== undefined) {
    return toRun(argv, mask, startedAt, {
      ended: { exitCode: null, signal: null, startError: problem },
    });
  }

  const [file, ...args] = argv;
  const child = execa(file, args, {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: cleanEnvironment(settings.env, command, token),
    extendEnv: false,
    reject: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    buffer: false,
    stripFinalNewline: false,
    // Gives the command a process group, and kills that group should floe exit meanwhile. Ending it is done here:
    // execa's own promise waits for as long as anybody holds the pipes.
    killDescendants: true,
  });

  // A consumer that fails ends the run like an abort; its error is the reason.
  const consumer = new AbortController();
  const stop = AbortSignal.any([options.signal, consumer.signal]);
  const emit = (stream: "stdout" | "stderr", text: string): void => {
    if (text.length === 0 || command.onOutput === undefined || stop.aborted) return;
    try {
      command.onOutput({ stream, text });
    } catch (error) {
      consumer.abort(error);
    }
  };
  const stdout = capture(child.stdout, mask, (text) => emit("stdout", text));
  const stderr = capture(child.stderr, mask, (text) => emit("stderr", text));

  const exited = new Promise<Ended>((resolve) => {
    const node = child.nodeChildProcess;
    node.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
    node.once("error", (error) =>
      resolve({ exitCode: null, signal: null, startError: explain(error, argv) }),
    );
    // Errors before there was a process, such as a NUL in an argument, show here only.
    void child.then((result) =>
      resolve({
        exitCode: result.exitCode ?? null,
        signal: result.signal ?? null,
        ...(result.exitCode === undefined && result.signal === undefined
          ? { startError: result.originalMessage ?? result.shortMessage ?? "unknown" }
          : {}),
      }),
    );
  });
  const tree = child.pid === undefined ? null : createProcessTree(child.pid, token);
  const { ended, timedOut } = await supervise(exited, tree, stop, command.timeoutMs, settings);

  const closed = Promise.all([stdout.closed, stderr.closed]);
  if (tree !== null) await settlesWithin(closed, settings.pipeGraceMs, stop);
  const leftoverProcesses = (await tree?.sweep()) ?? 0;
  await settlesWithin(closed, DRAIN_GRACE_MS, stop);
  child.stdout.destroy();
  child.stderr.destroy();
  const durationMs = performance.now() - started;
  const out = stdout.finish();
  const err = stderr.finish();
  if (stop.aborted) throw stop.reason;

  return toRun(argv, mask, startedAt, {
    ended,
    durationMs,
    timedOut,
    leftoverProcesses,
    stdout: out.text(),
    stderr: err.text(),
    truncated: out.truncated || err.truncated,
  });
}

/** Waits for the command to end, or ends it: SIGTERM to the group, and SIGKILL when that does not help. */
async function supervise(
  exited: Promise<Ended>,
  tree: ProcessTree | null,
  stop: AbortSignal,
  timeoutMs: number,
  settings: RunSettings,
): Promise<{ readonly ended: Ended; readonly timedOut: boolean }> {
  const inTime = await settlesWithin(exited, timeoutMs, stop);
  if (inTime || tree === null) return { ended: await exited, timedOut: false };

  const timedOut = !stop.aborted;
  tree.signalGroup("SIGTERM");
  if (!(await settlesWithin(exited, settings.killGraceMs))) {
    tree.signalGroup("SIGKILL");
    // A process in uninterruptible sleep does not die of SIGKILL; the run ends all the same.
    if (!(await settlesWithin(exited, DEATH_GRACE_MS))) {
      return { ended: { exitCode: null, signal: "SIGKILL" }, timedOut };
    }
  }
  return { ended: await exited, timedOut };
}

/** Reads a stream to its end without ever making the writer wait. */
function capture(
  stream: Readable,
  mask: SecretMask,
  show: (text: string) => void,
): { readonly closed: Promise<void>; finish(): OutputRing } {
  const ring = new OutputRing();
  const masked = mask.stream();
  const decoder = new TextDecoder("utf-8");
  const take = (text: string): void => {
    ring.append(text);
    show(text);
  };
  stream.on("data", (chunk: Uint8Array) =>
    take(masked.push(decoder.decode(chunk, { stream: true }))),
  );
  const closed = new Promise<void>((resolve) => {
    stream.once("close", resolve);
    stream.once("error", () => resolve());
  });
  return {
    closed,
    finish: () => {
      take(masked.push(decoder.decode()) + masked.end());
      return ring;
    },
  };
}

/** Whether a promise settles within a time and before the signal is aborted. */
async function settlesWithin(
  promise: Promise<unknown>,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  let giveUp = (): void => {};
  const given = new Promise<false>((resolve) => {
    giveUp = () => resolve(false);
    timer = setTimeout(giveUp, Math.min(milliseconds, MAX_TIMER_MS));
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
  });
  try {
    return await Promise.race([promise.then(() => true), given]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function toArgv(command: CommandSpec): readonly [string, ...string[]] {
  if (command.shell !== true) return command.argv;
  const [script, ...rest] = command.argv;
  // After the script, `sh -c` takes its own name and then the script's arguments.
  return ["sh", "-c", script, ...(rest.length > 0 ? ["sh", ...rest] : [])];
}

/** Node.js blames the program when the working folder is missing; this tells the two apart. */
async function findFolderProblem(cwd: string | undefined): Promise<string | undefined> {
  if (cwd === undefined) return undefined;
  try {
    if ((await stat(cwd)).isDirectory()) return undefined;
    return `ENOTDIR: the working folder ${cwd} is not a folder`;
  } catch (error) {
    return `${codeOf(error)}: the working folder ${cwd} cannot be used`;
  }
}

function explain(error: Error, argv: readonly string[]): string {
  const code = codeOf(error);
  if (code === "ENOENT") return `ENOENT: program ${argv[0]} not found`;
  if (code === "EACCES") return `EACCES: ${argv[0]} may not be executed`;
  return `${code}: ${error.message}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}

function toRun(
  argv: readonly string[],
  mask: SecretMask,
  startedAt: Date,
  run: { readonly ended: Ended } & Partial<Omit<GateRun, "argv" | "startedAt">>,
): GateRun {
  const { exitCode, signal, startError } = run.ended;
  return {
    argv: argv.map((word) => mask.text(word)),
    exitCode,
    signal,
    timedOut: run.timedOut ?? false,
    startedAt,
    durationMs: run.durationMs ?? 0,
    stdout: run.stdout ?? "",
    stderr: run.stderr ?? "",
    truncated: run.truncated ?? false,
    leftoverProcesses: run.leftoverProcesses ?? 0,
    ...(startError === undefined ? {} : { startError: mask.text(startError) }),
  };
}
