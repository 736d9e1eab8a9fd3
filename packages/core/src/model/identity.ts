import { createHash, createPublicKey } from "node:crypto";
import type { EventActor } from "../ledger/event.ts";
import type { Identity, Manifest } from "../manifest/manifest.ts";
import type { ProvenSigner, TrustedSigner } from "../ports/index.ts";
import { matchesSubjectPattern } from "./subject-pattern.ts";

// Reading a key takes longer than checking a signature with it, and a ledger has thousands of events by a few keys.
const MAX_KNOWN_KEYS = 256;
const keyIds = new Map<string, string>();

/** Computes the key id of a public key: `sha256:<hex>` over its SPKI DER. */
export function keyIdOf(publicKeyPem: string): string {
  const known = keyIds.get(publicKeyPem);
  if (known !== undefined) return known;
  const der = createPublicKey(publicKeyPem).export({ type: "spki", format: "der" });
  const keyId = `sha256:${createHash("sha256").update(der).digest("hex")}`;
  if (keyIds.size < MAX_KNOWN_KEYS) keyIds.set(publicKeyPem, keyId);
  return keyId;
}

/** Finds the manifest's identity that a proven signer is; `null` for one that the manifest does not know at that time. */
export function identify(signer: ProvenSigner, manifest: Manifest, at: Date): Identity | null {
  const found = manifest.identities.filter(
    (identity) => isSigner(identity.trusted, signer) && isValidAt(identity, at),
  );
  // Somebody who is named is nobody of a pattern; a verifier looks in the same order.
  return found.find(({ trusted }) => !hasPattern(trusted)) ?? found[0] ?? null;
}

function hasPattern(trusted: TrustedSigner): boolean {
  return trusted.method === "keyless" && trusted.subject === undefined;
}

/** Says whether a proven signer is whom a key or subject stands for. */
export function isSigner(trusted: TrustedSigner, signer: ProvenSigner): boolean {
  if (trusted.method === "key")
    return signer.method === "key" && signer.keyId === keyIdOf(trusted.publicKey);
  return signer.method === "keyless" && isSubjectOf(trusted, signer);
}

function isSubjectOf(
  trusted: Extract<TrustedSigner, { method: "keyless" }>,
  signer: { readonly issuer?: string | undefined; readonly subject?: string | undefined },
): boolean {
  const { subject, subjectPattern } = trusted;
  if (signer.issuer !== trusted.issuer || signer.subject === undefined) return false;
  if (subject !== undefined) return signer.subject === subject;
  return subjectPattern !== undefined && matchesSubjectPattern(subjectPattern, signer.subject);
}

/** Says whether an identity may sign at a time: old signatures of a revoked identity stay valid. */
export function isValidAt(
  identity: Pick<Identity, "validFrom" | "validUntil" | "revokedAt">,
  at: Date,
): boolean {
  if (identity.validFrom && at < identity.validFrom) return false;
  if (identity.validUntil && at > identity.validUntil) return false;
  return !identity.revokedAt || at < identity.revokedAt;
}

/** Says whether an identity is whose key or subject an event's actor has, at whatever time. */
export function isSignedBy({ trusted }: Identity, actor: EventActor): boolean {
  return trusted.method === "key"
    ? actor.key_id === keyIdOf(trusted.publicKey)
    : actor.method === "keyless" && isSubjectOf(trusted, actor);
}

/** Says how an identity may act in an environment. */
export type Authorization =
  | { readonly granted: true; readonly via: string }
  | { readonly granted: false; readonly reason: string; readonly required: readonly string[] };

/**
 * Judges whether somebody may act in an environment. Without an `authorization` section everybody may whose
 * signature verifies; with one, only identities that the manifest knows.
 */
export function authorize(
  name: string | null,
  environment: {
    readonly name: string;
    readonly authorization: Pick<
      NonNullable<Manifest["environments"][number]["authorization"]>,
      "allowedGroups" | "allowedOperators"
    > | null;
  },
  manifest: Pick<Manifest, "groups">,
): Authorization {
  const rules = environment.authorization;
  if (!rules) return { granted: true, via: "no authorization configured" };
  const required = [
    ...rules.allowedGroups.map((group) => `group ${group}`),
    ...rules.allowedOperators.map((operator) => `operator ${operator}`),
  ];
  if (name === null) {
    return { granted: false, reason: "the signer is not an identity of the manifest", required };
  }
  if (rules.allowedOperators.includes(name)) return { granted: true, via: `operator ${name}` };
  const group = rules.allowedGroups.find((candidate) => manifest.groups[candidate]?.includes(name));
  if (group !== undefined) return { granted: true, via: `group ${group}` };
  return {
    granted: false,
    reason: `${name} is in none of the groups and not an allowed operator`,
    required,
  };
}

/** Who of a manifest's identities may change an environment at a time. */
export function identitiesOf(
  environment: Parameters<typeof authorize>[1],
  manifest: Manifest,
  at: Date,
): Identity[] {
  return manifest.identities.filter(
    (identity) =>
      isValidAt(identity, at) && authorize(identity.name, environment, manifest).granted,
  );
}

/** Says whether an identity is one of those whose approval an environment asks for. */
export function mayApprove(
  name: string | null,
  environment: { readonly approvals: Manifest["environments"][number]["approvals"] },
  manifest: Pick<Manifest, "groups">,
): boolean {
  const groups = environment.approvals?.fromGroups ?? [];
  return name !== null && groups.some((group) => manifest.groups[group]?.includes(name));
}

/** Says whether records may be signed without a key; where they may not, no trusted root is needed to read a ledger. */
export function usesKeyless({
  identities,
  signing,
}: Pick<Manifest, "identities" | "signing">): boolean {
  return (
    signing.mode === "keyless" || identities.some(({ trusted }) => trusted.method === "keyless")
  );
}

/** The very subject that an actor says it is, as somebody whose signature can be checked. */
export function claimedSubject(
  { issuer, subject }: EventActor,
  { requireRekor }: Pick<Manifest, "requireRekor">,
): TrustedSigner[] {
  if (issuer === undefined || subject === undefined) return [];
  const name = `${subject} of ${issuer}`;
  return [
    {
      method: "keyless",
      name,
      issuer,
      subject,
      ...(requireRekor ? {} : { requireRekor }),
    },
  ];
}

/** Everybody whose approval an environment asks for. */
export function approversOf(
  environment: { readonly approvals: Manifest["environments"][number]["approvals"] },
  manifest: Pick<Manifest, "groups">,
): string[] {
  const groups = environment.approvals?.fromGroups ?? [];
  return [...new Set(groups.flatMap((group) => manifest.groups[group] ?? []))];
}

/**
 * Says whether two signers are one person: by key or subject, or by a name that either has or had in a manifest, so that a
 * changed key makes nobody a second person. Case and surrounding space make no difference.
 */
export function isSamePerson(
  a: EventActor,
  b: EventActor,
  manifest: Pick<Manifest, "identities">,
): boolean {
  if (a.key_id !== undefined && a.key_id === b.key_id) return true;
  if (a.subject !== undefined && b.subject !== undefined)
    if (plainName(a.subject) === plainName(b.subject) && a.issuer === b.issuer) return true;
  const names = namesOf(a, manifest);
  return namesOf(b, manifest).some((name) => names.includes(name));
}

function namesOf(actor: EventActor, manifest: Pick<Manifest, "identities">): string[] {
  const known = manifest.identities.filter((identity) => isSignedBy(identity, actor));
  const named = known.filter(({ trusted }) => !hasPattern(trusted));
  // Everybody of a pattern is one person, but for those who are named.
  const names = (named.length > 0 ? named : known).map(({ name }) => name);
  return [actor.identity, ...names].flatMap((name) => (name === null ? [] : [plainName(name)]));
}

function plainName(name: string): string {
  return name.trim().toLowerCase();
}

/** The signers whose signature on a record counts as the given actor's: its identity, or the very key that it showed. */
export function operatorTrust(actor: EventActor, manifest: Manifest): TrustedSigner[] {
  const known = manifest.identities
    .filter((identity) => identity.name === actor.identity)
    .map((identity) => identity.trusted);
  if (actor.method === "keyless")
    return usesKeyless(manifest) ? [...known, ...claimedSubject(actor, manifest)] : known;
  if (actor.public_key === undefined) return known;
  const keyId = keyIdOf(actor.public_key);
  // Who shows one key and says that it is another is nobody's operator.
  if (keyId !== actor.key_id) return known;
  return [...known, { method: "key", name: `key ${keyId}`, publicKey: actor.public_key }];
}
