import { createHash } from "node:crypto";
import type { KeySignature, TrustedSigner } from "../../ports/index.ts";
import { keySignatureOf } from "../checkpoint-signature.ts";
import { type NoteSignature, parseNote, writeNote } from "../signed-note.ts";

/** Behind type 0xff (C2SP signed-note, "Signature types"): a sigstore bundle of the note's key signature with a log's entry. */
const LOGGED_TYPE = "floe.dev/logged-signature/v1";
const KEY_ID_BYTES = 4;

/** The entries of logs that a note carries, as sigstore bundles; nothing of them is believed before it was verified. */
export function logEntriesOf(note: string): Uint8Array[] {
  return (parseNote(note)?.signatures ?? []).filter(isLogEntry).map(({ signature }) => signature);
}

/** The note with the entry of a log in place of those that it has. Verifiers that do not know such lines pass over them. */
export function withLogEntry(note: string, log: string, bundle: Uint8Array): string {
  const parsed = parseNote(note);
  if (!parsed) throw new Error("only a note that was verified is logged");
  const { text, signatures } = parsed;
  const entry = { name: log, keyId: loggedKeyId(log), signature: bundle };
  return writeNote({ text, signatures: [...signatures.filter((one) => !isLogEntry(one)), entry] });
}

/** What a log is given of a note: its signature by a key that is trusted; `null`: it has none of a kind that logs take. */
export function loggable(note: string, trusted: readonly TrustedSigner[]): KeySignature | null {
  const parsed = parseNote(note);
  const found = parsed && keySignatureOf(parsed, trusted);
  return found && { message: new TextEncoder().encode(parsed.text), ...found };
}

function isLogEntry({ name, keyId }: NoteSignature): boolean {
  return Buffer.compare(loggedKeyId(name), keyId) === 0;
}

function loggedKeyId(name: string): Uint8Array {
  const hash = createHash("sha256").update(`${name}\n`).update(Uint8Array.of(0xff));
  return hash.update(LOGGED_TYPE).digest().subarray(0, KEY_ID_BYTES);
}
