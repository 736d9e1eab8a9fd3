import { canonicalJson, loadSubjectRegex } from "../../model/index.ts";
import { parseTimestamp } from "../../model/timestamp.ts";
import type { IssuePath } from "../issue-list.ts";
import type { ArtifactKey, TrustRootConfig, VerificationPolicy } from "../manifest.ts";
import type { EnvironmentVerification, Verification } from "../schema/verification.ts";
import { type PublicKeyResult, readPublicKey } from "./read-public-key.ts";
import { PATHS, type ResolveContext } from "./resolve-context.ts";
import { type ResolvedIdentities, reportUnknown, resolveIssuer } from "./resolve-identities.ts";
import {
  checkThreshold,
  type ResolvedRequirement,
  resolveRequirements,
} from "./resolve-requirements.ts";
import { resolveSecretRef } from "./resolve-secret-ref.ts";
import { trustRootJson } from "./resolve-trust-root.ts";

/** The signature policy of one environment with the same as plain JSON for the policy digest. */
export interface ResolvedVerification {
  readonly policy: VerificationPolicy;
  readonly json: Readonly<Record<string, unknown>>;
}

type Enforcement = VerificationPolicy["enforcement"];
type KeyWithFingerprint = ArtifactKey & { readonly fingerprint: string };

const DEFAULT_GRACE_DAYS = 7;

const MISSING =
  "is missing: say how artifacts are verified (public_key_ref: keys/artifact.pub, or trusted_issuers), or write `enforcement: off` to go without";

/** Resolves `artifacts.verification` for every environment, reading the public keys. */
export async function resolveVerification(
  context: ResolveContext,
  verification: Verification | undefined,
  environments: readonly string[],
  people: ResolvedIdentities,
  trustRoot: TrustRootConfig,
): Promise<ReadonlyMap<string, ResolvedVerification>> {
  const path = PATHS.verification;
  if (!context.has(path)) context.report(path, MISSING);
  for (const name of context.keysAt([...path, "environments"]))
    if (!environments.includes(name))
      reportUnknown(
        context,
        name,
        [...path, "environments", name],
        environments,
        "environment",
        "key",
      );

  const keyFiles = new Map<string, Promise<PublicKeyResult>>();
  const run = { context, keyFiles, people };
  const disabled = verification?.enabled === false;
  const base = await resolvePart(run, verification, path);
  const result = new Map<string, ResolvedVerification>();
  for (const [index, environment] of environments.entries()) {
    const own = ownOf(verification, environment);
    const ownPath = [...path, "environments", environment];
    const part = await resolvePart(run, own, ownPath);
    if (disabled && part.enforcement !== undefined && part.enforcement !== "off")
      context.report([...ownPath, "enforcement"], "contradicts verification.enabled: false");
    checkSource(context, own, ownPath, environments, index);
    const keys = part.keys ?? base.keys ?? [];
    const required = part.required ?? base.required ?? [];
    const policy: VerificationPolicy = {
      enforcement: disabled ? "off" : (part.enforcement ?? base.enforcement ?? "enforce"),
      keys: keys.map(({ name, publicKey, retiredAt }) => ({ name, publicKey, retiredAt })),
      trustedIssuers: part.trustedIssuers ?? base.trustedIssuers ?? [],
      require: required.map(({ requirement }) => requirement),
      requireRekor: own?.require_rekor ?? verification?.require_rekor ?? true,
      requireSbom: own?.require_sbom ?? verification?.require_sbom ?? false,
      requirePromotionFrom: own?.require_promotion_from ?? null,
      gracePeriodDays:
        own?.grace_period_days ?? verification?.grace_period_days ?? DEFAULT_GRACE_DAYS,
      formats: own?.formats ?? verification?.formats ?? ["bundle"],
    };
    if (policy.enforcement !== "off")
      for (const one of required) checkThreshold(context, one, policy, environment);
    result.set(environment, { policy, json: asJson(policy, keys, required, trustRoot) });
  }
  return result;
}

function ownOf(
  verification: Verification | undefined,
  environment: string,
): EnvironmentVerification | undefined {
  const all = verification?.environments;
  return all && Object.hasOwn(all, environment) ? all[environment] : undefined;
}

interface Run {
  readonly context: ResolveContext;
  /** Several environments may name the same file. */
  readonly keyFiles: Map<string, Promise<PublicKeyResult>>;
  readonly people: ResolvedIdentities;
}

interface Part {
  readonly enforcement: Enforcement | undefined;
  readonly keys: readonly KeyWithFingerprint[] | undefined;
  readonly trustedIssuers: VerificationPolicy["trustedIssuers"] | undefined;
  readonly required: readonly ResolvedRequirement[] | undefined;
}

async function resolvePart(
  run: Run,
  part: Verification | EnvironmentVerification | undefined,
  path: IssuePath,
): Promise<Part> {
  return {
    enforcement: readEnforcement(part?.enforcement),
    keys:
      part?.public_key_ref === undefined
        ? undefined
        : await readKeys(run, part.public_key_ref, path),
    trustedIssuers:
      part?.trusted_issuers && (await readIssuers(run.context, part.trusted_issuers, path)),
    required: part?.require && resolveRequirements(run.context, part.require, path, run.people),
  };
}

function readEnforcement(value: Verification["enforcement"]): Enforcement | undefined {
  return value === false || value === "disabled" ? "off" : value;
}

async function readKeys(
  run: Run,
  value: NonNullable<Verification["public_key_ref"]>,
  base: IssuePath,
): Promise<KeyWithFingerprint[]> {
  const keys: KeyWithFingerprint[] = [];
  const entries = Array.isArray(value) ? value : [value];
  for (const [index, entry] of entries.entries()) {
    const path = [...base, "public_key_ref", ...(Array.isArray(value) ? [index] : [])];
    const written = typeof entry === "string" ? entry : entry.ref;
    const refPath = typeof entry === "string" ? path : [...path, "ref"];
    const ref = resolveSecretRef(run.context, written, refPath);
    if (!ref) continue;
    const id = ref.from === "env" ? `env:${ref.name}` : ref.path;
    const { signal } = run.context;
    const reading = run.keyFiles.get(id) ?? readPublicKey(ref, run.context.env, { signal });
    run.keyFiles.set(id, reading);
    const key = await reading;
    if (!key.ok) {
      run.context.report(refPath, key.problem);
      continue;
    }
    if (keys.some((other) => other.fingerprint === key.fingerprint)) {
      run.context.report(refPath, "is the same key as an entry above it");
      continue;
    }
    const retiredAt =
      typeof entry === "string" || entry.retired_at === undefined
        ? null
        : parseTimestamp(entry.retired_at);
    keys.push({ name: written, publicKey: key.pem, retiredAt, fingerprint: key.fingerprint });
  }
  return keys;
}

async function readIssuers(
  context: ResolveContext,
  entries: NonNullable<Verification["trusted_issuers"]>,
  base: IssuePath,
): Promise<VerificationPolicy["trustedIssuers"]> {
  const regexes = entries.some((entry) => entry.subject_regex !== undefined)
    ? await loadSubjectRegex()
    : null;
  return entries.flatMap((entry, index) => {
    const path = [...base, "trusted_issuers", index];
    const forms = ["subject", "subject_pattern", "subject_regex"];
    // An issuer alone would trust everybody who has an account there.
    if (forms.filter((form) => context.has([...path, form])).length !== 1)
      context.report(path, `needs exactly one of ${forms.join(", ")}`);
    const regex = entry.subject_regex;
    if (regex !== undefined && regexes?.isRegex(regex) === false)
      context.report(
        [...path, "subject_regex"],
        "is not a regular expression of RE2, which has no look-around and no back-references",
      );
    const issuer = resolveIssuer(context, entry.issuer, [...path, "issuer"]);
    if (issuer === null) return [];
    return [
      {
        issuer,
        ...(entry.subject === undefined ? {} : { subject: entry.subject }),
        ...(entry.subject_pattern === undefined ? {} : { subjectPattern: entry.subject_pattern }),
        ...(regex === undefined ? {} : { subjectRegex: regex }),
      },
    ];
  });
}

/** Says why text is not a regular expression, or `null` when it is one. */
export function problemOfRegex(source: string): string | null {
  try {
    new RegExp(`^(?:${source})$`);
    // Unbalanced parentheses could close the group that anchors it.
    new RegExp(source);
    return null;
  } catch {
    return "is not a regular expression";
  }
}

function checkSource(
  context: ResolveContext,
  own: EnvironmentVerification | undefined,
  path: IssuePath,
  environments: readonly string[],
  index: number,
): void {
  const from = own?.require_promotion_from;
  if (from === undefined) return;
  checkEarlier(context, from, [...path, "require_promotion_from"], environments, index);
}

/** Reports an environment that is unknown, or that does not come before the one that waits for it. */
export function checkEarlier(
  context: ResolveContext,
  from: string,
  path: IssuePath,
  environments: readonly string[],
  index: number,
): void {
  const at = environments.indexOf(from);
  if (at < 0) reportUnknown(context, from, path, environments, "environment");
  else if (at >= index)
    context.report(
      path,
      `must be an environment before ${environments[index]}, and ${from} is not`,
    );
}

function asJson(
  policy: VerificationPolicy,
  keys: readonly KeyWithFingerprint[],
  required: readonly ResolvedRequirement[],
  trustRoot: TrustRootConfig,
): Readonly<Record<string, unknown>> {
  const issuers = policy.trustedIssuers.map((entry) => ({
    issuer: entry.issuer,
    subject: entry.subject,
    subject_pattern: entry.subjectPattern,
    subject_regex: entry.subjectRegex,
  }));
  return {
    enforcement: policy.enforcement,
    keys: keys
      .map((key) => ({ fingerprint: key.fingerprint, retired_at: key.retiredAt?.toISOString() }))
      .toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)),
    trusted_issuers: issuers.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
    // Absent where nothing is required, so that the digests of such policies stay what they were.
    require:
      required.length === 0
        ? undefined
        : required
            .map(({ json }) => json)
            .toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
    require_rekor: policy.requireRekor,
    require_sbom: policy.requireSbom,
    require_promotion_from: policy.requirePromotionFrom,
    grace_period_days: policy.gracePeriodDays,
    formats: [...new Set(policy.formats)].toSorted(),
    // What it pins decides what is accepted, where anything keyless is.
    trust_root: issuers.length > 0 ? trustRootJson(trustRoot) : undefined,
  };
}
