import { createHash } from "node:crypto";
import { own, parseJson } from "./json.ts";
import type { PublicKey } from "./keys.ts";
import { isSignedWith, matches, readSignedBundle } from "./signed-bundle.ts";

/** What a checkpoint says of a ledger (C2SP tlog-checkpoint). */
export interface Checkpoint {
  /** Name of the ledger. */
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  /** Its newest event, where writers are not serialised. */
  readonly head: string | null;
}

/** What a checkpoint's signatures came to. */
export type CheckpointVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint; readonly signedBy: string }
  | {
      readonly ok: false;
      /** Name of the ledger that it says; `null`: it is no checkpoint. */
      readonly origin: string | null;
      readonly reason: string;
      /** Signed with a certificate, which is not judged here. */
      readonly byCertificate: boolean;
    };

const MAX_NOTE = 256 * 1024;
const MAX_SIGNATURES = 16;
const KEY_ID_BYTES = 4;
const LINE = /^\u2014 (?<name>[^\s+]+) (?<signature>[A-Za-z0-9+/]+={0,2})$/u;

/** Verifies a signed note (C2SP signed-note) against keys. */
export function verifyCheckpoint(
  note: string,
  trusted: ReadonlyMap<string, { readonly name: string; readonly key: PublicKey }>,
): CheckpointVerdict {
  const none = {
    ok: false,
    origin: null,
    reason: "it is not a checkpoint (C2SP signed note)",
    byCertificate: false,
  } as const;
  const end = note.lastIndexOf("\n\n");
  if (note.length > MAX_NOTE || end < 0 || !note.endsWith("\n") || hasControls(note)) return none;
  const text = note.slice(0, end + 1);
  const checkpoint = parseText(text);
  const lines = note.slice(end + 2, -1).split("\n");
  if (!checkpoint || lines.length > MAX_SIGNATURES) return none;
  const signatures: { readonly name: string; readonly id: Buffer; readonly bytes: Buffer }[] = [];
  for (const line of lines) {
    const { name, signature } = LINE.exec(line)?.groups ?? {};
    const bytes = Buffer.from(signature ?? "", "base64");
    if (name === undefined || bytes.byteLength <= KEY_ID_BYTES) return none;
    const id = bytes.subarray(0, KEY_ID_BYTES);
    signatures.push({ name, id, bytes: bytes.subarray(KEY_ID_BYTES) });
  }
  const { origin } = checkpoint;
  const message = Buffer.from(text);
  let byCertificate = false;
  for (const { name, id, bytes } of signatures) {
    if (name !== origin) continue;
    for (const { name: signedBy, key } of trusted.values()) {
      const isIts = key.id.startsWith(`sha256:${id.toString("hex")}`);
      if (isIts && key.key.asymmetricKeyType === "ec" && matches(key.key, message, bytes))
        return { ok: true, checkpoint, signedBy };
    }
    if (!bundleKeyId(name).equals(id)) continue;
    const signed = readSignedBundle(bytes);
    if (!signed || !isAbout(parseJson(signed.payload), message)) continue;
    byCertificate ||= signed.byCertificate;
    for (const { name: signedBy, key } of trusted.values())
      if (!signed.byCertificate && isSignedWith(key.key, signed))
        return { ok: true, checkpoint, signedBy };
  }
  const reason = byCertificate
    ? "it is signed with a certificate, which is not judged offline"
    : "nobody who is trusted has signed it";
  return { ok: false, origin, reason, byCertificate };
}

function parseText(text: string): Checkpoint | null {
  const [origin = "", size = "", root = "", ...more] = text.replace(/\n$/, "").split("\n");
  const hash = Buffer.from(root, "base64");
  if (origin === "" || !/^(?:0|[1-9][0-9]{0,14})$/.test(size) || hash.byteLength !== 32)
    return null;
  if (hash.toString("base64") !== root || more.includes("")) return null;
  const head = more.map((line) => /^head (sha256:[0-9a-f]{64})$/.exec(line)?.[1]).find(Boolean);
  return { origin, size: Number(size), root: `sha256:${hash.toString("hex")}`, head: head ?? null };
}

// Signatures of types that signed-note has no number for: a sigstore bundle over the digest of the text.
function bundleKeyId(name: string): Buffer {
  const hash = createHash("sha256").update(`${name}\n`).update(Uint8Array.of(0xff));
  return hash.update("floe.dev/sigstore-bundle/v1").digest().subarray(0, KEY_ID_BYTES);
}

function isAbout(statement: unknown, message: Buffer): boolean {
  const subjects = own(statement, "subject");
  const subject = Array.isArray(subjects) ? own(subjects[0], "digest") : undefined;
  return (
    own(statement, "predicateType") === "https://floe.dev/attestation/checkpoint/v1" &&
    own(subject, "sha256") === createHash("sha256").update(message).digest("hex")
  );
}

function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}
