/** One PEM block (RFC 7468). */
export interface PemBlock {
  readonly label: string;
  /** The whole block with its boundary lines. */
  readonly text: string;
  /** The base64 between the lines, white space removed. */
  readonly body: string;
}

/** More than any key needs, so that a wrong file is refused before it is searched. */
const MAX_PEM_LENGTH = 32 * 1024;

/** Finds the PEM blocks of a text; text around them is allowed. Empty when the text is far too long for a key. */
export function findPemBlocks(text: string): PemBlock[] {
  if (text.length > MAX_PEM_LENGTH) return [];
  const pattern = /-----BEGIN ([A-Z0-9 ]{1,60})-----([\s\S]*?)-----END \1-----/g;
  return Array.from(text.matchAll(pattern), ([block, label = "", body = ""]) => ({
    label,
    text: `${block}\n`,
    body: body.replace(/\s+/g, ""),
  }));
}

/** Writes a PEM block with lines of 64 characters. */
export function writePem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
