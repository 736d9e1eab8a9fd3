// Runs in a thread of its own, so that an expression that never ends is ended from outside. It imports nothing of floe.
import { parentPort } from "node:worker_threads";
import { celEnv, isCelError, isCelList, parse, plan } from "@bufbuild/cel";
import type { CelAnswer, CelTask } from "./cel-task.ts";

/** Findings of one expression; more are as good as these. */
const MAX_FINDINGS = 100;
const MAX_TEXT = 500;

/** A variable whose name a user cannot have meant: text is JSON, and `__proto__` is a key like any other in a map. */
function toCel(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== "object" || value === null) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, toCel(member)]));
}

function clip(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1).toWellFormed()}…`;
}

function reasonOf(error: unknown): string {
  return clip(error instanceof Error ? error.message : String(error));
}

/** The names that an expression takes from outside; those that it declares itself may be among them. */
function namesIn(expression: unknown): Set<string> {
  const names = new Set<string>();
  const pending: unknown[] = [expression];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    const { case: kind, value: inner } = value as { case?: unknown; value?: { name?: unknown } };
    if (kind === "identExpr" && typeof inner?.name === "string")
      // A leading dot says that the name is the outermost one.
      names.add(inner.name.replace(/^\./, "").split(".")[0] ?? "");
    pending.push(...Object.values(value));
  }
  return names;
}

function answer(expression: string, { variables, missing }: CelTask): CelAnswer {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(expression);
  } catch (error) {
    return { kind: "invalid", reason: reasonOf(error) };
  }
  if (variables === null) return { kind: "holds" };
  for (const name of namesIn(parsed.expr))
    if (Object.hasOwn(missing, name))
      return { kind: "missing", variable: name, reason: missing[name] ?? "" };
  try {
    const result = plan(celEnv({}), parsed)(bindings(variables) as never);
    // An error is a value here, and would be taken for true.
    if (isCelError(result)) return { kind: "error", reason: reasonOf(result) };
    if (result === true) return { kind: "holds" };
    if (result === false) return { kind: "violated", findings: null };
    if (!isCelList(result))
      return { kind: "error", reason: "expected a bool or a list of strings" };
    const findings: string[] = [];
    for (const item of result) {
      if (typeof item !== "string")
        return { kind: "error", reason: "expected a bool or a list of strings" };
      if (findings.length < MAX_FINDINGS) findings.push(clip(item));
    }
    return findings.length === 0 ? { kind: "holds" } : { kind: "violated", findings };
  } catch (error) {
    return { kind: "error", reason: reasonOf(error) };
  }
}

let bound: Record<string, unknown> | null = null;
/** The variables of the task that is worked on. */
function bindings(json: string): Record<string, unknown> {
  bound ??= Object.fromEntries(
    Object.entries(JSON.parse(json) as Record<string, unknown>).map(([key, value]) => [
      key,
      toCel(value),
    ]),
  );
  return bound;
}

// One task after the other: nothing of one is there for the next.
parentPort?.on("message", (task: CelTask) => {
  parentPort?.postMessage("ready");
  for (const expression of task.expressions) parentPort?.postMessage(answer(expression, task));
  bound = null;
});
