/**
 * Gives the function that names what needs a component, directly and through others, sorted and without the component
 * itself. Cycles are harmless.
 */
export function dependentsOf(
  components: readonly { readonly name: string; readonly depends_on: readonly string[] }[],
): (name: string) => string[] {
  const needing = new Map<string, Set<string>>();
  for (const { name, depends_on } of components)
    for (const needed of depends_on)
      needing.set(needed, (needing.get(needed) ?? new Set()).add(name));
  return (name) => {
    const found = new Set<string>();
    const pending = [name];
    for (let next = pending.pop(); next !== undefined; next = pending.pop())
      for (const dependent of needing.get(next) ?? [])
        if (!found.has(dependent)) {
          found.add(dependent);
          pending.push(dependent);
        }
    found.delete(name);
    return [...found].sort();
  };
}
