/** One difference between two JSON documents. */
export interface FieldChange {
  /** Members from the top, with dots; a member whose name has a dot or a quote is quoted as JSON. */
  readonly path: string;
  /** `retyped`: its value is of another kind. */
  readonly change: "added" | "removed" | "changed" | "retyped";
  /** Absent where it was added. */
  readonly from?: unknown;
  /** Absent where it was removed. */
  readonly to?: unknown;
}

/** How deep objects are looked into; below, two values are the same or not. */
const MAX_DEPTH = 100;

/** Compares two JSON documents member by member. Lists are compared as a whole: their order may mean something. */
export function jsonChanges(from: unknown, to: unknown): FieldChange[] {
  return [...changes(from, to, "", 0)];
}

/** The kind of a JSON value. */
export function jsonType(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function memberPath(path: string, key: string): string {
  const name = /[."\s]/.test(key) || key === "" ? JSON.stringify(key) : key;
  return path === "" ? name : `${path}.${name}`;
}

function* changes(from: unknown, to: unknown, path: string, depth: number): Generator<FieldChange> {
  const kind = jsonType(from);
  if (kind !== jsonType(to)) {
    yield { path, change: "retyped", from, to };
    return;
  }
  if (kind !== "object" || depth >= MAX_DEPTH) {
    if (!isSame(from, to)) yield { path, change: "changed", from, to };
    return;
  }
  const before = from as Readonly<Record<string, unknown>>;
  const after = to as Readonly<Record<string, unknown>>;
  for (const [key, value] of Object.entries(before)) {
    const member = memberPath(path, key);
    if (Object.hasOwn(after, key)) yield* changes(value, after[key], member, depth + 1);
    else yield { path: member, change: "removed", from: value };
  }
  for (const [key, value] of Object.entries(after))
    if (!Object.hasOwn(before, key))
      yield { path: memberPath(path, key), change: "added", to: value };
}

// Without recursion of our own: what JSON.parse has read may be nested deeper than calls can be.
function isSame(from: unknown, to: unknown): boolean {
  const pending: [unknown, unknown][] = [[from, to]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [one, two] = pair;
    if (Object.is(one, two)) continue;
    if (typeof one !== "object" || typeof two !== "object" || one === null || two === null)
      return false;
    if (Array.isArray(one) !== Array.isArray(two)) return false;
    const keys = Object.keys(one);
    if (keys.length !== Object.keys(two).length) return false;
    for (const key of keys) {
      if (!Object.hasOwn(two, key)) return false;
      pending.push([(one as Record<string, unknown>)[key], (two as Record<string, unknown>)[key]]);
    }
  }
  return true;
}
