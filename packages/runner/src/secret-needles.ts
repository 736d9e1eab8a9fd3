/** Shorter values are not masked: they would blank out half of every log. */
const MIN_SECRET_LENGTH = 6;

/**
 * Lists the spellings under which secrets turn up in output: as they are, each line of a multi-line value, escaped
 * as in JSON, URL-encoded, and in base64. Values below {@link MIN_SECRET_LENGTH} characters are left out.
 */
export function secretNeedles(secrets: readonly string[]): string[] {
  const needles = new Set<string>();
  for (const secret of secrets) {
    // A secret that was read from a file often ends in a newline which nobody prints.
    for (const value of [secret, secret.trim(), ...secret.split(/\r?\n/).map((l) => l.trim())]) {
      if (value.length < MIN_SECRET_LENGTH) continue;
      for (const spelling of spellings(value)) needles.add(spelling);
    }
  }
  return [...needles].filter((needle) => needle.length >= MIN_SECRET_LENGTH);
}

function spellings(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value.toWellFormed());
  return [
    value,
    json,
    json.replaceAll("/", "\\/"),
    // Serialisers of other languages escape what is not ASCII.
    json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`),
    url,
    url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams([["", value]]).toString().slice(1),
    ...base64Spellings(value),
  ];
}

/**
 * In base64 of a longer text (`Basic` authentication encodes `user:password`) a value starts at one of three
 * alignments. Only the characters that the value alone decides are looked for.
 */
function base64Spellings(value: string): string[] {
  const bytes = Buffer.from(value, "utf8");
  const found: string[] = [];
  for (const shift of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString("base64");
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor(((shift + bytes.length) * 8) / 6);
    const core = encoded.slice(from, to);
    found.push(core, core.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return found;
}
