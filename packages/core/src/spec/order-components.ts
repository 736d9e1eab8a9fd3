/** What of a component its place in the order depends on. */
export interface Dependent {
  readonly name: string;
  readonly depends_on?: readonly string[] | undefined;
}

/** The order, or a cycle that makes one impossible: `a, b, a`. */
export type Order<Item> =
  | { readonly ok: true; readonly ordered: readonly Item[] }
  | { readonly ok: false; readonly cycle: readonly string[] };

/**
 * Puts components behind everything that they depend on. Of those that could come next, the first by name does, so that the
 * order in which they were written changes nothing. Names are unique, and dependencies exist.
 */
export function orderComponents<Item extends Dependent>(components: readonly Item[]): Order<Item> {
  const byName = new Map(components.map((component) => [component.name, component]));
  const waitsFor = new Map(
    components.map(({ name, depends_on = [] }) => [name, new Set(depends_on)]),
  );
  const dependents = new Map<string, string[]>();
  for (const [name, needs] of waitsFor)
    for (const needed of needs) dependents.set(needed, [...(dependents.get(needed) ?? []), name]);
  const ordered: Item[] = [];
  let ready = [...waitsFor].flatMap(([name, needs]) => (needs.size === 0 ? [name] : [])).sort();
  while (ready.length > 0) {
    const freed: string[] = [];
    for (const name of ready) {
      const component = byName.get(name);
      if (component) ordered.push(component);
      waitsFor.delete(name);
      for (const dependent of dependents.get(name) ?? []) {
        const needs = waitsFor.get(dependent);
        if (needs?.delete(name) && needs.size === 0) freed.push(dependent);
      }
    }
    ready = freed.sort();
  }
  return waitsFor.size === 0 ? { ok: true, ordered } : { ok: false, cycle: findCycle(waitsFor) };
}

// Whatever is left waits for something that is left, so following any of it comes back to where it was before.
function findCycle(waitsFor: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const trail: string[] = [];
  let [next] = [...waitsFor.keys()].sort();
  while (next !== undefined && !trail.includes(next)) {
    trail.push(next);
    [next] = [...(waitsFor.get(next) ?? [])].filter((name) => waitsFor.has(name)).sort();
  }
  return next === undefined ? trail : [...trail.slice(trail.indexOf(next)), next];
}
