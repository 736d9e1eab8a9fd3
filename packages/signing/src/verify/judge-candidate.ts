import type { Digest } from "@floe/core/model";
import type { AcceptedSigner, BundleVerdict, CandidateRefusal, Verifier } from "@floe/core/ports";
import { parseBundle } from "../bundle/parse-bundle.ts";
import { show } from "../encoding/json-object.ts";
import {
  describeSubjects,
  hasSubject,
  parseStatement,
  type Statement,
} from "../statement/parse-statement.ts";
import type { Candidate } from "./candidate.ts";
import { isSignatureRequirement, plainReason } from "./plain-referrer.ts";
import type { Requirement } from "./requirement.ts";
import { type SimpleSigningVerifier, verifySimpleSigning } from "./simple-signing.ts";

/** What one candidate is worth for one requirement; `null`: it is nothing of the kind. */
export type Judgement =
  | { readonly outcome: "accepted"; readonly signer: AcceptedSigner; readonly proven: string }
  | {
      readonly outcome: "refused" | "unjudged";
      readonly code: CandidateRefusal;
      readonly reason: string;
    };

/** A candidate with what it says of itself, read once for all requirements. */
export interface ReadCandidate {
  readonly candidate: Candidate;
  /** The signed statement's, not proven yet; `null` where there is none. */
  readonly statement: Statement | null;
  /** The predicate type by the statement itself, else by the annotation of whoever attached it. */
  readonly predicateType: string | null;
}

/** What judges signatures: both are pure. */
export interface Judges {
  readonly verifier: Verifier;
  readonly simpleSigning: SimpleSigningVerifier;
}

/** Reads what a candidate says of itself. What cannot be read is turned into a refused candidate. */
export function readCandidate(candidate: Candidate): ReadCandidate {
  if (candidate.kind === "plain" || candidate.kind === "simple-signing")
    return { candidate, statement: null, predicateType: null };
  const { referrer, claims } = candidate;
  if (candidate.kind !== "bundle") return { candidate, statement: null, predicateType: claims };
  const parsed = parseBundle(candidate.bundle);
  const read = parsed.ok ? parseStatement(parsed.bundle.payload) : parsed;
  if (read.ok)
    return { candidate, statement: read.statement, predicateType: read.statement.predicateType };
  const code = parsed.ok ? "MALFORMED_BUNDLE" : parsed.code;
  return {
    candidate: { kind: "refused", referrer, claims, code, reason: read.reason },
    statement: null,
    predicateType: claims,
  };
}

/**
 * Judges one candidate by one requirement. Pure. A statement counts only when its predicate type is the required one,
 * the artifact's digest is among its subjects, and somebody signed it whose signature counts.
 */
export function judgeCandidate(
  { candidate, statement, predicateType }: ReadCandidate,
  requirement: Requirement,
  digest: Digest,
  judges: Judges,
): Judgement | null {
  const wanted = (type: string | null): boolean =>
    type !== null && requirement.predicateTypes.has(type);
  switch (candidate.kind) {
    case "plain": {
      const reason = plainReason(candidate.artifactType, requirement);
      return reason === null ? null : refused(reason.code, reason.text);
    }
    case "unread":
      if (predicateType !== null && !wanted(predicateType)) return null;
      return { outcome: "unjudged", code: "REFERRER_UNAVAILABLE", reason: candidate.reason };
    case "refused":
      // What cannot be read cannot say what it is; its annotation decides only where the refusal is shown.
      if (predicateType !== null && !wanted(predicateType)) return null;
      return refused(candidate.code, candidate.reason);
    case "simple-signing":
      if (!isSignatureRequirement(requirement)) return null;
      return verifySimpleSigning(candidate, requirement, digest, judges.simpleSigning);
    case "bundle":
      if (statement === null) throw new Error("a bundle without a statement is refused when read");
      if (wanted(statement.predicateType))
        return judgeStatement(candidate.bundle, statement, requirement, digest, judges.verifier);
      if (!wanted(candidate.claims)) return null;
      return refused(
        "WRONG_PREDICATE_TYPE",
        `its annotation calls it ${show(candidate.claims)}, and what is signed is ${show(statement.predicateType)}`,
      );
  }
}

function judgeStatement(
  bundle: Uint8Array,
  statement: Statement,
  requirement: Requirement,
  digest: Digest,
  verifier: Verifier,
): Judgement {
  // Before the signature, because it costs next to nothing: whoever signed it, it is about something else.
  if (!hasSubject(statement, digest))
    return refused("SUBJECT_MISMATCH", `signed for ${describeSubjects(statement)}, not ${digest}`);
  const verdict = verifier.verifyBundle(bundle, requirement.accepted);
  if (!verdict.ok) return refusedBy(verdict, bundle, requirement, verifier);
  // The bytes that the verifier vouches for decide, not those that were read before it.
  const proven = parseStatement(verdict.statement);
  if (!proven.ok || !hasSubject(proven.statement, digest))
    return refused("SUBJECT_MISMATCH", `signed for something else than ${digest}`);
  if (!requirement.predicateTypes.has(proven.statement.predicateType))
    return refused("WRONG_PREDICATE_TYPE", `signed as ${show(proven.statement.predicateType)}`);
  return acceptedUnlessOutside(verdict, requirement);
}

function acceptedUnlessOutside(
  { name, signer, time, logged }: Extract<BundleVerdict, { ok: true }>,
  requirement: Requirement,
): Judgement {
  const problem = requirement.outside(name, time);
  if (problem !== null)
    return refused("IDENTITY_NOT_VALID", `signed at ${time?.toISOString()} by ${name}, ${problem}`);
  const keyless = signer.method === "keyless" ? signer : null;
  return {
    outcome: "accepted",
    signer: {
      name,
      issuer: keyless?.issuer ?? null,
      subject: keyless?.subject ?? null,
      time,
      logged,
    },
    proven: keyless ? JSON.stringify([keyless.issuer, keyless.subject]) : keyIdOf(signer),
  };
}

function keyIdOf(signer: Extract<BundleVerdict, { ok: true }>["signer"]): string {
  return signer.method === "keyless" ? "" : signer.keyId;
}

function refusedBy(
  verdict: Extract<BundleVerdict, { ok: false }>,
  bundle: Uint8Array,
  requirement: Requirement,
  verifier: Verifier,
): Judgement {
  if (verdict.code === "TRUST_ROOT_UNAVAILABLE")
    return { outcome: "unjudged", code: verdict.code, reason: verdict.reason };
  const late =
    requirement.late.length > 0 ? verifier.verifyBundle(bundle, requirement.late) : verdict;
  if (!late.ok) return refused(verdict.code, verdict.reason);
  const why = requirement.lateReasons.get(late.name) ?? "which no longer counts";
  return refused(requirement.lateCode, `signed with ${late.name}, ${why}`);
}

function refused(code: CandidateRefusal, reason: string): Judgement {
  return { outcome: "refused", code, reason };
}
