import type { Digest } from "@floe/core/model";
import type { RequirementReport, VerificationCandidate } from "@floe/core/ports";
import type { Candidate } from "./candidate.ts";
import { concludeRequirement } from "./conclude-requirement.ts";
import {
  type Judgement,
  type Judges,
  judgeCandidate,
  type ReadCandidate,
  readCandidate,
} from "./judge-candidate.ts";
import { isSignatureRequirement } from "./plain-referrer.ts";
import type { Requirement } from "./requirement.ts";

/** How the reading of what is attached ended. */
export interface Reading {
  /** How many referrers there are beyond those that are read. */
  readonly omitted: number;
  /** Trouble after which nothing is known of what was not read; `null`: everything was read. */
  readonly trouble: string | null;
}

/** A judgement under way: candidates go in as they are read. */
export interface Judge {
  /** Judges one candidate by all requirements that still need one. */
  take(candidate: Candidate): void;
  /** Says whether nothing that may still come can make it better. */
  isMet(): boolean;
  /** Says whether nothing was even offered as the artifact's signature. */
  lacksSignature(): boolean;
  conclude(reading: Reading): readonly RequirementReport[];
}

/** One requirement while candidates are judged by it. */
export interface Standing {
  readonly requirement: Requirement;
  readonly candidates: VerificationCandidate[];
  /** By the signer's name. */
  readonly accepted: Map<string, RequirementReport["satisfiedBy"][number]>;
  readonly proven: Set<string>;
}

/** Begins a judgement of what is attached to the artifact of this digest (computed over its manifest's bytes). Pure. */
export function createJudge(
  requirements: readonly Requirement[],
  digest: Digest,
  judges: Judges,
): Judge {
  const standings = requirements.map(
    (requirement): Standing => ({
      requirement,
      candidates: [],
      accepted: new Map(),
      proven: new Set(),
    }),
  );
  const seenTypes = new Set<string>();

  function note(standing: Standing, { candidate }: ReadCandidate, judgement: Judgement): void {
    const { referrer } = candidate;
    if (judgement.outcome !== "accepted") {
      const { outcome, code, reason } = judgement;
      standing.candidates.push({ referrer, outcome, signer: null, code, reason });
      return;
    }
    const { signer, proven } = judgement;
    standing.candidates.push({ referrer, outcome: "accepted", signer, code: null, reason: null });
    // Who signed twice, or is known under two names, is one signer.
    if (standing.accepted.has(signer.name) || standing.proven.has(proven)) return;
    standing.accepted.set(signer.name, { ...signer, referrer });
    standing.proven.add(proven);
  }

  return {
    take(candidate) {
      const read = readCandidate(candidate);
      let isAsked = false;
      for (const standing of standings) {
        if (isComplete(standing)) continue;
        const judgement = judgeCandidate(read, standing.requirement, digest, judges);
        if (judgement === null) continue;
        isAsked = true;
        note(standing, read, judgement);
      }
      if (!isAsked && read.predicateType !== null) seenTypes.add(read.predicateType);
    },
    isMet: () => standings.every(isComplete),
    lacksSignature: () =>
      standings.some(
        ({ requirement, candidates }) =>
          isSignatureRequirement(requirement) && candidates.length === 0,
      ),
    conclude: (reading) =>
      standings.map((standing) => concludeRequirement(standing, seenTypes, reading)),
  };
}

/** Judges all candidates at once. Pure. */
export function judge(
  requirements: readonly Requirement[],
  candidates: Iterable<Candidate>,
  input: Judges & Reading & { readonly digest: Digest },
): readonly RequirementReport[] {
  const one = createJudge(requirements, input.digest, input);
  for (const candidate of candidates) one.take(candidate);
  return one.conclude(input);
}

/** Enough signers in use; those in their grace period count, and reading goes on in the hope of better ones. */
function isComplete({ requirement, accepted }: Standing): boolean {
  let inUse = 0;
  for (const name of accepted.keys()) if (!requirement.graceWarnings.has(name)) inUse += 1;
  return inUse >= requirement.threshold;
}
