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

/** A thread that waits for a task: starting one takes longer than most tasks. It keeps no process from ending. */
let waiting: Worker | null = null;

/** Starts a thread, so that it has loaded the language by the time that there is something to evaluate. */
export function prepareExpressions(): void {
  waiting ??= startThread();
}

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
  const worker = waiting ?? startThread();
  waiting = null;
  worker.ref();
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
  const onMessage = (message: "ready" | CelAnswer): void => {
    if (message !== "ready") {
      onAnswer(message);
      left--;
    }
    if (left === 0) resolve(null);
    else expect(EXPRESSION_LIMIT_MS, tooLong);
  };
  const onError = (cause: Error & { readonly code?: string }): void => {
    const isMemory = cause.code === "ERR_WORKER_OUT_OF_MEMORY";
    resolve(
      isMemory ? `it needed more than ${MEMORY_MB} MB` : `its thread failed: ${cause.message}`,
    );
  };
  const onExit = (): void => resolve("its thread ended before it");
  worker.on("message", onMessage).on("error", onError).on("exit", onExit);
  worker.postMessage(task);
  let done = false;
  try {
    const failure = await promise;
    done = failure === null;
    return failure;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    // Whatever was not answered may still be worked on.
    if (done && waiting === null) {
      worker.unref();
      waiting = worker;
    } else await worker.terminate();
  }
}

function startThread(): Worker {
  const own = import.meta.url;
  const file = new URL(own.endsWith(".ts") ? "./cel-worker.ts" : "./cel-worker.js", own);
  const worker = new Worker(file, {
    // Nothing of this process is for expressions: they get no variable of the environment, and print nothing.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB, maxYoungGenerationSizeMb: 16 },
  });
  worker.unref();
  const forget = (): void => {
    if (waiting === worker) waiting = null;
  };
  // One that cannot even start says so to whoever needs it next, by another thread.
  worker.on("error", forget).on("exit", forget);
  return worker;
}
