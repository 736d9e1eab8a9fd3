import { createHash, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { canonicalJson } from "@floe/core/model";
import { createKeySigner, loadPrivateKey } from "@floe/signing";

/** How many events are about one artifact. */
const EVENTS_OF_ONE = 20;
/** The newest have signatures of their own: as many as a list of fifty reads, and some. */
const SIGNED = 200;

/** What {@link growLedger} made. */
export interface GrownLedger {
  /** A digest that {@link EVENTS_OF_ONE} events are about, spread over the whole ledger and all signed. */
  readonly digest: string;
  readonly about: number;
  /** Mean size of an event as it is stored. */
  readonly bytes: number;
}

interface Event {
  readonly chain: string;
  readonly seq: number;
  readonly size: number;
  readonly state: unknown;
  readonly [member: string]: unknown;
}

/**
 * Lets a ledger in SQLite that floe has begun grow to that many events, in one transaction. They are events as floe writes
 * them (refused promotions, which leave the state as it is) in a chain of real hashes. Only those that queries read have a
 * signature of their own; the others carry a copy of one, which would not verify.
 */
export async function growLedger(
  manifestPath: string,
  environment: string,
  events: number,
  signal: AbortSignal,
): Promise<GrownLedger> {
  const cwd = dirname(manifestPath);
  const privateKey = await loadPrivateKey(readFileSync(join(cwd, "release.key"), "utf8"), {
    password: "",
  });
  const signer = createKeySigner({ privateKey });
  using db = new DatabaseSync(join(cwd, ".floe/audit.db"));
  // Nothing is lost when this is interrupted. Who opens the file next sets it back to WAL.
  db.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144");
  const last = db
    .prepare(
      "SELECT chain.id, event.seq, event.bytes FROM chain JOIN event ON event.chain = chain.id WHERE chain.name LIKE ? ORDER BY event.seq DESC LIMIT 1",
    )
    .get(`%#${environment}`) as { id: number; seq: number; bytes: Uint8Array } | undefined;
  if (!last) throw new Error(`${environment} has no ledger yet`);
  const before = JSON.parse(payloadOf(last.bytes).text) as { readonly predicate: Event };
  const insert = db.prepare("INSERT INTO event (chain, seq, bytes, stored_at) VALUES (?, ?, ?, ?)");
  const label = db.prepare("INSERT INTO label (chain, name, seq) VALUES (?, ?, ?)");
  const artifacts = Math.max(1, Math.floor(events / EVENTS_OF_ONE));
  const wanted = digestOf(last.seq + 1);
  const { base64, stored } = payloadOf(last.bytes);
  const [head = "", tail = ""] = stored.split(base64);
  let prev = leafHash(last.bytes);
  let bytes = 0;
  let about = 0;
  db.exec("BEGIN");
  for (let seq = last.seq + 1; seq < events; seq += 1) {
    if (seq % 4096 === 0) signal.throwIfAborted();
    const digest = digestOf(seq % artifacts);
    const statement = Buffer.from(canonicalJson(refusal(before.predicate, seq, prev, digest)));
    const signed = digest === wanted || seq >= events - SIGNED;
    const event = signed
      ? await signer.sign(statement, { signal })
      : Buffer.from(`${head}${statement.toString("base64")}${tail}`);
    insert.run(last.id, seq, event, Date.now());
    label.run(last.id, digest, seq);
    prev = leafHash(event);
    bytes += event.byteLength;
    if (digest === wanted) about += 1;
  }
  db.exec("COMMIT");
  return { digest: wanted, about, bytes: Math.round(bytes / (events - last.seq - 1)) };
}

function refusal(before: Event, seq: number, prev: string, digest: string): unknown {
  const { size } = before;
  const version = `v1.0.${seq}`;
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: version, digest: { sha256: digest.slice("sha256:".length) } }],
    predicateType: "https://floe.dev/attestation/event/v1",
    predicate: {
      ...before,
      ...{ kind: "refusal", seq, prev, size: size + seq - before.seq },
      ...{ id: randomUUID(), operation: randomUUID(), at: new Date().toISOString() },
      body: {
        ...{ action: "promote", version, digest, source: "", target: before["environment"] },
        exit_code: 14,
        blocking: [{ code: "FLOE_GATE_FAILED", message: "gate tests failed: 3 of 412 failed" }],
        gates: [{ gate: "tests", status: "failed" }],
      },
    },
  };
}

function payloadOf(bytes: Uint8Array) {
  const stored = Buffer.from(bytes).toString();
  const { dsseEnvelope } = JSON.parse(stored) as { dsseEnvelope: { payload: string } };
  const base64 = dsseEnvelope.payload;
  return { base64, stored, text: Buffer.from(base64, "base64").toString() };
}

function digestOf(artifact: number): string {
  return `sha256:${createHash("sha256").update(String(artifact)).digest("hex")}`;
}

function leafHash(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex")}`;
}
