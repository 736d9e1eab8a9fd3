import type { EnvironmentConfig, GateConfig, Manifest } from "../src/manifest/manifest.ts";
import { digestOf } from "../src/model/digest.ts";

const REGISTRY: Manifest["registry"] = {
  uri: "oci://127.0.0.1:5000/acme/app",
  uriAsWritten: "oci://127.0.0.1:5000/acme/app",
  auth: { type: "anonymous", credentialsRef: null },
  tlsVerify: true,
  insecure: false,
  retry: { maxAttempts: 1, initialDelayMs: 1, backoffMultiplier: 1, maxDelayMs: 1, jitter: false },
};

/** A gate as the manifest's resolution gives it, with everything at its default. */
export function aGate(name: string, changes: Partial<GateConfig> = {}): GateConfig {
  return {
    name,
    kind: name,
    required: true,
    timeoutSeconds: 30,
    needs: [],
    exclusive: false,
    command: null,
    reports: [],
    cwd: "/",
    env: {},
    passEnv: [],
    secretEnv: {},
    exitCodes: { warn: [], error: [] },
    retryAttempts: 1,
    settings: {},
    platforms: null,
    maxAgeSeconds: null,
    evidenceFrom: [],
    fromAttestation: null,
    configDigest: digestOf(name),
    unsupported: [],
    ...changes,
  };
}

/** An environment that asks for nothing. */
export function anEnvironment(
  name: string,
  changes: Partial<EnvironmentConfig> = {},
): EnvironmentConfig {
  return {
    name,
    gates: [],
    authorization: null,
    approvals: null,
    freeze: [],
    soak: null,
    overrides: {},
    registry: REGISTRY,
    verification: {
      enforcement: "off",
      keys: [],
      trustedIssuers: [],
      require: [],
      requireRekor: false,
      requireSbom: false,
      requirePromotionFrom: null,
      gracePeriodDays: 0,
      formats: ["bundle"],
    },
    unsupported: [],
    requirements: {},
    authority: {},
    ...changes,
  };
}

/** A manifest with the given environments and nothing else. */
export function aManifest(
  init: { readonly environments: readonly string[] } & Partial<Omit<Manifest, "environments">>,
): Manifest {
  const { environments, ...changes } = init;
  return {
    path: "/manifest.yaml",
    digest: `sha256:${"0".repeat(64)}`,
    metadata: { name: "test", version: null, owner: null },
    identities: [],
    groups: {},
    registry: REGISTRY,
    secondaries: [],
    tags: { versionPattern: null, mutable: [] },
    signing: {
      mode: "off",
      privateKeyRef: null,
      passwordRef: null,
      sigstore: {
        fulcioUrl: "https://fulcio.example",
        rekorUrl: null,
        tsaUrl: null,
        oidcIssuer: "https://login.example",
        oidcClientId: "sigstore",
      },
    },
    trustRoot: { from: "embedded" },
    requireRekor: true,
    operatorKeyRef: null,
    environments: environments.map((name) => anEnvironment(name)),
    policies: {},
    rollback: { blockOnImpact: false },
    webhooks: [],
    audit: {
      backend: "oci",
      provider: "oci",
      with: {},
      previous: [],
      anchors: [],
      retentionMs: null,
    },
    plugins: { use: [], allow: null },
    unsupported: [],
    ...changes,
  };
}
