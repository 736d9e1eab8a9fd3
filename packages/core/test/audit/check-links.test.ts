import { describe, expect, test } from "vitest";
import { checkLinks, rootOf } from "../../src/audit/check-links.ts";
import { type BrokenEvent, type EventLink, readEventLink } from "../../src/audit/event-link.ts";
import { merkleRoot } from "../../src/audit/merkle-root.ts";
import { leafHash } from "../../src/ledger/event.ts";
import type { Digest } from "../../src/model/digest.ts";

const CHAIN = "urn:floe:ledger:prod:1";

interface Facts {
  readonly seq: number;
  readonly prev: Digest | null;
  readonly rivals?: readonly Digest[];
  readonly size?: number;
  readonly chain?: string;
  readonly kind?: string;
}

// What links are read from: a bundle around a statement. Signatures are no matter of links.
function bytesOf(facts: Facts): Uint8Array {
  const predicate = {
    ...{ chain: CHAIN, kind: "lock", operation: `o${facts.seq}`, size: facts.seq + 1 },
    ...facts,
  };
  const payload = Buffer.from(JSON.stringify({ predicate })).toString("base64");
  return new TextEncoder().encode(JSON.stringify({ dsseEnvelope: { payload } }));
}

function chain(length: number): Uint8Array[] {
  const stored: Uint8Array[] = [];
  let prev: Digest | null = null;
  for (let seq = 0; seq < length; seq += 1) {
    const bytes = bytesOf({ seq, prev });
    stored.push(bytes);
    prev = leafHash(bytes);
  }
  return stored;
}

type Stored = readonly (readonly [seq: number, bytes: Uint8Array])[];

function links(stored: Stored): (EventLink | BrokenEvent)[] {
  return stored.map(([seq, bytes]) => readEventLink(seq, bytes));
}

const good = chain(10);
const whole: Stored = good.map((bytes, seq) => [seq, bytes]);
const genesis = leafHash(good[0] as Uint8Array);
const at = (seq: number): Uint8Array => good[seq] as Uint8Array;

describe("a chain", () => {
  test("is well when every event follows the one before it", () => {
    const { events, problems } = checkLinks(links(whole), [{ mode: "slot", first: 0, genesis }]);
    expect(problems).toEqual([]);
    expect(events).toHaveLength(10);
  });

  const rewritten = chain(10).map((_, seq) => bytesOf({ seq, prev: null, kind: "unlock" }));
  const tampered: readonly [string, Stored, number][] = [
    [
      "an edited event",
      whole.map(([seq, bytes]) => [
        seq,
        seq === 4 ? bytesOf({ seq, prev: leafHash(at(3)), kind: "unlock" }) : bytes,
      ]),
      5,
    ],
    [
      "an event that is no JSON",
      whole.map(([seq, bytes]) => [seq, seq === 4 ? bytes.subarray(1) : bytes]),
      4,
    ],
    ["a deleted event", whole.filter(([seq]) => seq !== 4), 4],
    [
      "two events that were swapped",
      whole.map(([seq, bytes]) => [seq, seq === 4 ? at(5) : seq === 5 ? at(4) : bytes]),
      4,
    ],
    [
      "a second event in a slot",
      [...whole, [4, bytesOf({ seq: 4, prev: leafHash(at(3)), kind: "unlock" })]],
      4,
    ],
    [
      "an event put in",
      whole.flatMap(
        ([seq, bytes]): Stored =>
          seq < 4
            ? [[seq, bytes]]
            : seq === 4
              ? [
                  [4, bytesOf({ seq: 4, prev: leafHash(at(3)), kind: "unlock" })],
                  [5, bytes],
                ]
              : [[seq + 1, bytes]],
      ),
      5,
    ],
    [
      "another beginning",
      whole.map(([seq, bytes]) => [
        seq,
        seq === 0 ? bytesOf({ seq, prev: null, kind: "genesis" }) : bytes,
      ]),
      0,
    ],
    ["a missing beginning", whole.slice(1), 0],
    [
      "an event of another ledger",
      whole.map(([seq, bytes]) => [
        seq,
        seq === 9 ? bytesOf({ seq, prev: leafHash(at(8)), chain: "urn:floe:ledger:dev:1" }) : bytes,
      ]),
      9,
    ],
    [
      "a wrong number of events",
      whole.map(([seq, bytes]) => [
        seq,
        seq === 9 ? bytesOf({ seq, prev: leafHash(at(8)), size: 9 }) : bytes,
      ]),
      9,
    ],
    ["everything written anew", rewritten.map((bytes, seq) => [seq, bytes]), 0],
  ];
  test.each(tampered)("with %s is not, and the first bad event is named", (_, stored, first) => {
    const { problems } = checkLinks(links(stored), [{ mode: "slot", first: 0, genesis }]);
    expect(problems[0]?.seq).toBe(first);
  });

  test("that was cut off is well by itself, and differs from a checkpoint of before", () => {
    const cut = checkLinks(links(whole.slice(0, 7)), [{ mode: "slot", first: 0, genesis }]);
    expect(cut.problems).toEqual([]);
    const { events } = checkLinks(links(whole), [{ mode: "slot", first: 0, genesis }]);
    const before = { size: 10, head: null };
    expect(rootOf(before, events)).toBe(merkleRoot(good.map(leafHash)));
    expect(rootOf(before, cut.events)).toBeNull();
  });
});

describe("a graph", () => {
  const a = bytesOf({ seq: 1, prev: genesis });
  const b = bytesOf({ seq: 1, prev: genesis, kind: "unlock" });
  const [main, rival] = [a, b].toSorted((x, y) => (leafHash(x) < leafHash(y) ? -1 : 1)) as [
    Uint8Array,
    Uint8Array,
  ];
  const joined = bytesOf({ seq: 2, prev: leafHash(main), rivals: [leafHash(rival)], size: 4 });
  const stored: Stored = [
    [0, at(0)],
    [1, a],
    [1, b],
    [2, joined],
  ];

  test("is well when every event names events that are there", () => {
    expect(checkLinks(links(stored), [{ mode: "own-tag", first: 0, genesis }]).problems).toEqual(
      [],
    );
  });

  test.each([
    ["the one before", [stored[0], ...stored.slice(1).filter(([, bytes]) => bytes !== main)]],
    ["a rival", [stored[0], ...stored.slice(1).filter(([, bytes]) => bytes !== rival)]],
  ] as [string, Stored][])("without %s has a gap there", (_, without) => {
    const { problems } = checkLinks(links(without), [{ mode: "own-tag", first: 0, genesis }]);
    expect(problems).toMatchObject([{ seq: 1, kind: "gap" }]);
  });

  test("keeps the root of a checkpoint when an event turns up beside it later", () => {
    const { events } = checkLinks(links(stored), [{ mode: "own-tag", first: 0, genesis }]);
    const head = leafHash(joined);
    const late: Stored = [...stored, [2, bytesOf({ seq: 2, prev: leafHash(main), size: 4 })]];
    const later = checkLinks(links(late), [{ mode: "own-tag", first: 0, genesis }]);
    expect(later.problems).toEqual([]);
    expect(rootOf({ size: 4, head }, later.events)).toBe(rootOf({ size: 4, head }, events));
    expect(rootOf({ size: 4, head }, events)).not.toBeNull();
  });
});
