import { createKeySigner } from "@floe/signing";
import {
  type BundleFile,
  edited,
  hashOf,
  type OpenEvent,
  openBundle,
  resigned,
  statementOf,
  writeBundleFile,
} from "./bundle-file.ts";
import { otherSignature } from "./other-signature.ts";
import type { People } from "./people.ts";

/** What a question has to be answered with, and the first bad event. */
export interface Expected {
  readonly verdict: "ok" | "failed" | "not_checked";
  readonly seq: number | null;
}

/** A published test vector. */
export interface Vector {
  readonly name: string;
  readonly tampering: string;
  /** It is verified with the checkpoint that was kept elsewhere. */
  readonly checkpoint: boolean;
  readonly expect: Readonly<
    Record<"integrity" | "completeness" | "anchoring" | "authenticity", Expected>
  >;
}

const ok: Expected = { verdict: "ok", seq: null };
const bad = (seq: number | null = null): Expected => ({ verdict: "failed", seq });
const unknown: Expected = { verdict: "not_checked", seq: null };
const fine = { integrity: ok, completeness: ok, anchoring: ok, authenticity: ok };

/** What the ledgers are that are tampered with. */
export interface Originals {
  /** 0 genesis, 1 intent and 2 outcome of v1.0.0, 3 intent and 4 outcome of v1.1.0, 5 lock, 6 unlock, 7 quarantine. */
  readonly good: readonly string[];
  /** 0 genesis, 1 intent, 2 outcome, 3 lock, 4 unlock, on a plain registry. */
  readonly plain: readonly string[];
  /** The first five events of the good one. */
  readonly older: BundleFile;
  readonly people: People;
}

interface Options {
  /** Lines of what is tampered with; default the good one. */
  readonly from?: readonly string[];
  /** As in {@link Vector}; default `true`. */
  readonly checkpoint?: boolean;
  /** How many events the bundle says; default as many as it has. */
  readonly counted?: number;
}

/** Tampers with a good bundle in every way that there is a vector for. */
export async function tamperings({ good, plain, older, people }: Originals) {
  const vectors: (Vector & { readonly text: string })[] = [];
  const add = async (
    name: string,
    tampering: string,
    expect: Partial<Vector["expect"]>,
    tamper: (file: BundleFile) => unknown,
    { from = good, checkpoint = true, counted }: Options = {},
  ): Promise<void> => {
    const file = openBundle(from);
    await tamper(file);
    const text = writeBundleFile(file, counted ?? file.events.length);
    vectors.push({ name, tampering, checkpoint, expect: { ...fine, ...expect }, text });
  };
  const at = (file: BundleFile, slot: number): OpenEvent => {
    const found = file.events.find((event) => event.slot === slot);
    if (!found) throw new Error(`there is no event ${slot}`);
    return found;
  };
  const put = (file: BundleFile, event: OpenEvent): void => {
    file.events = file.events.map((one) => (one.slot === event.slot ? event : one));
  };
  const sign = async (event: OpenEvent, changes: Record<string, unknown>, who: string, as = {}) =>
    await resigned(event, changes, who, people, as);
  /** Appends what is signed by somebody who goes by the newest event. */
  const append = async (
    file: BundleFile,
    like: number,
    changes: Record<string, unknown>,
    who: string,
  ): Promise<void> => {
    const last = at(file, file.events.length - 1);
    const seq = file.events.length;
    const { state } = statementOf(last).predicate;
    const place = { seq, size: seq + 1, prev: hashOf(last), state };
    file.events.push(await sign(at(file, like), { ...place, ...changes }, who));
  };

  await add(
    "edited",
    "A word of the lock's reason was changed, the signature left.",
    { integrity: bad(6), anchoring: bad(), authenticity: bad(5) },
    (file) =>
      put(
        file,
        edited(at(file, 5), (text) => text.replace("begins", "starts")),
      ),
  );
  await add(
    "edited-and-signed",
    "The lock's reason was changed, and the event signed by the same person again. What follows was left.",
    { integrity: bad(6), anchoring: bad() },
    async (file) =>
      put(file, await sign(at(file, 5), { body: { reason: "nothing happened" } }, "alice")),
  );
  await add(
    "edited-by-stranger",
    "The newest event was replaced by one of a stranger, who calls himself alice.",
    { authenticity: bad(7) },
    async (file) => put(file, await sign(at(file, 7), {}, "mallory")),
  );
  await add(
    "rewritten-by-insider",
    "The lock's reason was changed by its author, and everything since signed anew. Only a checkpoint shows it.",
    { anchoring: bad() },
    async (file) => {
      put(file, await sign(at(file, 5), { body: { reason: "nothing happened" } }, "alice"));
      for (const slot of [6, 7])
        put(file, await sign(at(file, slot), { prev: hashOf(at(file, slot - 1)) }, "alice"));
    },
  );
  await add(
    "rewritten-by-stranger",
    "Everything was signed anew by a stranger, whose key the bundle brings along.",
    { anchoring: bad(), authenticity: bad(0) },
    async (file) => {
      for (const { slot } of [...file.events]) {
        const prev = slot === 0 ? null : hashOf(at(file, slot - 1));
        put(file, await sign(at(file, slot), { prev }, "mallory"));
      }
      for (const environment of file.head.environments)
        environment["genesis"] = hashOf(at(file, 0));
      const { signer } = createKeySigner({ privateKey: people.privateKey("mallory") });
      const keyId = signer.method === "key" ? signer.keyId : "";
      const public_key = people.publicKey("mallory");
      file.keys.push({ type: "key", key_id: keyId, name: "alice", public_key });
    },
  );
  await add("deleted", "An event is gone.", { completeness: bad(5), anchoring: bad() }, (file) => {
    file.events = file.events.filter(({ slot }) => slot !== 5);
  });
  await add(
    "deleted-and-renumbered",
    "An event is gone, and those after it were moved down.",
    { integrity: bad(5), anchoring: bad() },
    (file) => {
      file.events = file.events
        .filter(({ slot }) => slot !== 5)
        .map((event) => ({ ...event, slot: event.slot > 5 ? event.slot - 1 : event.slot }));
    },
  );
  await add(
    "swapped",
    "Two events have changed places.",
    { integrity: bad(5), anchoring: bad() },
    (file) => {
      file.events = file.events.map((event) => ({
        ...event,
        slot: event.slot === 5 ? 6 : event.slot === 6 ? 5 : event.slot,
      }));
    },
  );
  await add(
    "inserted",
    "A copy of an older event stands behind the newest.",
    { integrity: bad(8) },
    (file) => {
      file.events.push({ ...at(file, 5), slot: 8 });
    },
  );
  await add(
    "two-in-one-slot",
    "Beside an event stands another one with its number.",
    { integrity: bad(7) },
    async (file) => {
      file.events.push(await sign(at(file, 7), { at: "2026-01-01T00:00:00.000Z" }, "alice"));
    },
  );
  await add(
    "cut-off",
    "The two newest events are gone; the checkpoint that came with the bundle was left.",
    { anchoring: bad(6) },
    (file) => {
      file.events = file.events.slice(0, 6);
    },
  );
  await add(
    "cut-off-with-checkpoint",
    "The three newest events are gone, and the checkpoint with them. The one that was kept elsewhere shows it.",
    { anchoring: bad(5) },
    (file) => {
      file.events = file.events.slice(0, 5);
      file.checkpoints = [];
    },
  );
  await add(
    "cut-off-not-recounted",
    "The newest event is gone, and the first line of the bundle still counts it.",
    { completeness: bad(7) },
    (file) => {
      file.events = file.events.slice(0, 7);
    },
    { counted: 8 },
  );
  await add(
    "rolled-back",
    "A whole and genuine bundle of an earlier time.",
    { anchoring: bad(5) },
    (file) => {
      Object.assign(file, older);
    },
  );
  await add(
    "false-state",
    "The newest event is by somebody who may act, and carries a state without the quarantine that it is about.",
    { integrity: bad(7) },
    async (file) => {
      const state = statementOf(at(file, 7)).predicate["state"] as Record<string, unknown>;
      put(file, await sign(at(file, 7), { state: { ...state, holds: [] } }, "alice"));
    },
  );
  await add(
    "false-name",
    "The newest event names release and her key; alice has signed it.",
    { authenticity: bad(7) },
    async (file) => put(file, await sign(at(file, 7), {}, "alice", { names: "release" })),
  );
  await add(
    "stranger-appended",
    "A stranger has appended an event that follows the newest.",
    { authenticity: bad(8) },
    async (file) => await append(file, 6, {}, "mallory"),
  );
  await add(
    "ended-twice",
    "A promotion was given a second outcome, by somebody who may act.",
    { completeness: bad(8) },
    async (file) => {
      const { operation } = statementOf(at(file, 4)).predicate;
      const { body } = statementOf(at(file, 4)).predicate;
      const second = { ...(body as object), result: "failed", record: null };
      await append(file, 4, { operation, body: second }, "alice");
    },
  );
  await add(
    "outcome-of-nothing",
    "Somebody who may act has written the outcome of an operation that was never begun.",
    { integrity: bad(8) },
    async (file) => {
      const { body } = statementOf(at(file, 4)).predicate;
      const madeUp = { ...(body as object), result: "failed", record: null };
      await append(file, 4, { operation: "none", body: madeUp }, "alice");
    },
  );
  /** Appends an intent of alice, and an outcome that she writes for it. */
  const endFalsely = async (
    file: BundleFile,
    changes: (newest: OpenEvent) => Record<string, unknown>,
  ): Promise<void> => {
    const operation = "another";
    const { state } = statementOf(at(file, 7)).predicate;
    const { body } = statementOf(at(file, 3)).predicate;
    const { digest } = body as { digest: string };
    const open = { operation, seq: 8, digest, by: "alice", owner_seq: 8 };
    const begun = { ...(state as object), open_intents: [open] };
    await append(file, 3, { operation, state: begun }, "alice");
    const ended = statementOf(at(file, 4)).predicate["body"] as object;
    const failed = { ...ended, result: "failed", record: null };
    const outcome = { ...failed, ...changes(at(file, 8)) };
    await append(file, 4, { operation, state, body: outcome }, "alice");
  };
  await add(
    "outcome-of-another",
    "Somebody who may act has begun an operation, and its outcome says that it ends the intent of another one.",
    { integrity: bad(9) },
    async (file) => await endFalsely(file, () => ({ intent: hashOf(at(file, 3)) })),
  );
  await add(
    "outcome-of-other-version",
    "Somebody who may act has begun an operation, and its outcome speaks of another version.",
    { integrity: bad(9) },
    async (file) =>
      await endFalsely(file, (newest) => ({ intent: hashOf(newest), version: "v9.9.9" })),
  );
  await add(
    "unknown-kind",
    "An event of a kind that nobody knows was appended.",
    { integrity: bad(8), completeness: unknown, authenticity: unknown },
    async (file) => await append(file, 6, { kind: "forgive", body: {} }, "alice"),
  );
  await add(
    "other-spelling",
    "The bytes of the newest event were written with white space, which changes nothing that is signed.",
    { integrity: bad(7), completeness: unknown, authenticity: unknown },
    (file) => {
      const spaced = JSON.stringify(JSON.parse(Buffer.from(at(file, 7).bytes).toString()), null, 1);
      put(file, { slot: 7, bytes: Buffer.from(spaced) });
    },
  );
  await add(
    "other-signature",
    "The signature of the lock was turned into the other one that ECDSA accepts for the same content.",
    { integrity: bad(6), anchoring: bad() },
    (file) => put(file, { slot: 5, bytes: otherSignature(at(file, 5).bytes) }),
  );
  await add(
    "other-beginning",
    "The first event was replaced by one that begins another ledger.",
    { integrity: bad(0), anchoring: bad() },
    async (file) =>
      put(file, await sign(at(file, 0), { chain: "urn:floe:ledger:prod:other" }, "release")),
  );
  await add(
    "other-environment",
    "The events of prod are shown as those of another environment.",
    { integrity: bad(0), completeness: unknown, authenticity: unknown },
    (file) => {
      for (const environment of file.head.environments) environment["name"] = "staging";
      for (const checkpoint of file.checkpoints) checkpoint["environment"] = "staging";
    },
  );
  const recordOf = (file: BundleFile, slot: number): string => {
    const { body } = statementOf(at(file, slot)).predicate;
    return (body as { record: { digest: string } }).record.digest;
  };
  await add(
    "record-gone",
    "The record of a promotion was left out.",
    { completeness: bad(4) },
    (file) => {
      const digest = recordOf(file, 4);
      file.objects = file.objects.filter((one) => one.digest !== digest);
    },
  );
  await add(
    "record-edited",
    "In the record of a promotion a byte was changed, and its digest left.",
    { integrity: bad(), completeness: bad(2) },
    (file) => {
      const digest = recordOf(file, 2);
      file.objects = file.objects.map((one) => {
        if (one.digest !== digest) return one;
        const bytes = Buffer.from(one.bytes, "base64");
        bytes[bytes.length - 2] = 0x20;
        return { ...one, bytes: bytes.toString("base64") };
      });
    },
  );
  await add(
    "key-exchanged",
    "Under the id of alice's key stands another one.",
    { integrity: bad() },
    (file) => {
      const key = file.keys.find(({ name }) => name === "alice");
      if (!key) throw new Error("alice has no key");
      key["public_key"] = people.publicKey("mallory");
    },
  );
  await add(
    "checkpoint-edited",
    "The number in the checkpoint that came along was lowered, so that it fits a ledger that was cut off.",
    { anchoring: bad() },
    (file) => {
      file.events = file.events.slice(0, 6);
      for (const checkpoint of file.checkpoints)
        checkpoint["note"] = String(checkpoint["note"]).replace("\n7\n", "\n6\n");
    },
  );
  const other = openBundle(plain);
  await add(
    "checkpoint-of-another",
    "The checkpoint that came along is of another ledger of the same name.",
    { anchoring: bad() },
    (file) => {
      file.checkpoints = other.checkpoints;
    },
  );
  await add(
    "advisory-deleted",
    "On a plain registry, the outcome of a promotion is gone. An event names it, and carries a state that does not follow without it.",
    { integrity: bad(3), completeness: bad(2), anchoring: bad() },
    (file) => {
      file.events = file.events.filter(({ slot }) => slot !== 2);
    },
    { from: plain, checkpoint: false },
  );
  return vectors;
}
