import { matchesSubjectPattern, type SubjectRegexMatcher } from "@floe/core/model";
import type { BundleVerdict, TrustedSigner } from "@floe/core/ports";
import { show } from "../encoding/json-object.ts";
import type { KeylessProof } from "./keyless-engine.ts";

/** A signer that is trusted by issuer and subject. */
export type KeylessSigner = Extract<TrustedSigner, { method: "keyless" }>;

type Proven = Extract<KeylessProof, { ok: true }>;
type Refusal = Extract<BundleVerdict, { ok: false }>;

/**
 * Finds who signed among the trusted: the issuer as written, the subject as a whole. Somebody who is named goes before a
 * pattern. A signer with neither subject, pattern nor expression is nobody.
 */
export function matchIdentity(
  { issuer, subject, logged }: Proven,
  trusted: readonly KeylessSigner[],
  matchesRegex: SubjectRegexMatcher | null,
): { readonly ok: true; readonly signer: KeylessSigner } | Refusal {
  const ofIssuer = trusted.filter((signer) => signer.issuer === issuer);
  if (ofIssuer.length === 0)
    return {
      ok: false,
      code: "ISSUER_MISMATCH",
      reason: `the identity is of the issuer ${show(issuer)}, wanted ${list(trusted.map((signer) => show(signer.issuer)))}`,
    };
  const matching = ofIssuer.filter((signer) => isSubject(signer, subject, matchesRegex));
  if (matching.length === 0)
    return { ok: false, code: "IDENTITY_MISMATCH", reason: describeMiss(subject, ofIssuer) };
  const found = matching.filter((signer) => logged || signer.requireRekor === false);
  const signer = found.find((one) => one.subject !== undefined) ?? found[0];
  return signer === undefined
    ? { ok: false, code: "TLOG_MISSING", reason: "it has no entry of a transparency log" }
    : { ok: true, signer };
}

function isSubject(
  signer: KeylessSigner,
  subject: string,
  matchesRegex: SubjectRegexMatcher | null,
): boolean {
  if (signer.subject !== undefined) return signer.subject === subject;
  if (signer.subjectPattern !== undefined)
    return matchesSubjectPattern(signer.subjectPattern, subject);
  return signer.subjectRegex !== undefined && matchesRegex !== null
    ? matchesRegex(signer.subjectRegex, subject)
    : false;
}

function describeMiss(subject: string, trusted: readonly KeylessSigner[]): string {
  const wanted = trusted.map((signer) => {
    if (signer.subject !== undefined) return `${signer.name} (${show(signer.subject)})`;
    const pattern = signer.subjectPattern ?? signer.subjectRegex ?? "nobody";
    return `${signer.name} (like ${show(pattern)})`;
  });
  const [only] = trusted;
  const difference =
    trusted.length === 1 && only?.subject !== undefined
      ? `; they differ first in ${firstDifference(subject, only.subject)}`
      : "";
  return `signed by ${show(subject, 300)}, wanted ${list(wanted)}${difference}`;
}

/** The first part (between `/`, `@`, `:`) in which two names differ. */
function firstDifference(found: string, wanted: string): string {
  const [had, asked] = [found, wanted].map((name) => name.split(/(?<=[/@:])/));
  const index = asked?.findIndex((part, at) => part !== had?.[at]) ?? 0;
  const part = (parts: readonly string[] | undefined): string =>
    index < 0 ? "" : (parts?.[index] ?? "");
  // Everything wanted is there: the rest is too much.
  if (index < 0) return `${show(found.slice(wanted.length))}, which is not wanted`;
  return `${show(part(had))} where ${show(part(asked))} is wanted`;
}

function list(items: readonly string[]): string {
  const more = items.length > 5 ? ` or ${items.length - 5} more` : "";
  return `${items.slice(0, 5).join(" or ")}${more}`;
}
