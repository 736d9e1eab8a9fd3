import type { GateConfig } from "../manifest/manifest.ts";
import type { GateTarget } from "./gate-target.ts";
import { type GateContext, type GateOutcome, runGate } from "./run-gate.ts";

/** Gates that run at a time. Most of them wait for a program or a service; more would only fight for the processor. */
const AT_ONCE = 4;

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
  while (failures.length === 0) {
    for (let next = nextOf(); next; next = nextOf()) start(next);
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  // Whoever is still running has been told to stop: nobody is left behind.
  await Promise.all(running.values());
  if (failures.length > 0) throw failures[0];
  return ordered.flatMap(({ name }) => outcomes.get(name) ?? []);

  function nextOf(): GateConfig | null {
    const alone = [...running.keys()].some(({ exclusive }) => exclusive);
    if (alone || running.size >= AT_ONCE) return null;
    const ready = waiting.find(({ needs }) =>
      needs.every((need) => !names.has(need) || outcomes.has(need)),
    );
    // One that has to be alone is not put off by others for ever: nothing is started before it.
    return ready && !(ready.exclusive && running.size > 0) ? ready : null;
  }
}

/** Gates in an order in which each comes after those that it needs; unknown names and cycles are the manifest's errors. */
function inOrder(gates: readonly GateConfig[]): GateConfig[] {
  const done = new Set<string>();
  const ordered: GateConfig[] = [];
  const visit = (gate: GateConfig): void => {
    if (done.has(gate.name)) return;
    done.add(gate.name);
    for (const need of gate.needs) {
      const needed = gates.find((candidate) => candidate.name === need);
      if (needed) visit(needed);
    }
    ordered.push(gate);
  };
  for (const gate of gates) visit(gate);
  return ordered;
}
