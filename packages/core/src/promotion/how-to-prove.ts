import type { EnvironmentConfig, Identity, Manifest } from "../manifest/manifest.ts";
import { isValidAt } from "../model/identity.ts";

/** Where an app looked for who signs, for messages alone. */
export interface SignerOrigin {
  /** What gave the signer, such as `--key` or `SIGSTORE_ID_TOKEN`; `null`: nothing did. */
  readonly chosen: string | null;
  /** What was looked at before and gave none, in order, each with why. */
  readonly looked: readonly string[];
}

const MAX_NAMED = 4;

/** Says in one or two sentences how somebody proves to be one of those who may act in an environment. */
export function howToProve(environment: EnvironmentConfig, manifest: Manifest, now: Date): string {
  const rules = environment.authorization;
  if (!rules)
    return "Give --key REF or FLOE_SIGNING_KEY, or set promotion.operator.key_ref or artifacts.signing.private_key_ref in the manifest.";
  const names = new Set([
    ...rules.allowedOperators,
    ...rules.allowedGroups.flatMap((group) => manifest.groups[group] ?? []),
  ]);
  const allowed = manifest.identities.filter(
    (identity) => names.has(identity.name) && isValidAt(identity, now),
  );
  if (allowed.length === 0)
    return `Nobody can at present: ${environment.name} allows no identity that is valid now. Have the manifest's authorization changed.`;
  const ways = allowed.slice(0, MAX_NAMED).map(wayOf);
  const more = allowed.length > MAX_NAMED ? `, or as ${allowed.length - MAX_NAMED} more` : "";
  return `Run it again ${ways.join(", or ")}${more}; or have the manifest's authorization changed.`;
}

function wayOf({ name, trusted }: Identity): string {
  if (trusted.method === "key") return `with the key of ${name} (--key REF or FLOE_SIGNING_KEY)`;
  const who = trusted.subject ?? trusted.subjectPattern ?? trusted.subjectRegex ?? "";
  return `with a token of ${name} (${who} of ${trusted.issuer}) in SIGSTORE_ID_TOKEN, or where CI gives it`;
}

/** Says where nobody was found, for the message that nobody signs. */
export function describeSearch(origin: SignerOrigin | undefined): string {
  return origin === undefined || origin.looked.length === 0
    ? "no signing key is configured"
    : `neither a key nor a token was found (${origin.looked.join("; ")})`;
}
