import {
  type BundleFile,
  hashOf,
  type OpenEvent,
  openBundle,
  resigned,
  statementOf,
  writeBundleFile,
} from "./bundle-file.ts";
import type { People } from "./people.ts";
import type { Expected, Vector } from "./tamperings.ts";

const ok: Expected = { verdict: "ok", seq: null };
const bad = (seq: number | null = null): Expected => ({ verdict: "failed", seq });
const unknown: Expected = { verdict: "not_checked", seq: null };
const fine = { integrity: ok, completeness: ok, anchoring: ok, authenticity: ok };

/** Numbers of events: the one that the ledger begins with since it was pruned, and the one that says so. */
const [KEPT, PRUNED] = [5, 9] as const;

/**
 * Tampers with a ledger that was pruned: of 0 genesis to 4 only the genesis is left; 5 intent and 6 outcome of v2.0.0, 7 intent
 * and 8 outcome of v2.1.0, 9 the pruning, 10 lock.
 * @param whole - the same ledger before it was pruned
 */
export async function pruneTamperings(
  pruned: readonly string[],
  whole: readonly string[],
  people: People,
): Promise<(Vector & { readonly text: string })[]> {
  const vectors: (Vector & { readonly text: string })[] = [];
  const add = async (
    name: string,
    tampering: string,
    expect: Partial<Vector["expect"]>,
    tamper: (file: BundleFile) => unknown,
    from: readonly string[] = pruned,
  ): Promise<void> => {
    const file = openBundle(from);
    await tamper(file);
    const text = writeBundleFile(file);
    vectors.push({ name, tampering, checkpoint: false, expect: { ...fine, ...expect }, text });
  };
  const at = (file: BundleFile, slot: number): OpenEvent => {
    const found = file.events.find((event) => event.slot === slot);
    if (!found) throw new Error(`there is no event ${slot}`);
    return found;
  };
  const put = (file: BundleFile, event: OpenEvent): void => {
    file.events = file.events.map((one) => (one.slot === event.slot ? event : one));
  };
  const drop = (file: BundleFile, ...slots: number[]): void => {
    file.events = file.events.filter(({ slot }) => !slots.includes(slot));
  };
  /** Signs the pruning anew with another body, and what follows it. */
  const sayOtherwise = async (
    file: BundleFile,
    change: (body: Record<string, unknown>) => Record<string, unknown>,
  ): Promise<void> => {
    const said = at(file, PRUNED);
    const { predicate } = statementOf(said);
    const body = change(predicate["body"] as Record<string, unknown>);
    const kept = body["kept"] as Record<string, unknown>;
    const state = predicate["state"] as Record<string, unknown>;
    const before = state["pruned"] as Record<string, unknown>;
    const now = { ...state, pruned: { ...before, ...kept } };
    const other = await resigned(said, { body, state: now }, "release", people);
    put(file, other);
    const last = at(file, PRUNED + 1);
    const after = statementOf(last).predicate["state"] as Record<string, unknown>;
    const next = { ...after, pruned: now.pruned };
    const follows = { prev: hashOf(other), state: next };
    put(file, await resigned(last, follows, "alice", people));
  };

  await add(
    "pruned-unsaid",
    "The first events were removed, and nobody has signed that they are pruned.",
    // The state of the first that is left does not follow from the genesis; the checkpoint counts nine, and there are five.
    { integrity: bad(KEPT), completeness: bad(1), anchoring: bad(5) },
    (file) => drop(file, 1, 2, 3, 4),
    whole,
  );
  await add(
    "pruned-further",
    "The event that the ledger begins with since it was pruned was removed as well.",
    { integrity: bad(KEPT), completeness: bad(KEPT), anchoring: unknown },
    (file) => drop(file, KEPT),
  );
  await add(
    "pruned-from-the-middle",
    "An event that the pruning has left was removed.",
    { integrity: bad(7), completeness: bad(6), anchoring: unknown },
    (file) => drop(file, 6),
  );
  await add(
    "pruned-without-genesis",
    "The genesis that the environment pins is gone.",
    { integrity: bad(0) },
    (file) => drop(file, 0),
  );
  await add(
    "pruned-by-stranger",
    "The pruning was signed by a stranger, and nobody else has signed one.",
    {
      integrity: bad(KEPT),
      completeness: bad(1),
      // The checkpoint counts eleven, and there are seven.
      anchoring: bad(7),
      authenticity: bad(PRUNED),
    },
    async (file) => put(file, await resigned(at(file, PRUNED), {}, "mallory", people)),
  );
  await add(
    "pruned-more-than-said",
    "The pruning, and all since, were signed anew by those who may act: it says that the ledger begins one event later, and that event is gone.",
    // That event is the outcome of the one that is gone.
    { integrity: bad(KEPT + 1), anchoring: unknown },
    async (file) => {
      const next = at(file, KEPT + 1);
      drop(file, KEPT);
      const kept = { seq: KEPT + 1, hash: hashOf(next), size: KEPT + 2 };
      await sayOtherwise(file, (body) => ({ ...body, kept }));
    },
  );
  await add(
    "pruned-others",
    "The pruning, and all since, were signed anew by those who may act, with other hashes in the place of what was removed.",
    { integrity: bad(PRUNED), anchoring: unknown },
    async (file) => {
      const other = hashOf(at(file, 8));
      await sayOtherwise(file, (body) => ({
        ...body,
        frontier: [other, ...(body["frontier"] as string[]).slice(1)],
      }));
    },
  );
  return vectors;
}
