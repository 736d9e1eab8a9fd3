import type { GateConfig } from "../manifest/manifest.ts";
import type { GateTarget } from "./gate-target.ts";
import { type GateContext, type GateOutcome, runGate } from "./run-gate.ts";

/**
 * Runs all gates of an environment, one after the other, those that others need first. All of them run even when one
 * has failed, so that people see everything at once.
 */
export async function runGates(
  gates: readonly GateConfig[],
  target: GateTarget,
  context: GateContext,
  signal: AbortSignal,
): Promise<GateOutcome[]> {
  const results: GateOutcome[] = [];
  for (const gate of inOrder(gates)) results.push(await runGate(gate, target, context, signal));
  return results;
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
