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
const fine = { integrity: ok, completeness: ok, anchoring: ok, authenticity: ok };

/** Numbers of the events with which the ledger begins in each of its places. */
const [FIRST, SECOND, THIRD] = [0, 3, 5] as const;

/**
 * Tampers with a ledger that was moved: 0 genesis, 1 intent and 2 outcome in the registry; 3 genesis and 4 lock in SQLite; 5
 * genesis and 6 unlock in the registry again.
 */
export async function moveTamperings(
  moved: readonly string[],
  people: People,
): Promise<(Vector & { readonly text: string })[]> {
  const vectors: (Vector & { readonly text: string })[] = [];
  const add = async (
    name: string,
    tampering: string,
    expect: Partial<Vector["expect"]>,
    tamper: (file: BundleFile) => unknown,
  ): Promise<void> => {
    const file = openBundle(moved);
    await tamper(file);
    const text = writeBundleFile(file);
    vectors.push({ name, tampering, checkpoint: false, expect: { ...fine, ...expect }, text });
  };
  const at = (file: BundleFile, slot: number): OpenEvent => {
    const found = file.events.find((event) => event.slot === slot);
    if (!found) throw new Error(`there is no event ${slot}`);
    return found;
  };
  const endOf = (file: BundleFile, slot: number): BundleFile["behind"][number] => {
    const found = file.behind.find((event) => event.slot === slot);
    if (!found) throw new Error(`no place ends with event ${slot}`);
    return found;
  };
  const put = (file: BundleFile, event: OpenEvent): void => {
    file.events = file.events.map((one) => (one.slot === event.slot ? event : one));
  };
  const putEnd = (file: BundleFile, event: OpenEvent, place?: string): void => {
    file.behind = file.behind.map((one) =>
      one.slot === event.slot ? { ...event, place: place ?? one.place } : one,
    );
  };
  const bodyOf = (event: OpenEvent): Record<string, Record<string, unknown>> =>
    statementOf(event).predicate["body"] as Record<string, Record<string, unknown>>;
  const sign = async (event: OpenEvent, changes: Record<string, unknown>, who = "release") =>
    await resigned(event, changes, who, people);
  /** Signs the second beginning anew, and everything since, so that all of it follows what it says. */
  const rewrite = async (file: BundleFile, changes: Record<string, unknown>): Promise<void> => {
    const beginning = await sign(at(file, SECOND), changes);
    put(file, beginning);
    const first = endOf(file, SECOND);
    const to = { ...bodyOf(first)["to"], genesis: hashOf(beginning) };
    putEnd(file, await sign(first, { body: { to } }));
    put(file, await sign(at(file, 4), { prev: hashOf(beginning) }, "alice"));
    const hash = hashOf(at(file, 4));
    const body = bodyOf(at(file, THIRD));
    const continues = { ...body["continues"], genesis: hashOf(beginning), hash };
    put(file, await sign(at(file, THIRD), { prev: hash, body: { ...body, continues } }));
    const last = at(file, THIRD);
    const onward = { ...bodyOf(endOf(file, THIRD))["to"], genesis: hashOf(last) };
    const second = await sign(endOf(file, THIRD), { prev: hash, body: { to: onward } });
    putEnd(file, second, hashOf(beginning));
    put(file, await sign(at(file, 6), { prev: hashOf(last) }, "alice"));
    for (const environment of file.head.environments) environment["genesis"] = hashOf(last);
  };

  await add(
    "moved-end-gone",
    "The event that ends the ledger in its first place is gone.",
    { completeness: bad(SECOND) },
    (file) => {
      file.behind = file.behind.filter(({ slot }) => slot !== SECOND);
    },
  );
  await add(
    "moved-end-replaced",
    "The event that ends the ledger in its first place was replaced, by somebody who may act, by one that leads to another beginning.",
    { integrity: bad(SECOND) },
    async (file) => {
      const end = endOf(file, SECOND);
      const to = { ...bodyOf(end)["to"], genesis: hashOf(at(file, 1)) };
      putEnd(file, await sign(end, { body: { to } }, "alice"));
    },
  );
  await add(
    "moved-end-by-stranger",
    "The event that ends the ledger in its first place was replaced by the same one of a stranger.",
    { integrity: bad(SECOND) },
    async (file) => putEnd(file, await sign(endOf(file, SECOND), {}, "mallory")),
  );
  await add(
    "moved-end-of-another-event",
    "The event that ends the ledger in its first place was replaced, by somebody who may act, by one that leaves the last event out.",
    { integrity: bad(SECOND) },
    async (file) =>
      putEnd(file, await sign(endOf(file, SECOND), { prev: hashOf(at(file, 1)) }, "alice")),
  );
  await add(
    "moved-ends-swapped",
    "The events that end the first and the second place have changed places.",
    { integrity: bad(SECOND) },
    (file) => {
      const [first, second] = [endOf(file, SECOND), endOf(file, THIRD)];
      file.behind = [
        { ...second, place: first.place },
        { ...first, place: second.place },
      ];
    },
  );
  await add(
    "place-cut-out",
    "The second place is gone, with its end.",
    { integrity: bad(SECOND), completeness: bad(SECOND), anchoring: bad(5) },
    (file) => {
      file.events = file.events.filter(({ slot }) => slot < SECOND || slot >= THIRD);
      file.behind = file.behind.filter(({ slot }) => slot !== THIRD);
    },
  );
  await add(
    "place-forgotten",
    "The first place is gone, with its end.",
    { integrity: bad(FIRST), completeness: bad(FIRST), anchoring: bad(4) },
    (file) => {
      file.events = file.events.filter(({ slot }) => slot >= SECOND);
      file.behind = file.behind.filter(({ slot }) => slot !== SECOND);
    },
  );
  await add(
    "places-swapped",
    "The events of the second place stand before those of the first.",
    { integrity: bad(FIRST), anchoring: bad() },
    (file) => {
      const slots = [2, 3, 4, 0, 1, 5, 6];
      file.events = file.events.map((event) => ({ ...event, slot: slots[event.slot] ?? 0 }));
    },
  );
  await add(
    "place-linked-to-another",
    "The second place begins behind another event than the last one of the first. All who have written since have signed that.",
    { integrity: bad(SECOND), anchoring: bad() },
    async (file) => {
      const hash = hashOf(at(file, 1));
      const body = bodyOf(at(file, SECOND));
      const continues = { ...body["continues"], hash };
      await rewrite(file, { prev: hash, body: { ...body, continues } });
    },
  );
  await add(
    "place-misnamed",
    "The second place says that the first was another one. All who have written since have signed that.",
    { integrity: bad(SECOND), anchoring: bad() },
    async (file) => {
      const body = bodyOf(at(file, SECOND));
      const continues = { ...body["continues"], backend: "database", location: "elsewhere" };
      await rewrite(file, { body: { ...body, continues } });
    },
  );
  await add(
    "written-behind-the-end",
    "In the first place an event was written after the ledger was moved from there, by somebody who may act.",
    { integrity: bad(4) },
    async (file) => {
      const { slot, bytes, place } = endOf(file, SECOND);
      const { state } = statementOf({ slot, bytes }).predicate;
      const after = { seq: 4, size: 5, prev: hashOf({ slot, bytes }), state };
      file.behind.push({ ...(await sign(at(file, 4), after, "alice")), place });
    },
  );
  return vectors;
}
