import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program in a process of its own that answers every line with a line. */
export interface LineProcess extends AsyncDisposable {
  /** Sends a line and gives the answer. @throws {Error} the process ended instead; its own words are on standard error */
  ask(line: string): Promise<string>;
}

/**
 * Starts a TypeScript program from source with the node that runs the tests, and waits for its first line, which says
 * that it is ready. Disposal ends its input and waits until it is gone.
 */
export async function startLineProcess(
  program: string,
  args: readonly string[],
): Promise<LineProcess> {
  const child = spawn(process.execPath, ["--conditions=@floe/source", program, ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done !== true) return next.value;
    const [code] = await ended;
    throw new Error(`${program} ended with ${code}`);
  };
  await answer();
  return {
    async ask(line) {
      child.stdin.write(`${line}\n`);
      return await answer();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
