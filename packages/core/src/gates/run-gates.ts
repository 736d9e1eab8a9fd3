import type { GateConfig } from "../manifest/manifest.ts";
import { inOrder, nextGate } from "./gate-order.ts";
import type { GateTarget } from "./gate-target.ts";
import { type GateContext, type GateOutcome, runGate } from "./run-gate.ts";

/**
 * Runs all gates of an environment, several at a time: each after those that it needs, an `exclusive` one while no other does.
 * All of them run even when one has failed, so that people see everything at once. What they found comes in an order that does
 * not depend on which was faster.
 */
export async function runGates(
  gates: readonly GateConfig[],
  target: GateTarget,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateOutcome[]> {
  const ordered = inOrder(gates);
  const names = new Set(ordered.map(({ name }) => name));
  const waiting = [...ordered];
  const running = new Map<GateConfig, Promise<void>>();
  const outcomes = new Map<string, GateOutcome>();
  const failures: unknown[] = [];
  const start = (gate: GateConfig): void => {
    waiting.splice(waiting.indexOf(gate), 1);
    const ended = runGate(gate, target, context, signal)
      .then((outcome) => void outcomes.set(gate.name, outcome))
      .catch((cause: unknown) => void failures.push(cause))
      .finally(() => running.delete(gate));
    running.set(gate, ended);
  };
  const hasEnded = (name: string): boolean => !names.has(name) || outcomes.has(name);
  const nextOf = (): GateConfig | null => nextGate(waiting, [...running.keys()], hasEnded);
  while (failures.length === 0) {
    for (let next = nextOf(); next; next = nextOf()) start(next);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  // Whoever is still running has been told to stop: nobody is left behind.
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
  return ordered.flatMap(({ name }) => outcomes.get(name) ?? []);
}
