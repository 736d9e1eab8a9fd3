import { parseTimestamp } from "../../model/timestamp.ts";
import { didYouMean } from "../did-you-mean.ts";
import type { IssuePath } from "../issue-list.ts";
import { quote } from "../issue-list.ts";
import type { Identity } from "../manifest.ts";
import type { IdentityEntry } from "../schema/identities.ts";
import { expandVariables } from "./expand-variables.ts";
import { readPublicKey } from "./read-public-key.ts";
import type { ResolveContext } from "./resolve-context.ts";
import { resolveSecretRef } from "./resolve-secret-ref.ts";

/** The identities of a manifest, and what is known of their keys. */
export interface ResolvedIdentities {
  readonly identities: readonly Identity[];
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** Everything that `identities` names, also entries that are wrong otherwise. */
  readonly identityNames: readonly string[];
  readonly groupNames: readonly string[];
  readonly keylessNames: ReadonlySet<string>;
  /** Identities and groups as plain JSON for the authority digest: fingerprints in place of paths. */
  readonly authority: Readonly<Record<string, unknown>>;
}

interface Proof {
  readonly trusted: Identity["trusted"];
  /** What must not appear under two names. */
  readonly unique: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** What `artifacts.verification` says of keyless signatures by identities. */
interface KeylessOptions {
  readonly requireRekor: boolean;
}

/** Resolves `identities` and `groups`, reading the public keys. */
export async function resolveIdentities(
  context: ResolveContext,
  entries: Readonly<Record<string, IdentityEntry>>,
  groupEntries: Readonly<Record<string, readonly string[]>>,
  options: KeylessOptions,
): Promise<ResolvedIdentities> {
  const identityNames = context.keysAt(["identities"]);
  const groupNames = context.keysAt(["groups"]);
  refuseNamesThatDifferByCase(context, "identities", identityNames);
  refuseNamesThatDifferByCase(context, "groups", groupNames);

  const identities: Identity[] = [];
  const json: Record<string, unknown> = {};
  const firstWith = new Map<string, string>();
  for (const [name, entry] of Object.entries(entries)) {
    const path = ["identities", name];
    const validity = resolveValidity(context, entry, path);
    const proof = await resolveProof(context, name, entry, path, options);
    if (!proof) continue;
    const other = firstWith.get(proof.unique);
    if (other !== undefined)
      context.report(path, `is the same key or subject as ${quote(other)}`, { side: "key" });
    else firstWith.set(proof.unique, name);
    identities.push({ name, trusted: proof.trusted, ...validity });
    json[name] = {
      ...proof.json,
      valid_from: validity.validFrom?.toISOString(),
      valid_until: validity.validUntil?.toISOString(),
      revoked_at: validity.revokedAt?.toISOString(),
    };
  }

  const groups: Record<string, readonly string[]> = {};
  const sortedGroups: Record<string, readonly string[]> = {};
  for (const [group, members] of Object.entries(groupEntries)) {
    checkNames(context, members, ["groups", group], identityNames, "identity");
    groups[group] = [...new Set(members)];
    sortedGroups[group] = [...new Set(members)].toSorted();
  }
  const keylessNames = new Set(
    identityNames.filter((name) => context.has(["identities", name, "keyless"])),
  );
  return {
    identities,
    groups,
    identityNames,
    groupNames,
    keylessNames,
    authority: { identities: json, groups: sortedGroups },
  };
}

/** Reports every name of a list that nothing has, with the near one. */
export function checkNames(
  context: ResolveContext,
  names: readonly string[] | undefined,
  path: IssuePath,
  known: readonly string[],
  what: "identity" | "group" | "identity or group" | "environment" | "gate",
): void {
  for (const [index, name] of (names ?? []).entries())
    if (!known.includes(name)) reportUnknown(context, name, [...path, index], known, what);
}

/** Reports one unknown name with the near one. */
export function reportUnknown(
  context: ResolveContext,
  name: string,
  path: IssuePath,
  known: readonly string[],
  what: string,
  side: "key" | "value" = "value",
): void {
  const listed = known.length > 0 && known.length <= 12 ? ` (there are ${known.join(", ")})` : "";
  const suggestion = didYouMean(name, known);
  context.report(path, `no ${what} is named ${quote(name)}${suggestion === null ? listed : ""}`, {
    suggestion,
    side,
  });
}

function refuseNamesThatDifferByCase(
  context: ResolveContext,
  section: string,
  names: readonly string[],
): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      context.report([section, name], `differs from ${quote(other)} by case only`, { side: "key" });
    else seen.set(name.toLowerCase(), name);
  }
}

function resolveValidity(
  context: ResolveContext,
  entry: IdentityEntry,
  path: IssuePath,
): Pick<Identity, "validFrom" | "validUntil" | "revokedAt"> {
  const instant = (text: string | undefined) => (text === undefined ? null : parseTimestamp(text));
  const validFrom = instant(entry.valid_from);
  const validUntil = instant(entry.valid_until);
  if (validFrom && validUntil && validFrom >= validUntil)
    context.report([...path, "valid_until"], "must be after valid_from");
  return { validFrom, validUntil, revokedAt: instant(entry.revoked_at) };
}

async function resolveProof(
  context: ResolveContext,
  name: string,
  entry: IdentityEntry,
  path: IssuePath,
  options: KeylessOptions,
): Promise<Proof | null> {
  const hasKey = context.has([...path, "key"]);
  const hasKeyless = context.has([...path, "keyless"]);
  if (hasKey === hasKeyless) {
    const problem = hasKey
      ? "has both key and keyless; it must be one of them"
      : "needs key or keyless";
    context.report(path, problem, { side: "key" });
    return null;
  }
  if (entry.keyless)
    return resolveKeyless(context, name, entry.keyless, [...path, "keyless"], options);
  const keyPath = [...path, "key"];
  const ref = resolveSecretRef(context, entry.key, keyPath);
  if (!ref) return null;
  const key = await readPublicKey(ref, context.env, { signal: context.signal });
  if (!key.ok) {
    context.report(keyPath, key.problem);
    return null;
  }
  return {
    trusted: { method: "key", name, publicKey: key.pem },
    unique: key.fingerprint,
    json: { key: key.fingerprint },
  };
}

function resolveKeyless(
  context: ResolveContext,
  name: string,
  keyless: NonNullable<IdentityEntry["keyless"]>,
  path: IssuePath,
  { requireRekor }: KeylessOptions,
): Proof | null {
  const { subject, subject_pattern: subjectPattern } = keyless;
  if (context.has([...path, "subject"]) === context.has([...path, "subject_pattern"])) {
    context.report(path, "needs exactly one of subject and subject_pattern", { side: "key" });
    return null;
  }
  const issuer = resolveIssuer(context, keyless.issuer, [...path, "issuer"]);
  if (issuer === null) return null;
  return {
    trusted: {
      method: "keyless",
      name,
      issuer,
      ...(subject === undefined ? {} : { subject }),
      ...(subjectPattern === undefined ? {} : { subjectPattern }),
      ...(requireRekor ? {} : { requireRekor }),
    },
    unique: JSON.stringify([issuer, subject, subjectPattern]),
    // Who may do what; whether a log is needed is of the policy.
    json: { issuer, subject, subject_pattern: subjectPattern },
  };
}

/** An issuer is compared as text, so only its form is checked. */
export function resolveIssuer(
  context: ResolveContext,
  text: string,
  path: IssuePath,
): string | null {
  const issuer = expandVariables(context, text, path);
  if (issuer === null) return null;
  if (URL.canParse(issuer) && /^https?:\/\/[^/@]+(?:\/|$)/.test(issuer)) return issuer;
  context.report(path, "expected the issuer's URL, https://…");
  return null;
}
