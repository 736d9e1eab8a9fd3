import { type FloeError, isFloeError } from "@floe/core/errors";
import { type Digest, digestOf, hasDigest, type RawManifest } from "@floe/core/model";
import type {
  ArtifactStore,
  ArtifactVerifier,
  CallOptions,
  RequirementReport,
  TrustedSigner,
  VerificationResult,
  Verifier,
} from "@floe/core/ports";
import { type ParsedBundle, parseBundle } from "../bundle/parse-bundle.ts";
import { engineWithoutRoot } from "../keyless/engine-without-root.ts";
import type { KeylessEngine, TrustRootState } from "../keyless/keyless-engine.ts";
import { hasSubject, parseStatement } from "../statement/parse-statement.ts";
import type { VerificationPolicy } from "./artifact-keys.ts";
import type { Candidate } from "./candidate.ts";
import { NOBODY } from "./conclude-requirement.ts";
import { findCandidates, findUnlistedLegacy } from "./find-candidates.ts";
import { createJudge, type Judge } from "./judge.ts";
import type { ProofCache } from "./proof-cache.ts";
import { type RememberingEngine, rememberProofs } from "./remembering-engine.ts";
import { createRequirementReader, type Requirement } from "./requirement.ts";
import { createSharedWork } from "./shared-work.ts";
import { createKeyReader } from "./trusted-keys.ts";
import { createVerifier } from "./verifier.ts";

/** How an artifact verifier is set up. */
export interface ArtifactVerifierOptions {
  /** The time by which retired keys are judged. Default: the system clock, never the registry's. */
  readonly now?: () => Date;
  /**
   * Loads what judges certificates, once, when there is something to judge and somebody to trust. Default: nobody does,
   * and keyless signatures cannot be judged.
   */
  readonly keyless?: (options: CallOptions) => Promise<KeylessEngine>;
  /** Where proofs of certificates are kept. Default: nowhere. */
  readonly proofs?: ProofCache | undefined;
}

interface LoadedKeyless {
  readonly verifier: Verifier;
  readonly engine: KeylessEngine;
  /** Where proofs are kept; `null`: nowhere. */
  readonly remembering: RememberingEngine | null;
  /** Why nothing can be judged by it. */
  readonly error: FloeError | null;
}

/** What one look at an artifact brought. */
interface Examined {
  readonly reports: readonly RequirementReport[];
  readonly trouble: FloeError | null;
  readonly trustRoot: TrustRootState | null;
}

/**
 * Makes the verifier of what is attached to artifacts. A requirement that cannot be judged makes the answer `unknown`,
 * with the reason, never `valid`. Verifications of one digest that run at a time are one.
 */
export function createArtifactVerifier(options: ArtifactVerifierOptions = {}): ArtifactVerifier {
  const now = options.now ?? (() => new Date());
  const readRequirements = createRequirementReader();
  const simpleSigning = createKeyReader();
  const withoutKeyless = createVerifier();
  const share = createSharedWork<VerificationResult>();
  let loading: Promise<LoadedKeyless> | null = null;

  async function loadKeyless(call: CallOptions): Promise<LoadedKeyless | null> {
    const { keyless } = options;
    if (keyless === undefined) return null;
    loading ??= keyless(call).then((loaded) => {
      const remembering = options.proofs ? rememberProofs(loaded, options.proofs) : null;
      const engine = remembering?.engine ?? loaded;
      const verifier = createVerifier({ keyless: engine });
      return { verifier, engine, remembering, error: null };
    });
    try {
      return await loading;
    } catch (error) {
      // The next one tries again.
      loading = null;
      call.signal.throwIfAborted();
      if (!isFloeError(error)) throw error;
      const engine = engineWithoutRoot("", error.message);
      return { verifier: createVerifier({ keyless: engine }), engine, remembering: null, error };
    }
  }

  async function examine(
    store: ArtifactStore,
    artifact: RawManifest,
    policy: VerificationPolicy,
    requirements: readonly Requirement[],
    call: CallOptions,
  ): Promise<Examined> {
    const digest = digestOf(artifact.bytes);
    const { formats } = policy;
    let verifier = withoutKeyless;
    let trustRoot: TrustRootState | null = null;
    const lazy: Verifier = { verifyBundle: (bundle, by) => verifier.verifyBundle(bundle, by) };
    const judge = createJudge(requirements, digest, { verifier: lazy, simpleSigning });
    let omitted = 0;
    let trouble: FloeError | null = null;
    const source = { store, artifact, digest, requirements, formats };
    try {
      for await (const found of findCandidates(source, call)) {
        if ("omitted" in found) {
          omitted = found.omitted;
          continue;
        }
        trouble ??= found.error;
        verifier = withoutKeyless;
        const certified = certifiedBundle(found.candidate, requirements, digest);
        if (certified !== null) {
          const loaded = await loadKeyless(call);
          if (loaded) {
            await loaded.remembering?.prepare(certified, policy.requireRekor);
            verifier = loaded.verifier;
            trustRoot = loaded.engine.trustRoot;
            trouble ??= loaded.error;
          }
        }
        judge.take(found.candidate);
        if (judge.isMet()) break;
      }
    } catch (error) {
      call.signal.throwIfAborted();
      if (!isFloeError(error)) throw error;
      return {
        reports: judge.conclude({ omitted, trouble: error.message }),
        trouble: error,
        trustRoot,
      };
    }
    await lookForLegacy(judge, source, call);
    return { reports: judge.conclude({ omitted, trouble: null }), trouble, trustRoot };
  }

  async function verify(
    store: ArtifactStore,
    artifact: RawManifest,
    policy: VerificationPolicy,
    call: CallOptions,
  ): Promise<VerificationResult> {
    const at = now();
    const requirements = readRequirements(policy, at);
    const hopeless = requirements.filter(isHopeless);
    if (hopeless.length > 0) return unusable(hopeless);
    const { reports, trouble, trustRoot } = await examine(
      store,
      artifact,
      policy,
      requirements,
      call,
    );
    const result = conclude(reports, requirements, at);
    const rootless = reports.find(({ code }) => code === "TRUST_ROOT_UNAVAILABLE");
    return {
      ...result,
      trustRoot: trustRoot?.available
        ? { source: trustRoot.source, sha256: trustRoot.sha256 }
        : null,
      trouble:
        result.status === "unknown" ? describeTrouble(trouble, rootless?.reason ?? null) : null,
    };
  }

  return {
    async verifyArtifact(store, artifact, policy, call) {
      if (policy.enforcement === "off") return NOTHING;
      if (!hasDigest(artifact.bytes, artifact.descriptor.digest))
        return {
          ...NOTHING,
          status: "invalid",
          failureReason: `the manifest's bytes are not ${artifact.descriptor.digest}`,
        };
      return await share([store, policy], artifact.descriptor.digest, call.signal, (signal) =>
        verify(store, artifact, policy, { signal }),
      );
    },
  };
}

const NOTHING: VerificationResult = {
  status: "skipped",
  signerIdentity: null,
  issuer: null,
  rekorVerified: false,
  verifiedAt: null,
  failureReason: null,
  requirements: [],
  trustRoot: null,
  trouble: null,
  warnings: [],
};

function describeTrouble(
  error: FloeError | null,
  rootless: string | null,
): VerificationResult["trouble"] {
  if (error !== null) return { code: error.code, message: error.message };
  return rootless === null ? null : { code: "FLOE_TRUST_ROOT_UNAVAILABLE", message: rootless };
}

/**
 * Only what is signed with a certificate, where one may count, is worth a trusted root: a key must neither wait for the
 * network nor come to another answer by what is attached beside it.
 */
function certifiedBundle(
  candidate: Candidate,
  requirements: readonly Requirement[],
  digest: Digest,
): ParsedBundle | null {
  if (candidate.kind !== "bundle") return null;
  const parsed = parseBundle(candidate.bundle);
  if (!parsed.ok || parsed.bundle.material.kind !== "certificate") return null;
  const read = parseStatement(parsed.bundle.payload);
  if (!read.ok || !hasSubject(read.statement, digest)) return null;
  const { predicateType } = read.statement;
  const isAsked = requirements.some(
    ({ accepted, predicateTypes }) => predicateTypes.has(predicateType) && accepted.some(isKeyless),
  );
  return isAsked ? parsed.bundle : null;
}

function isKeyless({ method }: TrustedSigner): boolean {
  return method === "keyless";
}

/** Nobody can meet it, so that reading the registry is pointless. */
function isHopeless({ accepted, late }: Requirement): boolean {
  return accepted.length + late.length === 0;
}

function unusable(requirements: readonly Requirement[]): VerificationResult {
  const reports = requirements.map(({ type, threshold, unusable: keys }): RequirementReport => {
    const reason = keys.length > 0 ? keys.join("; ") : NOBODY;
    const problem = { status: "unjudged", code: "SIGNERS_UNUSABLE", reason } as const;
    return { type, threshold, ...problem, satisfiedBy: [], candidates: [] };
  });
  const failureReason = [...new Set(reports.map(({ reason }) => reason))].join("; ");
  return { ...NOTHING, status: "unknown", failureReason, requirements: reports };
}

/** Says in a refusal for want of a signature that there is one of a format that the policy does not list. */
async function lookForLegacy(
  judge: Judge,
  source: Parameters<typeof findUnlistedLegacy>[0],
  call: CallOptions,
): Promise<void> {
  if (!judge.lacksSignature()) return;
  const legacy = await findUnlistedLegacy(source, call);
  if (legacy !== null) judge.take(legacy);
}

function conclude(
  reports: readonly RequirementReport[],
  requirements: readonly Requirement[],
  at: Date,
): Omit<VerificationResult, "trustRoot" | "trouble"> {
  const open = reports.filter(({ status }) => status !== "satisfied");
  const signature = reports.find(({ type }) => type === "signature") ?? reports[0];
  const [first] = signature?.satisfiedBy ?? [];
  const isValid = open.length === 0;
  return {
    status: isValid ? "valid" : statusOf(open),
    signerIdentity: isValid ? (first?.subject ?? first?.name ?? null) : null,
    issuer: isValid ? (first?.issuer ?? null) : null,
    rekorVerified: isValid && first?.logged === true,
    verifiedAt: isValid ? at : null,
    failureReason: isValid ? null : open.map(({ reason }) => reason).join("; "),
    requirements: reports,
    warnings: warningsOf(reports, requirements),
  };
}

/** What failed for certain is said, whatever else could not be judged. */
function statusOf(open: readonly RequirementReport[]): "unsigned" | "invalid" | "unknown" {
  if (open.some(({ code }) => code === "NO_SIGNATURE")) return "unsigned";
  return open.some(({ status }) => status === "failed") ? "invalid" : "unknown";
}

function warningsOf(
  reports: readonly RequirementReport[],
  requirements: readonly Requirement[],
): string[] {
  const warnings = requirements.flatMap((requirement, index) => {
    const report = reports[index];
    if (report?.status !== "satisfied") return [];
    const graced = report.satisfiedBy.flatMap(
      ({ name }) => requirement.graceWarnings.get(name) ?? [],
    );
    return [...graced, ...requirement.unusable];
  });
  return [...new Set(warnings)];
}
