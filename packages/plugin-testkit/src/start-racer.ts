import { spawn } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

/** What a racing process is told. */
export interface RacerTask {
  /** URL of the module that exports the plugin by default. */
  readonly module: string;
  readonly id: string;
  readonly config: unknown;
  readonly baseDir: string;
  readonly chain: string;
  readonly writer: string;
  /** It claims every slot up to this one, whoever wins it. */
  readonly slots: number;
}

/** A process that claims one slot after the other. */
export interface Racer {
  /** Lets it begin; it has opened its backend before. */
  go(): void;
  /** Resolves when it has won so many slots. */
  hasWon(count: number): Promise<void>;
  kill(): void;
  /** Waits for its end and returns the slots that it has won. */
  ended(): Promise<number[]>;
}

// From the sources of this repository, Node runs the worker as it is; a package has it as JavaScript.
const EXTENSION = extname(import.meta.url);
const CONDITIONS = EXTENSION === ".ts" ? ["--conditions=@floe/source"] : [];

/** Starts a process that races for slots, and waits until it is ready. */
export async function startRacer(task: RacerTask): Promise<Racer> {
  const worker = fileURLToPath(new URL(`./race-worker${EXTENSION}`, import.meta.url));
  const child = spawn(process.execPath, [...CONDITIONS, worker, JSON.stringify(task)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const won: number[] = [];
  let complaint = "";
  let killed = false;
  let ready = false;
  let rest = "";
  const watchers = new Set<() => void>();
  const wake = (): void => {
    for (const watcher of watchers) watcher();
  };
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "ready") ready = true;
      else won.push(Number(line));
    }
    wake();
  });
  // A process that is gone cannot be told anything any more.
  child.stdin.on("error", () => undefined);
  let over = false;
  const end = new Promise<void>((resolve) => {
    child.on("close", () => {
      over = true;
      wake();
      resolve();
    });
  });
  const failure = (): Error =>
    new Error(
      `a racing process ended with ${child.exitCode ?? child.signalCode}: ${complaint.trim()}`,
    );
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      if (over) throw failure();
      const { promise, resolve } = Promise.withResolvers<void>();
      watchers.add(resolve);
      await promise;
      watchers.delete(resolve);
    }
  };
  await until(() => ready);
  return {
    go: () => void child.stdin.write("go\n"),
    hasWon: (count) => until(() => won.length >= count),
    kill() {
      killed = true;
      child.kill("SIGKILL");
    },
    async ended() {
      await end;
      if (!killed && child.exitCode !== 0) throw failure();
      return won;
    },
  };
}
