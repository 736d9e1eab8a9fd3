import { spawn } from "node:child_process";
import { tmpdir } from "node:os";

/** How a program ended. */
export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  /** `null` when a signal ended it. */
  readonly exitCode: number | null;
}

/** Where and how a program runs. */
export interface RunOptions {
  /**
   * Added to PATH, LANG and HOME, which is `cwd` unless given here: the user's own docker login and caches must not
   * decide a test.
   */
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the system's folder for temporary files. */
  readonly cwd?: string;
  /** Written to standard input, which is empty by default. */
  readonly stdin?: string | Uint8Array;
  readonly signal: AbortSignal;
}

/**
 * Runs a program to its end and gives its output, whatever its exit code.
 * @throws {Error} it could not be started
 * @throws {DOMException} AbortError - the signal was aborted; the program was killed
 */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const cwd = options.cwd ?? tmpdir();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: { PATH: process.env["PATH"], LANG: "C.UTF-8", HOME: cwd, ...options.env },
      signal: options.signal,
      killSignal: "SIGKILL",
      stdio: "pipe",
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (exitCode) =>
      resolve({
        stdout: Buffer.concat(stdout).toString("utf8"),
        stderr: Buffer.concat(stderr).toString("utf8"),
        exitCode,
      }),
    );
    // A program that never reads its input closes the pipe: that is its right, and its exit code says the rest.
    child.stdin.on("error", () => {});
    child.stdin.end(options.stdin);
  });
}
