import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { startBound } from "./start-bound.ts";

/** A program that runs until it is disposed of, or until the test run is gone. */
export interface Daemon extends AsyncDisposable {
  /** How it ended, or `null` while it runs. */
  ended(): string | null;
  /** What it has written. */
  log(): string;
}

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
  const program = startBound(command, {
    cwd,
    env: { PATH: process.env["PATH"] ?? "", HOME: cwd, ...env },
    output: [output, output],
  });
  closeSync(output);
  return {
    ended: () => program.ended(),
    log: () => readFileSync(logFile, "utf8"),
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
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
