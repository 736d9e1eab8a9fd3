import type { JunitCase } from "./junit-report.ts";

/** Cases by name, by file, by class. Maps in maps, since a key for all three would hold the text of the report again. */
type Known = Map<string, Map<string, Map<string, JunitCase>>>;

/** Finds the cases that have everything in common that tells one test from another: attempts of one test, or one name for several. */
export class Attempts {
  readonly #scopes = new Map<string, number>();
  readonly #byScope = new Map<number, Known>();
  readonly #repeated = new Map<JunitCase, JunitCase[]>();

  /** A number that stands for suites around a case: the one for those outside, and what the innermost says of itself. */
  scopeIn(outer: number, own: readonly unknown[]): number {
    return memberOf(this.#scopes, `${outer}${JSON.stringify(own)}`, () => this.#scopes.size + 1);
  }

  /** Takes a case; `scope` stands for the suites around it, 0 for none. Cases without a name have nothing in common but that. */
  add(one: JunitCase, scope: number): void {
    if (one.name === "") return;
    const known = memberOf(this.#byScope, scope, () => new Map());
    const byFile = memberOf(known, one.className, () => new Map());
    const byName = memberOf(byFile, one.file, () => new Map());
    // No name holds U+0000, which is replaced before.
    const first = memberOf(
      byName,
      one.line === "" ? one.name : `${one.line}\0${one.name}`,
      () => one,
    );
    if (first !== one) memberOf(this.#repeated, first, () => [first]).push(one);
  }

  /** The first case of each test that there are several cases of, with all of them in their order. */
  get repeated(): ReadonlyMap<JunitCase, readonly JunitCase[]> {
    return this.#repeated;
  }
}

function memberOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
