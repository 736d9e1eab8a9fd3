import { type SpawnOptions, spawn } from "node:child_process";

/** A program that does not outlive the test run. */
export interface BoundProgram extends AsyncDisposable {
  /** How it ended, or `null` while it runs. */
  ended(): string | null;
}

// Ends the program when standard input closes, which also happens when the test run is killed: an exit handler of Node would not
// run then, and the program would stay behind.
const UNTIL_INPUT_ENDS = `
signal=$1
shift
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ read -r _ <&3; kill -s "$signal" "$program"; } &
watcher=$!
wait "$program"
status=$?
kill "$watcher" 2>/dev/null
exit "$status"`;

/**
 * Starts a program that ends when it is disposed of, or when the test run is gone.
 * @param options.output - file descriptors for its standard output and standard error; they stay open
 */
export function startBound(
  command: readonly string[],
  options: Pick<SpawnOptions, "cwd" | "env" | "uid" | "gid"> & {
    readonly output: readonly [number, number];
    /** What ends it. Default SIGKILL. */
    readonly signal?: "KILL" | "QUIT";
  },
): BoundProgram {
  const { output, signal = "KILL", ...how } = options;
  const child = spawn("/bin/sh", ["-c", UNTIL_INPUT_ENDS, "sh", signal, ...command], {
    ...how,
    stdio: ["pipe", ...output],
  });
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
    async [Symbol.asyncDispose]() {
      child.stdin?.destroy();
      await exited;
    },
  };
}
