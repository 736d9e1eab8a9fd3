import { isDigest } from "@floe/core/model";

/** Shorter texts would be taken out of words that have nothing to do with them. */
const SHORTEST_SECRET = 4;
/** Shorter values of a query are numbers, names and the like. */
const SHORTEST_QUERY_VALUE = 8;

/** Takes secrets out of somebody else's words, as they are and percent-encoded: `***` stands in their place. */
export function hideSecrets(text: string, secrets: Iterable<string>): string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST_SECRET) continue;
    forms.add(secret);
    // A lone surrogate cannot be encoded.
    if (secret.isWellFormed()) forms.add(encodeURIComponent(secret));
  }
  let clean = text;
  // The longest first: one secret may be a part of another.
  for (const form of [...forms].sort((a, b) => b.length - a.length))
    clean = clean.replaceAll(form, "***");
  return clean;
}

/** What may be secret in the query of an address: a signature, a token, a state; not a digest. */
export function secretsInQuery(url: URL): string[] {
  const raw = url.search.slice(1).split("&");
  const values = raw.map((one) => one.slice(one.indexOf("=") + 1));
  return [...values, ...url.searchParams.values()].filter(
    (value) => value.length >= SHORTEST_QUERY_VALUE && !isDigest(decode(value)),
  );
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
