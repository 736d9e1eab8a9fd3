/** What a request does to its repository; mounting a blob reads another repository as well. */
export type Access = "pull" | "push" | "delete" | { readonly mountFrom: string };

const ACTIONS = {
  pull: ["pull"],
  push: ["pull", "push"],
  delete: ["pull", "push", "delete"],
} as const;
const ORDER: readonly string[] = ACTIONS.delete;
const MAX_SCOPE_LENGTH = 1024;
const MAX_SCOPES = 16;

/**
 * The scopes that a request to a repository needs (docker token specification, "Requesting a Token"). The repository
 * itself comes first: some registries honour only the first scope.
 */
export function scopesFor(repository: string, access: Access): string[] {
  const actions = ACTIONS[typeof access === "string" ? access : "push"];
  const own = [`repository:${repository}:${actions.join(",")}`];
  return typeof access === "string"
    ? own
    : uniteScopes(own, [`repository:${access.mountFrom}:${ACTIONS.pull.join(",")}`]);
}

/** Says in a message what a request does: `push to acme/app`. */
export function describeAccess(repository: string, access: Access): string {
  if (typeof access === "object") return `mount a blob of ${access.mountFrom} in ${repository}`;
  if (access === "pull") return `pull from ${repository}`;
  return access === "push" ? `push to ${repository}` : `delete in ${repository}`;
}

/**
 * Unites scopes: one entry for each resource, the very first resource first and the others sorted, actions in a fixed
 * order. At most sixteen; what is no scope is passed over.
 */
export function uniteScopes(...sets: readonly (readonly string[])[]): string[] {
  const actions = new Map<string, Set<string>>();
  for (const scope of sets.flat()) {
    const colon = scope.lastIndexOf(":");
    if (colon < 0 || scope.length > MAX_SCOPE_LENGTH || !/^[\x21-\x7e]+$/.test(scope)) continue;
    const resource = scope.slice(0, colon);
    const known = actions.get(resource) ?? new Set();
    for (const action of scope.slice(colon + 1).split(",")) known.add(action);
    actions.set(resource, known);
  }
  const [first, ...others] = [...actions].map(
    ([resource, names]) =>
      `${resource}:${[...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).join(",")}`,
  );
  return first === undefined ? [] : [first, ...others.sort()].slice(0, MAX_SCOPES);
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
