import { createHash, generateKeyPairSync, randomUUID } from "node:crypto";
import { readBundle, readPublicKey, verifyBundle } from "@floe/audit-verifier";
import { checkChain } from "@floe/core";
import { canonicalJson } from "@floe/core/model";
import { createKeySigner, createVerifier, publicKeyPem } from "@floe/signing";
import { type Measured, race } from "./race.ts";

const CHAIN = "urn:floe:ledger:prod:bench";
/** Signatures take fifty times as long as links, and each as long as any other. */
const SIGNED = 1000;

/**
 * How long it takes to check that so many events follow one another, with the root of their Merkle tree; apart from that their
 * signatures, and a bundle as `floe-audit-verify` takes it.
 */
export async function measureChain(
  length: number,
  rounds: number,
  signal: AbortSignal,
): Promise<Measured[]> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const publicKey = publicKeyPem(privateKey);
  const signer = createKeySigner({ privateKey });
  const keyId = signer.signer.method === "key" ? signer.signer.keyId : "";
  const entries: { readonly seq: number; readonly bytes: Uint8Array }[] = [];
  let prev: string | null = null;
  let likeThat = (payload: Uint8Array): Uint8Array => payload;
  for (let seq = 0; seq < length; seq += 1) {
    const statement = canonicalJson(statementOf(seq, prev, { keyId, publicKey }));
    const payload = Buffer.from(statement);
    // Links do not look at signatures, and making them takes longer than all that is measured.
    const bytes = seq < SIGNED ? await signer.sign(payload, { signal }) : likeThat(payload);
    if (seq === 0) likeThat = copier(bytes, payload);
    entries.push({ seq, bytes });
    prev = leafHash(bytes);
  }
  const links = (): void => {
    const { events, problems } = checkChain(entries, "slot", null);
    if (events !== length || problems.length > 0) throw new Error("the chain is not well");
  };
  const verifier = createVerifier();
  const some = entries.slice(0, SIGNED);
  const signatures = (): void => {
    for (const { bytes } of some)
      if (!verifier.verifyBundle(bytes, [{ method: "key", name: "bench", publicKey }]).ok)
        throw new Error("a signature does not verify");
  };
  const key = readPublicKey(publicKey);
  if (!key) throw new Error("the key cannot be read");
  const trusted = new Map([[keyId, { name: "bench", key }]]);
  const file = bundleOf(some);
  const whole = (): void => {
    const [answers] = verifyBundle(readBundle([file]), { trusted });
    const { integrity, completeness, authenticity } = answers?.verdicts ?? {};
    for (const answer of [integrity, completeness, authenticity])
      if (answer?.verdict !== "ok") throw new Error(answer?.summary);
  };
  const sides = [
    { name: `links and root of ${length} events`, side: "floe" as const, run: links },
    { name: `signatures of ${SIGNED} events`, side: "floe" as const, run: signatures },
    { name: `a bundle of ${SIGNED} events, whole`, side: "floe" as const, run: whole },
  ];
  return await race(sides, { rounds });
}

// Puts another payload into a signed event, under the same signature.
function copier(signed: Uint8Array, payload: Uint8Array): (payload: Uint8Array) => Uint8Array {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const [head = "", tail = ""] = Buffer.from(signed).toString().split(base64(payload));
  return (other) => Buffer.from(`${head}${base64(other)}${tail}`);
}

function leafHash(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(Uint8Array.of(0)).update(bytes).digest("hex")}`;
}

/** An event as large as those of promotions are. Locks and unlocks, so that each has a state that follows. */
function statementOf(
  seq: number,
  prev: string | null,
  { keyId, publicKey }: { readonly keyId: string; readonly publicKey: string },
): unknown {
  const at = "2026-11-22T10:00:00.000Z";
  const digest = `sha256:${"0".repeat(64)}`;
  const isLock = seq % 2 === 1;
  const genesis = {
    backend: "oci",
    location: "self",
    project: "bench",
    mode: "slot",
    serialises: "strong",
  };
  const reason = "while the database is being migrated, nobody promotes to this environment";
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: CHAIN, digest: { sha256: "0".repeat(64) } }],
    predicateType: "https://floe.dev/attestation/event/v1",
    predicate: {
      ...{ v: 1, chain: CHAIN, environment: "prod", seq, prev, size: seq + 1, at },
      ...{ id: randomUUID(), operation: randomUUID(), trace_id: "0".repeat(32) },
      kind: seq === 0 ? "genesis" : isLock ? "lock" : "unlock",
      actor: { identity: "release", method: "key", key_id: keyId, public_key: publicKey },
      agent: { name: "floe", version: "0.0.0" },
      authority_digest: digest,
      body: seq === 0 ? genesis : { reason },
      state: {
        ...{ current: null, open_intents: [], holds: [], rollbacks: {}, approvals: [] },
        policy: null,
        lock: isLock ? { reason, by: "release", at, seq } : null,
      },
    },
  };
}

function bundleOf(
  entries: readonly { readonly seq: number; readonly bytes: Uint8Array }[],
): Buffer {
  const genesis = leafHash(entries[0]?.bytes ?? new Uint8Array());
  const environments = [{ name: "prod", chain: CHAIN, genesis, events: entries.length }];
  const format = "https://floe.dev/audit-bundle/v1";
  const lines = [
    { type: "bundle", format, project: "bench", environments },
    ...entries.map(({ seq, bytes }) => ({
      ...{ type: "event", environment: "prod", seq },
      bytes: Buffer.from(bytes).toString("base64"),
    })),
    { type: "end", lines: entries.length + 1 },
  ];
  return Buffer.from(lines.map((line) => `${canonicalJson(line)}\n`).join(""));
}
