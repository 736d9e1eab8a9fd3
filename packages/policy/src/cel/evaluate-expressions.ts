import { Worker } from "node:worker_threads";
import type { CelAnswer, CelTask } from "./cel-task.ts";

/** How long one expression may take, in milliseconds. */
const EXPRESSION_LIMIT_MS = 1000;
/** The thread has to start and load the language; that is not the expression's fault. */
const START_LIMIT_MS = 15_000;
/** Megabytes of objects that a thread may hold. */
const MEMORY_MB = 128;
/** After so many time-outs the others are not tried: each one costs its whole limit. */
const MAX_TIMEOUTS = 3;

/**
 * Evaluates CEL expressions, each with the same variables, in a thread that is ended when one of them takes too long or too
 * much memory. There is an answer for every expression, in order. Aborting rejects.
 */
export async function evaluateExpressions(
  task: CelTask,
  { signal }: { readonly signal: AbortSignal },
): Promise<CelAnswer[]> {
  const answers: CelAnswer[] = [];
  let stopped = 0;
  while (answers.length < task.expressions.length) {
    if (stopped >= MAX_TIMEOUTS) {
      answers.push({ kind: "error", reason: "not evaluated, since others were not to be ended" });
      continue;
    }
    const rest = { ...task, expressions: task.expressions.slice(answers.length) };
    const failure = await runThread(rest, (answer) => answers.push(answer), signal);
    if (failure === null) continue;
    answers.push({ kind: "error", reason: failure });
    stopped++;
  }
  return answers;
}

/** Runs one thread to its end; what ended it too early, else `null`. */
async function runThread(
  task: CelTask,
  onAnswer: (answer: CelAnswer) => void,
  signal: AbortSignal,
): Promise<string | null> {
  signal.throwIfAborted();
  const own = import.meta.url;
  const file = new URL(own.endsWith(".ts") ? "./cel-worker.ts" : "./cel-worker.js", own);
  const worker = new Worker(file, {
    workerData: task,
    // Nothing of this process is for expressions: they get no variable of the environment, and print nothing.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 16 },
  });
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  let left = task.expressions.length;
  let timer: NodeJS.Timeout | undefined;
  const expect = (ms: number, what: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => resolve(what), ms);
  };
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  expect(START_LIMIT_MS, "the thread for expressions did not start");
  const tooLong = `it had not ended after ${EXPRESSION_LIMIT_MS} ms`;
  worker.on("message", (message: "ready" | CelAnswer) => {
    if (message !== "ready") {
      onAnswer(message);
      if (--left === 0) return resolve(null);
    }
    expect(EXPRESSION_LIMIT_MS, tooLong);
  });
  worker.on("error", (cause: Error & { readonly code?: string }) =>
    resolve(
      cause.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? `it needed more than ${MEMORY_MB} MB`
        : `its thread failed: ${cause.message}`,
    ),
  );
  worker.on("exit", () => resolve("its thread ended before it"));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    worker.removeAllListeners("message");
    await worker.terminate();
  }
}
