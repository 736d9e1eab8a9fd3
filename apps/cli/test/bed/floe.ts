import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const LAUNCHER = fileURLToPath(new URL("../../bin/run.js", import.meta.url));
const BUILT = fileURLToPath(new URL("../../dist/start.js", import.meta.url));

// One home for all runs, so that they share Node's compile cache; nothing in it is the user's.
const HOME = join(tmpdir(), `floe-bed-home-${process.getuid?.() ?? 0}`);

const LONGEST_RUN_MS = 110_000;

/** A JSON object as a command printed it. */
export type Json = Readonly<Record<string, unknown>>;

/** How a run of the command line ended. */
export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as one JSON object. @throws {Error} it is not one; the message has both outputs */
  readonly json: Json;
  /** Standard output as a JSON array of objects. @throws {Error} it is not one */
  readonly rows: readonly Json[];
}

/** Where and with what a command runs. */
export interface RunOptions {
  readonly cwd: string;
  /** Besides `PATH` and a home folder of its own; nothing of the test's environment is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  /** Called with the process once it was started, for tests that signal it. */
  readonly started?: (pid: number) => void;
}

/** Runs the built command line the way a user does, as a process of its own without a terminal. */
export async function floe(args: readonly string[], options: RunOptions): Promise<Run> {
  if (!existsSync(BUILT))
    throw new Error("apps/cli is not built; run: pnpm exec turbo run build --filter=floe");
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd,
    env: {
      PATH: process.env["PATH"],
      TMPDIR: process.env["TMPDIR"],
      HOME,
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    // A run that hangs must not outlive its test.
    timeout: LONGEST_RUN_MS,
    killSignal: "SIGKILL",
  });
  if (child.pid !== undefined) options.started?.(child.pid);
  const [stdout, stderr, code] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }),
  ]);
  const run = { code, stdout, stderr };
  return {
    ...run,
    get json() {
      const value = parsed(args, run);
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        return value as Json;
      throw new Error(described(args, run, "printed no JSON object"));
    },
    get rows() {
      const value = parsed(args, run);
      if (Array.isArray(value)) return value as Json[];
      throw new Error(described(args, run, "printed no JSON array"));
    },
  };
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(args: readonly string[], run: Pick<Run, "code" | "stdout" | "stderr">): unknown {
  try {
    return JSON.parse(run.stdout);
  } catch (cause) {
    throw new Error(described(args, run, "printed no JSON"), { cause });
  }
}

function described(
  args: readonly string[],
  run: Pick<Run, "code" | "stdout" | "stderr">,
  what: string,
): string {
  return `floe ${args.join(" ")} ${what} (exit code ${run.code})\nstdout: ${run.stdout}\nstderr: ${run.stderr}`;
}
