import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkLinks } from "../../src/audit/check-links.ts";
import { type BrokenEvent, type EventLink, readEventLink } from "../../src/audit/event-link.ts";
import { leafHash } from "../../src/ledger/event.ts";
import type { Digest } from "../../src/model/digest.ts";

const vector = new URL("../../../audit-verifier/vectors/good.ndjson", import.meta.url);
if (!existsSync(vector)) throw new Error("the published vectors are not there");
const stored = readFileSync(vector, "utf8")
  .split("\n")
  .flatMap((line) => {
    const event = /^\{"bytes":"(?<bytes>[^"]+)","environment"/.exec(line)?.groups?.["bytes"];
    return event === undefined ? [] : [Buffer.from(event, "base64")];
  });

interface Plain {
  readonly seq: number;
  readonly prev: string | null;
}

/** The same by the plainest way: everything is parsed as JSON. `null`: it is no event. */
function plainly(bytes: Uint8Array): Plain | null {
  try {
    const bundle = JSON.parse(Buffer.from(bytes).toString("utf8")) as {
      dsseEnvelope: { payload: unknown };
    };
    const { payload } = bundle.dsseEnvelope;
    if (typeof payload !== "string") return null;
    const json = JSON.parse(Buffer.from(payload, "base64").toString("utf8")) as {
      predicate: Record<string, unknown>;
    };
    const { seq, prev, size, chain, kind, operation, rivals = [] } = json.predicate;
    const isDigest = (value: unknown): boolean =>
      typeof value === "string" && /^sha256:[0-9a-f]{64}$/.test(value);
    const texts = [chain, kind, operation].every((text) => typeof text === "string");
    if (typeof seq !== "number" || typeof size !== "number" || !texts) return null;
    if (!(prev === null || isDigest(prev)) || !(rivals as unknown[]).every(isDigest)) return null;
    return { seq, prev: prev as string | null };
  } catch {
    return null;
  }
}

describe("reading an event's links", () => {
  test("gives what parsing all of it as JSON gives, for events as floe writes them", () => {
    expect(stored.length).toBeGreaterThan(7);
    for (const [seq, bytes] of stored.entries()) {
      const link = readEventLink(seq, bytes) as EventLink;
      expect(link).toMatchObject({ seq, prev: plainly(bytes)?.prev });
      const hash = createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex");
      expect(link.hash).toBe(`sha256:${hash}`);
    }
  });

  test("gives the same whatever was changed in the bytes, wherever", () => {
    const frame = Buffer.from('{"dsseEnvelope":{"payload":"').length;
    const original = stored[5] as Buffer;
    const end = original.indexOf('"', frame);
    const position = fc.oneof(
      fc.integer({ min: 0, max: original.length - 1 }),
      fc.integer({ min: 0, max: frame + 4 }),
      fc.integer({ min: end - 6, max: original.length - 1 }),
    );
    const change = fc.record({
      at: position,
      remove: fc.integer({ min: 0, max: 3 }),
      insert: fc.oneof(
        fc.constantFrom('"', "\\", "\n", " ", "=", "==", "-", "_", "\\u0041", ',"payload":"e30="'),
        fc.constantFrom("\u00e9", "\ufeff", "\0", "}", "{", ',"dsseEnvelope":{}', "A", "AAAA"),
      ),
    });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let bytes = original;
        for (const { at, remove, insert } of changes) {
          const rest = bytes.subarray(Math.min(bytes.length, at + remove));
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(insert), rest]);
        }
        const link: EventLink | BrokenEvent = readEventLink(5, bytes);
        const wanted = plainly(bytes);
        const read = "problem" in link ? null : { seq: link.seq, prev: link.prev };
        expect(read).toEqual(wanted);
      }),
      { numRuns: 2000 },
    );
  });

  test("hashes what is larger than most events as well", () => {
    for (const length of [0, 1, 65_534, 65_535, 65_536, 200_000]) {
      const bytes = Buffer.alloc(length, 7);
      const hash = createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex");
      expect(leafHash(bytes)).toBe(`sha256:${hash}`);
    }
  });
});

describe("a slot whose number somebody has made up", () => {
  test("does not keep the check from ending, and what is missing is told by where it begins", () => {
    const entry = (slot: number): BrokenEvent => ({
      slot,
      hash: `sha256:${String(slot).padStart(64, "0")}` as Digest,
      problem: "it is not a ledger event",
    });
    const entries = [entry(0), entry(3), entry(Number.MAX_SAFE_INTEGER)];
    const { problems } = checkLinks(entries, [{ mode: "slot", first: 0, genesis: null }]);
    const gaps = problems.filter(({ kind }) => kind === "gap").map(({ seq, what }) => [seq, what]);
    expect(gaps).toEqual([
      [1, "it is missing, and 1 more after it"],
      [4, expect.stringContaining("more after it")],
    ]);
  });

  test("nor do very many events", () => {
    const many = Array.from({ length: 200_000 }, (_, slot): BrokenEvent => {
      return { slot, hash: `sha256:${slot}` as Digest, problem: "it is not a ledger event" };
    });
    const parts = [{ mode: "slot" as const, first: 0, genesis: null }];
    expect(checkLinks(many, parts).problems).toHaveLength(200_000);
  });
});
