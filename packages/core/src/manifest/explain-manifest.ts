import type { JsonObject, JsonValue } from "../errors/index.ts";
import type {
  AnchorConfig,
  AuditPlace,
  EnvironmentConfig,
  FreezeWindow,
  GateConfig,
  Identity,
  KeyRef,
  Manifest,
  RegistryConfig,
  TrustRootConfig,
  VerificationPolicy,
} from "./manifest.ts";
import { authorityDigest, policyDigest } from "./policy-digests.ts";

/**
 * A resolved manifest as plain JSON, snake case, for `floe manifest explain`: every default filled in, secrets by
 * reference only.
 */
export function explainManifest(manifest: Manifest): JsonObject {
  return {
    path: manifest.path,
    digest: manifest.digest,
    metadata: { ...manifest.metadata },
    identities: Object.fromEntries(
      manifest.identities.map((who) => [who.name, explainIdentity(who)]),
    ),
    groups: toJson(manifest.groups),
    registry: explainRegistry(manifest.registry),
    secondary_registries: manifest.secondaries.map(({ name, registry, timeoutSeconds }) => ({
      name,
      ...explainRegistry(registry),
      timeout_seconds: timeoutSeconds,
    })),
    tags: {
      version_pattern: manifest.tags.versionPattern?.source ?? null,
      mutable: manifest.tags.mutable,
    },
    signing: {
      mode: manifest.signing.mode,
      private_key_ref: explainRef(manifest.signing.privateKeyRef),
      password_ref: explainRef(manifest.signing.passwordRef),
      fulcio_url: manifest.signing.sigstore.fulcioUrl,
      rekor_url: manifest.signing.sigstore.rekorUrl,
      tsa_url: manifest.signing.sigstore.tsaUrl,
      oidc_issuer: manifest.signing.sigstore.oidcIssuer,
      oidc_client_id: manifest.signing.sigstore.oidcClientId,
    },
    trust_root: explainTrustRoot(manifest.trustRoot),
    operator_key_ref: explainRef(manifest.operatorKeyRef),
    environments: manifest.environments.map(explainEnvironment),
    policies: toJson(manifest.policies),
    rollback: { block_on_impact: manifest.rollback.blockOnImpact },
    webhooks: manifest.webhooks.map((webhook) => ({
      name: webhook.name,
      host: webhook.url === null ? null : new URL(webhook.url).host,
      events: webhook.events,
      format: webhook.format,
      headers: Object.keys(webhook.headers),
      secret_ref: explainRef(webhook.secretRef),
      timeout_seconds: webhook.timeoutSeconds,
      retry_count: webhook.retryCount,
    })),
    audit: {
      ...explainPlace(manifest.audit),
      previous: manifest.audit.previous.map(explainPlace),
      anchors: manifest.audit.anchors.map(explainAnchor),
      retention_seconds:
        manifest.audit.retentionMs === null ? null : manifest.audit.retentionMs / 1000,
    },
    plugins: { use: manifest.plugins.use, allow: manifest.plugins.allow },
    unsupported: manifest.unsupported,
    ignored: manifest.ignored ?? [],
  };
}

function explainPlace({ backend, with: settings }: AuditPlace): JsonObject {
  return { backend, with: toJson(settings) };
}

function explainAnchor(anchor: AnchorConfig): JsonObject {
  const { name } = anchor;
  switch (anchor.kind) {
    case "file":
      return { name, kind: "file", path: anchor.path };
    case "oci":
      return { name, kind: "oci", registry: explainRegistry(anchor.registry) };
    case "rekor":
      return { name, kind: "rekor", url: anchor.url };
    case "plugin":
      return { name, kind: anchor.provider, with: toJson(anchor.with) };
  }
}

function explainEnvironment(environment: EnvironmentConfig): JsonObject {
  return {
    name: environment.name,
    gates: environment.gates.map(explainGate),
    authorization: environment.authorization && {
      allowed_groups: environment.authorization.allowedGroups,
      allowed_operators: environment.authorization.allowedOperators,
    },
    freeze: environment.freeze.map(explainFreeze),
    soak: environment.soak && { ...environment.soak },
    overrides: toJson(environment.overrides),
    registry: explainRegistry(environment.registry),
    verification: explainVerification(environment.verification),
    unsupported: environment.unsupported,
    policy_digest: policyDigest(environment),
    authority_digest: authorityDigest(environment),
  };
}

function explainFreeze({ timezone, reason, allow, ...window }: FreezeWindow): JsonObject {
  const common = { timezone, reason, allow };
  return window.kind === "span"
    ? { start: window.start, end: window.end, ...common }
    : {
        rrule: window.rrule,
        duration_seconds: window.durationMs / 1000,
        start: window.start,
        ...common,
      };
}

function explainGate(gate: GateConfig): JsonObject {
  return {
    name: gate.name,
    kind: gate.kind,
    required: gate.required,
    timeout_seconds: gate.timeoutSeconds,
    needs: gate.needs,
    exclusive: gate.exclusive,
    command: gate.command && { argv: gate.command.argv, shell: gate.command.shell },
    reports: gate.reports.map((report) => ({ path: report.path, format: report.format })),
    cwd: gate.cwd,
    env: { ...gate.env },
    pass_env: gate.passEnv,
    secret_env: Object.fromEntries(
      Object.entries(gate.secretEnv).map(([name, ref]) => [name, explainRef(ref)]),
    ),
    exit_codes: { warn: gate.exitCodes.warn, error: gate.exitCodes.error },
    retry: gate.retryAttempts,
    settings: toJson(gate.settings),
    unsupported: gate.unsupported,
  };
}

function explainIdentity(identity: Identity): JsonObject {
  const { trusted } = identity;
  const proof: JsonObject =
    trusted.method === "key"
      ? { method: "key", public_key: trusted.publicKey }
      : {
          method: "keyless",
          issuer: trusted.issuer,
          subject: trusted.subject,
          subject_pattern: trusted.subjectPattern,
        };
  return {
    ...proof,
    valid_from: identity.validFrom?.toISOString() ?? null,
    valid_until: identity.validUntil?.toISOString() ?? null,
    revoked_at: identity.revokedAt?.toISOString() ?? null,
  };
}

function explainRegistry(registry: RegistryConfig): JsonObject {
  const { cache, circuitBreaker: breaker } = registry;
  return {
    uri: registry.uri,
    auth: {
      type: registry.auth.type,
      credentials_ref: explainRef(registry.auth.credentialsRef),
    },
    tls_verify: registry.tlsVerify,
    insecure: registry.insecure,
    retry: {
      max_attempts: registry.retry.maxAttempts,
      initial_delay_ms: registry.retry.initialDelayMs,
      backoff_multiplier: registry.retry.backoffMultiplier,
      max_delay_ms: registry.retry.maxDelayMs,
      jitter: registry.retry.jitter,
    },
    ...(cache === undefined
      ? {}
      : {
          cache: {
            enabled: cache.enabled,
            path: cache.path,
            max_size_gb: cache.maxBytes / 1024 ** 3,
            ttl_hours: cache.maxAgeMs / 3_600_000,
          },
        }),
    ...(breaker === undefined
      ? {}
      : {
          circuit_breaker: {
            enabled: breaker.enabled,
            failure_threshold: breaker.failureThreshold,
            recovery_timeout_ms: breaker.recoveryTimeoutMs,
            half_open_requests: breaker.halfOpenRequests,
          },
        }),
  };
}

function explainVerification(policy: VerificationPolicy): JsonObject {
  return {
    enforcement: policy.enforcement,
    keys: policy.keys.map((key) => ({
      name: key.name,
      retired_at: key.retiredAt?.toISOString() ?? null,
    })),
    trusted_issuers: policy.trustedIssuers.map((trusted) => ({
      issuer: trusted.issuer,
      subject: trusted.subject,
      subject_pattern: trusted.subjectPattern,
      subject_regex: trusted.subjectRegex,
    })),
    require: policy.require.map((requirement) => ({
      type: requirement.type,
      signers: requirement.signers?.map(({ name }) => name) ?? null,
      threshold: requirement.threshold,
    })),
    require_rekor: policy.requireRekor,
    require_sbom: policy.requireSbom,
    require_promotion_from: policy.requirePromotionFrom,
    grace_period_days: policy.gracePeriodDays,
    formats: policy.formats,
  };
}

function explainTrustRoot(trustRoot: TrustRootConfig): JsonValue {
  if (trustRoot.from === "embedded") return "embedded";
  if (trustRoot.from === "file")
    return { file: trustRoot.file.path, sha256: trustRoot.file.sha256 };
  const { mirror, root, cacheDir } = trustRoot;
  return {
    tuf: mirror ?? "default",
    root: root === null ? null : { file: root.path, sha256: root.sha256 },
    cache: cacheDir,
  };
}

function explainRef(ref: KeyRef | null): string | null {
  if (ref === null) return null;
  if (ref.from === "kms") return ref.uri;
  return ref.from === "env" ? `env:${ref.name}` : `file:${ref.path}`;
}

/** Values that the manifest passes on; a URL among them may carry a password. */
function toJson(value: unknown): JsonValue {
  if (value === null || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value === "string") return value.replace(/(\/\/[^/\s:@]*):[^/\s@]*@/g, "$1:***@");
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== "object") return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
}
