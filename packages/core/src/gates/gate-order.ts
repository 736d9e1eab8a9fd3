import type { GateConfig } from "../manifest/manifest.ts";

/** Gates that run at a time. Most of them wait for a program or a service; more would only fight for the processor. */
const AT_ONCE = 4;

/** What decides when a gate may run. */
export type OrderedGate = Pick<GateConfig, "name" | "needs" | "exclusive">;

/** Gates in an order in which each comes after those that it needs; unknown names and cycles are the manifest's errors. */
export function inOrder<Gate extends OrderedGate>(gates: readonly Gate[]): Gate[] {
  const done = new Set<string>();
  const ordered: Gate[] = [];
  const visit = (gate: Gate): void => {
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

/**
 * The gate that may start now; `null`: somebody has to end first, or none waits. `hasEnded` is asked for every gate that
 * another one needs, and says `true` for what is none of these gates.
 */
export function nextGate<Gate extends OrderedGate>(
  waiting: readonly Gate[],
  running: readonly Gate[],
  hasEnded: (name: string) => boolean,
): Gate | null {
  if (running.length >= AT_ONCE || running.some(({ exclusive }) => exclusive)) return null;
  const ready = waiting.find(({ needs }) => needs.every(hasEnded));
  // One that has to be alone is not put off by others for ever: nothing is started before it.
  return ready && !(ready.exclusive && running.length > 0) ? ready : null;
}
