import { isFloeError } from "@floe/core/errors";
import { digestOf, hasDigest, type RawManifest, shortDigest } from "@floe/core/model";
import type {
  ArtifactStore,
  ArtifactVerifier,
  BundleRefusal,
  CallOptions,
  VerificationResult,
} from "@floe/core/ports";
import {
  MAX_REFERRERS,
  type WalkedReferrer,
  walkReferrers,
} from "../attach/read-attached-bundles.ts";
import { show } from "../encoding/json-object.ts";
import { COSIGN_SIGN_PREDICATE_TYPE } from "../statement/write-statement.ts";
import { type ArtifactKeys, createKeySorter, type VerificationPolicy } from "./artifact-keys.ts";
import { judgeSignature } from "./judge-signature.ts";
import { createVerifier } from "./verifier.ts";

/** How an artifact verifier is set up. */
export interface ArtifactVerifierOptions {
  /** The time by which retired keys are judged. Default: the system clock, never the registry's. */
  readonly now?: () => Date;
}

/** What the referrers of an artifact amount to. */
interface Findings {
  accepted: string | null;
  readonly refused: string[];
  readonly attestations: Set<string>;
  omitted: number;
}

/**
 * Makes the verifier of artifact signatures by key. Every requirement that it cannot judge makes the answer
 * `unknown`, with the reason, never `valid`; `requirePromotionFrom` and `requireRekor` (keyless only) are not its
 * matter.
 */
export function createArtifactVerifier(options: ArtifactVerifierOptions = {}): ArtifactVerifier {
  const now = options.now ?? (() => new Date());
  const sortKeys = createKeySorter();
  const verifier = createVerifier();

  async function examine(
    store: ArtifactStore,
    artifact: RawManifest,
    keys: ArtifactKeys,
    call: CallOptions,
  ): Promise<Findings> {
    const digest = digestOf(artifact.bytes);
    const findings: Findings = { accepted: null, refused: [], attestations: new Set(), omitted: 0 };
    const input = { store, subject: artifact, preferPredicateType: COSIGN_SIGN_PREDICATE_TYPE };
    for await (const found of walkReferrers(input, call)) {
      if (found.kind === "omitted") findings.omitted = found.count;
      if (found.kind === "omitted" || found.kind === "other") continue;
      const judgement =
        found.kind === "broken"
          ? { outcome: "refused" as const, code: "MALFORMED_BUNDLE" as const, reason: found.reason }
          : judgeSignature({ verifier, bundle: found.bundle, digest, ...keys });
      if (judgement.outcome === "attestation") findings.attestations.add(judgement.predicateType);
      else if (judgement.outcome === "refused") noteRefusal(findings, found, judgement);
      else {
        findings.accepted ??= judgement.name;
        if (keys.graceWarnings.has(judgement.name)) continue;
        // A key in use beats a retired one, and nothing beats it.
        findings.accepted = judgement.name;
        break;
      }
    }
    return findings;
  }

  return {
    async verifyArtifact(store, artifact, policy, { signal }) {
      if (policy.enforcement === "off") return result("skipped", null);
      const problem = findPolicyProblem(policy);
      if (problem !== null) return result("unknown", problem);
      if (!hasDigest(artifact.bytes, artifact.descriptor.digest))
        return result("invalid", `the manifest's bytes are not ${artifact.descriptor.digest}`);
      const keys = sortKeys(policy, now());
      try {
        const findings = await examine(store, artifact, keys, { signal });
        return conclude(findings, keys, policy);
      } catch (error) {
        signal.throwIfAborted();
        if (!isFloeError(error)) throw error;
        return result("unknown", `the signatures could not be read: ${error.message}`);
      }
    },
  };
}

/** What makes any reading of the registry pointless. */
function findPolicyProblem(policy: VerificationPolicy): string | null {
  if (policy.keys.length === 0 && policy.trustedIssuers.length === 0)
    return "the policy names neither a public key nor a trusted issuer";
  if (!policy.formats.includes("bundle"))
    return "the policy accepts only signatures of the legacy format, which this version cannot verify";
  return null;
}

function noteRefusal(
  findings: Findings,
  found: Exclude<WalkedReferrer, { kind: "omitted" | "other" }>,
  { code, reason }: { readonly code: BundleRefusal; readonly reason: string },
): void {
  // What cannot be read cannot say what it is; its annotation then only decides how the refusal is worded.
  const annotations = found.kind === "bundle" ? found.annotations : found.referrer.annotations;
  const claimed = annotations?.["dev.sigstore.bundle.predicateType"];
  const opaque = code === "MALFORMED_BUNDLE" || code === "UNSUPPORTED_FORMAT";
  if (opaque && claimed !== undefined && claimed !== COSIGN_SIGN_PREDICATE_TYPE)
    findings.attestations.add(claimed);
  else findings.refused.push(`${shortDigest(found.referrer.digest)} ${code}: ${reason}`);
}

function conclude(
  findings: Findings,
  keys: ArtifactKeys,
  policy: VerificationPolicy,
): VerificationResult {
  const { accepted, refused, omitted } = findings;
  if (accepted !== null) {
    const grace = keys.graceWarnings.get(accepted);
    const warnings = [...(grace === undefined ? [] : [grace]), ...keys.unreadable];
    if (policy.requireSbom) {
      const reason = `the signature by ${accepted} is good, but this version cannot judge require_sbom`;
      return { ...result("unknown", reason), warnings };
    }
    return { ...result("valid", null), signerIdentity: accepted, warnings };
  }
  if (omitted > 0) {
    const reason = `the artifact has ${omitted + MAX_REFERRERS} referrers, none of the first ${MAX_REFERRERS} is an accepted signature, and more are not read`;
    return result("unknown", reason);
  }
  const legacy = policy.formats.includes("legacy")
    ? ["this version cannot read signatures of the legacy format"]
    : [];
  if (refused.length === 0) {
    const reason = describeUnsigned(findings);
    return legacy.length > 0
      ? result("unknown", `${reason}, and ${legacy.join()}`)
      : result("unsigned", reason);
  }
  const issuers =
    policy.trustedIssuers.length > 0 ? ["this version cannot verify keyless signatures"] : [];
  const open = [...keys.unreadable, ...issuers, ...legacy];
  const reason = `no signature is accepted (${enumerate(refused, "; ")})`;
  return open.length > 0
    ? result("unknown", `${reason}, but ${open.join(" and ")}`)
    : result("invalid", reason);
}

function describeUnsigned({ attestations }: Findings): string {
  if (attestations.size === 0) return "the artifact has no signature";
  const types = enumerate(
    [...attestations].map((type) => show(type)),
    ", ",
  );
  return `the artifact has no signature, only statements of other types (${types})`;
}

/** At most five, so that a hundred planted referrers do not fill a terminal. */
function enumerate(items: readonly string[], separator: string): string {
  const more = items.length > 5 ? `${separator}and ${items.length - 5} more` : "";
  return `${items.slice(0, 5).join(separator)}${more}`;
}

function result(
  status: VerificationResult["status"],
  failureReason: string | null,
): VerificationResult {
  return {
    status,
    signerIdentity: null,
    issuer: null,
    rekorVerified: false,
    failureReason,
    warnings: [],
  };
}
