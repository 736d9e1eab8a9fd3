import { inOrder, nextGate, type OrderedGate } from "./gate-order.ts";

/**
 * How long gates take together, in milliseconds, when each takes as long as is known of it: they run at the same time where
 * nothing keeps them from it. `null` where the time of one is not known.
 */
export function estimateGates(
  gates: readonly OrderedGate[],
  took: Readonly<Record<string, number>>,
): number | null {
  if (gates.some(({ name }) => !Object.hasOwn(took, name))) return null;
  const waiting = inOrder(gates);
  const names = new Set(waiting.map(({ name }) => name));
  const running = new Map<OrderedGate, number>();
  const ended = new Set<string>();
  const hasEnded = (name: string): boolean => !names.has(name) || ended.has(name);
  const nextOf = (): OrderedGate | null => nextGate(waiting, [...running.keys()], hasEnded);
  let now = 0;
  for (;;) {
    for (let next = nextOf(); next; next = nextOf()) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(next, now + (took[next.name] ?? 0));
    }
    if (running.size === 0) return now;
    now = Math.min(...running.values());
    for (const [gate, end] of running) {
      if (end > now) continue;
      running.delete(gate);
      ended.add(gate.name);
    }
  }
}
