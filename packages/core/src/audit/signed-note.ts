/** One signature line of a note: the key's name, its identifier of four bytes and what it made. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** A text that ends in a newline, and its signatures (C2SP signed-note). */
export interface SignedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const KEY_ID_BYTES = 4;
const MAX_SIGNATURES = 16;
/** Characters; a checkpoint has a few hundred, and a signature by a certificate some thousand. */
const MAX_NOTE = 256 * 1024;
const LINE = /^\u2014 (?<name>[^\s+]+) (?<signature>[A-Za-z0-9+/]+={0,2})$/u;

/** Writes a note (C2SP signed-note, "Format"). */
export function writeNote({ text, signatures }: SignedNote): string {
  const lines = signatures.map(({ name, keyId, signature }) => {
    const bytes = Buffer.concat([keyId, signature]).toString("base64");
    return `\u2014 ${name} ${bytes}\n`;
  });
  return `${text}\n${lines.join("")}`;
}

/** Takes a note apart; `null`: it is none. Nothing of it is believed before a signature was verified. */
export function parseNote(note: string): SignedNote | null {
  const end = note.lastIndexOf("\n\n");
  if (note.length > MAX_NOTE || end < 0 || hasControls(note) || !note.endsWith("\n")) return null;
  const lines = note.slice(end + 2, -1).split("\n");
  if (lines.length > MAX_SIGNATURES) return null;
  const signatures: NoteSignature[] = [];
  for (const line of lines) {
    const found = LINE.exec(line)?.groups;
    if (!found?.["name"] || !found["signature"]) return null;
    const bytes = Buffer.from(found["signature"], "base64");
    if (bytes.byteLength <= KEY_ID_BYTES) return null;
    signatures.push({
      name: found["name"],
      keyId: bytes.subarray(0, KEY_ID_BYTES),
      signature: bytes.subarray(KEY_ID_BYTES),
    });
  }
  return { text: note.slice(0, end + 1), signatures };
}

// The format has no control characters but the line feed.
function hasControls(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}
