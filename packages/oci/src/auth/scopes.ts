/** What a request does, in the words of token scopes. */
export type Access = "pull" | "push" | "delete";

const ACTIONS: Readonly<Record<Access, readonly string[]>> = {
  pull: ["pull"],
  push: ["pull", "push"],
  delete: ["pull", "push", "delete"],
};
const ORDER = ["pull", "push", "delete"];
const MAX_SCOPE_LENGTH = 1024;

/** The scope that a request to a repository needs (docker token specification, "Requesting a Token"). */
export function scopesFor(repository: string, access: Access): string[] {
  return [`repository:${repository}:${ACTIONS[access].join(",")}`];
}

/** Unites scopes: one entry per resource, the first resource first, actions in a fixed order. */
export function uniteScopes(...sets: readonly (readonly string[])[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of sets.flat()) {
    const colon = scope.lastIndexOf(":");
    if (colon < 0 || scope.length > MAX_SCOPE_LENGTH) continue;
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) known.add(action);
    actions.set(resource, known);
  }
  return [...actions].map(
    ([resource, names]) =>
      `${resource}:${[...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).join(",")}`,
  );
}

/** Says whether every action in `needed` is in `held`. */
export function coversScopes(held: readonly string[], needed: readonly string[]): boolean {
  const have = new Set(held.flatMap(flatten));
  return needed.flatMap(flatten).every((one) => have.has(one));
}

function flatten(scope: string): string[] {
  const colon = scope.lastIndexOf(":");
  const names = scope.slice(colon + 1).split(",");
  return names.map((action) => `${scope.slice(0, colon)}:${action}`);
}

function rank(action: string): number {
  const at = ORDER.indexOf(action);
  return at < 0 ? ORDER.length : at;
}
