import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";

/** A program that runs until it is disposed of, or until the test run is gone. */
export interface Daemon extends AsyncDisposable {
  /** How it ended, or `null` while it runs. */
  ended(): string | null;
  /** What it has written. */
  log(): string;
}

// Ends the program when standard input closes, which also happens when the test run is killed: an exit handler of Node would not
// run then, and the program would stay behind.
const UNTIL_INPUT_ENDS = `
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ read -r _ <&3; kill -9 "$program"; } &
watcher=$!
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"`;

/** Starts a program that writes to a log file. */
export function startDaemon(
  command: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly logFile: string;
  },
): Daemon {
  const { cwd, env, logFile } = options;
  const output = openSync(logFile, "a");
  const child: ChildProcess = spawn("/bin/sh", ["-c", UNTIL_INPUT_ENDS, "sh", ...command], {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
    stdio: ["pipe", output, output],
  });
  closeSync(output);
  let ended: string | null = null;
  const exited = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      ended = error.message;
      resolve();
    });
    child.once("exit", (code, signal) => {
      ended = `exit ${code ?? signal}`;
      resolve();
    });
  });
  return {
    ended: () => ended,
    log: () => readFileSync(logFile, "utf8"),
    async [Symbol.asyncDispose]() {
      child.stdin?.destroy();
      await exited;
    },
  };
}

/** A port on 127.0.0.1 that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
  });
  return await promise;
}
