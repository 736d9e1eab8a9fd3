// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is what the manifest writes
import { generateKeyPairSync } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { explainManifest } from "../../src/manifest/index.ts";
import { digestOf } from "../../src/model/index.ts";
import { newPublicKey, openManifestFolder, withArtifacts, withGates } from "./manifest-folder.ts";

const promotion = (lines: string) => withArtifacts(`  promotion:\n${lines}`);

async function loadText(
  text: string,
  options: { readonly env?: Readonly<Record<string, string>> } = {},
) {
  await using folder = await openManifestFolder(text);
  return { manifest: await folder.load(options), dir: folder.dir };
}

async function loadGate(gates: string, name: string, more = "") {
  const { manifest } = await loadText(withGates(gates, more));
  const gate = manifest.environments[0]?.gates.find((one) => one.name === name);
  if (!gate) throw new Error(`no gate ${name}`);
  return gate;
}

describe("loadManifest", () => {
  test("fills in every default of the smallest manifest", async () => {
    await using folder = await openManifestFolder(withArtifacts(""));
    const bytes = await readFile(join(folder.dir, "manifest.yaml"));

    const manifest = await folder.load();

    expect(manifest).toMatchObject({
      path: join(folder.dir, "manifest.yaml"),
      digest: digestOf(bytes),
      metadata: { name: "acme", version: null, owner: null },
      identities: [],
      groups: {},
      registry: {
        uri: "oci://harbor.example.com/acme/app",
        uriAsWritten: "oci://harbor.example.com/acme/app",
        auth: { type: "auto", credentialsRef: null },
        tlsVerify: true,
        insecure: false,
        retry: {
          maxAttempts: 3,
          initialDelayMs: 1000,
          backoffMultiplier: 2,
          maxDelayMs: 30_000,
          jitter: true,
        },
        circuitBreaker: {
          enabled: true,
          failureThreshold: 5,
          recoveryTimeoutMs: 60_000,
          halfOpenRequests: 1,
        },
        cache: { enabled: true, path: null, maxBytes: 10 * 1024 ** 3, maxAgeMs: 86_400_000 },
      },
      tags: { versionPattern: null, mutable: [] },
      signing: {
        mode: "key-based",
        privateKeyRef: null,
        passwordRef: null,
        sigstore: {
          fulcioUrl: "https://fulcio.sigstore.dev",
          rekorUrl: "https://rekor.sigstore.dev",
          tsaUrl: null,
          oidcIssuer: "https://oauth2.sigstore.dev/auth",
          oidcClientId: "sigstore",
        },
      },
      trustRoot: { from: "tuf", mirror: null, root: null, cacheDir: null },
      requireRekor: true,
      operatorKeyRef: null,
      policies: {},
      audit: { backend: "oci", provider: "oci", with: {} },
      plugins: { use: [], allow: null },
      unsupported: [],
      ignored: [],
    });
  });

  test("finds the cache's folder from the manifest's own", async () => {
    const registry =
      "registry: { uri: oci://h.example/a, cache: { enabled: false, path: ../kept, max_size_gb: 0.5, ttl_hours: 2 } }";
    const text = withArtifacts("").replace(/registry:.*/, registry);
    await using folder = await openManifestFolder(text);
    expect((await folder.load()).registry.cache).toEqual({
      enabled: false,
      path: join(folder.dir, "../kept"),
      maxBytes: 512 * 1024 ** 2,
      maxAgeMs: 7_200_000,
    });
  });

  test("has dev, staging and prod with their gates when no environments are named", async () => {
    const { manifest } = await loadText(withArtifacts(""));

    expect(
      manifest.environments.map(({ name, gates }) => [name, gates.map((gate) => gate.name)]),
    ).toEqual([
      ["dev", ["policy_compliance"]],
      ["staging", ["policy_compliance", "tests"]],
      ["prod", ["policy_compliance", "tests", "security_scan"]],
    ]);
  });

  test("reads every section of a full manifest", async () => {
    const full = await readFile(new URL("fixtures/full.yaml", import.meta.url), "utf8");
    await using folder = await openManifestFolder();
    await folder.write("product/manifest.yaml", full);
    await folder.write("platform/floe-base.yaml", "metadata: { owner: nobody }\n");
    await folder.write("product/keys/release.pub", newPublicKey());
    await folder.write("product/keys/artifact.pub", newPublicKey());
    const product = join(folder.dir, "product");

    const manifest = await folder.load({ env: { HOOK: "x" } }, "product/manifest.yaml");

    expect(manifest.metadata).toEqual({
      name: "acme-platform",
      version: "1.2.3",
      owner: "platform@acme.example",
    });
    expect(manifest.identities.map((who) => [who.name, who.trusted.method])).toEqual([
      ["release", "key"],
      ["alice", "keyless"],
      ["ci", "keyless"],
    ]);
    expect(manifest.registry.auth).toEqual({
      type: "basic",
      credentialsRef: { from: "env", name: "HARBOR" },
    });
    expect(manifest.signing.privateKeyRef).toEqual({
      from: "file",
      path: join(product, "keys", "release.key"),
    });
    expect(manifest.policies["exemptions"]).toBe(join(product, "exemptions.yaml"));
    expect(
      manifest.environments.map((environment) => environment.verification.enforcement),
    ).toEqual(["warn", "enforce", "enforce", "enforce"]);
    const prod = manifest.environments[3];
    expect(
      prod?.gates.map((gate) => [gate.name, gate.command?.argv[0], gate.timeoutSeconds]),
    ).toEqual([
      ["policy_compliance", undefined, 300],
      ["tests", "pytest", 300],
      ["security_scan", "trivy", 600],
      ["cost_analysis", "infracost", 300],
      ["performance_baseline", "k6", 300],
      ["license_check", "./scripts/licenses.sh", 300],
    ]);
    expect(prod?.verification).toMatchObject({
      requireSbom: true,
      requirePromotionFrom: "staging",
      keys: [{ name: "keys/artifact.pub", retiredAt: null }],
    });
    expect(prod?.authorization).toEqual({
      allowedGroups: ["platform-admins"],
      allowedOperators: [],
      separationOfDuties: { exempt: [] },
      pinPolicy: true,
    });
    expect(prod?.registry.uri).toBe("oci://prod-registry.example.com/acme/platform");
  });

  test("names everything that a full manifest configures and this version cannot honour", async () => {
    const full = await readFile(new URL("fixtures/full.yaml", import.meta.url), "utf8");
    await using folder = await openManifestFolder(full.replace(/^extends:.*\n/, ""));
    await folder.write("keys/release.pub", newPublicKey());
    await folder.write("keys/artifact.pub", newPublicKey());

    const manifest = await folder.load({
      env: { HOOK: "x" },
      gateSchemas: async () => null,
    });

    expect(manifest.unsupported).toEqual([]);
    expect(manifest.ignored).toEqual([]);
    const prod = manifest.environments[3];
    expect(prod?.unsupported).toEqual([]);
    expect(prod?.gates.map((gate) => [gate.name, gate.unsupported])).toEqual([
      ["policy_compliance", []],
      ["tests", []],
      // Nobody is there to read these, and silence would be a pass.
      ["security_scan", ["scanner_format", "block_on_severity", "ignore_unfixed"]],
      ["cost_analysis", []],
      ["performance_baseline", []],
      ["license_check", []],
    ]);
    expect(manifest.environments[0]?.unsupported).toEqual([]);
  });

  test.each([
    ["artifacts.promotion.audit.with", "  promotion: { audit: { with: { a: 1 } } }"],
    [
      "artifacts.promotion.audit.repository",
      "  promotion: { audit: { repository: oci://h.example/audit } }",
    ],
  ])("lists %s as not supported", async (key, lines) => {
    expect((await loadText(withArtifacts(lines))).manifest.unsupported).toEqual([key]);
  });

  test.each([
    ["{ backend: s3, s3_bucket: b }", "s3", { bucket: "b" }],
    ["{ backend: s3, with: { bucket: b, prefix: p } }", "s3", { bucket: "b", prefix: "p" }],
    ["{ backend: database }", "sqlite", {}],
    ["{ backend: database, database_url: sqlite:a.db }", "sqlite", { path: "a.db" }],
    [
      "{ backend: database, database_url: 'postgres://u:${PW}@h/db' }",
      "postgres",
      { url: "postgres://u:s3cret@h/db" },
    ],
    ["{ backend: acme_store, with: { a: 1 } }", "acme_store", { a: 1 }],
  ])("finds the provider and settings of audit: %s", async (audit, provider, settings) => {
    const env = { PW: "s3cret" };
    const { manifest } = await loadText(withArtifacts(`  promotion: { audit: ${audit} }`), { env });

    expect(manifest.audit).toMatchObject({ provider, with: settings });
    expect(manifest.unsupported).toEqual([]);
  });

  test("finds the places of checkpoints, each with its name, and explains them without secrets", async () => {
    const anchors =
      "[{ kind: file, path: ../kept }, { kind: oci, name: backup, registry: { uri: oci://b.example/cp } }, { kind: s3, s3_bucket: b, with: { prefix: p } }, { kind: rekor }]";
    await using folder = await openManifestFolder(
      withArtifacts(`  promotion: { audit: { anchors: ${anchors} } }`),
    );
    const manifest = await folder.load();
    const path = join(folder.dir, "../kept");

    expect(manifest.audit.anchors).toMatchObject([
      { name: "file", kind: "file", path, pathAsWritten: "../kept" },
      { name: "backup", kind: "oci", registry: { uri: "oci://b.example/cp" } },
      { name: "s3", kind: "plugin", provider: "s3", with: { bucket: "b", prefix: "p" } },
      { name: "rekor", kind: "rekor", url: "https://rekor.sigstore.dev" },
    ]);
    expect(explainManifest(manifest)["audit"]).toMatchObject({
      anchors: [
        { name: "file", kind: "file", path },
        { name: "backup", kind: "oci", registry: { uri: "oci://b.example/cp" } },
        { name: "s3", kind: "s3", with: { bucket: "b", prefix: "p" } },
        { name: "rekor", kind: "rekor", url: "https://rekor.sigstore.dev" },
      ],
    });
  });

  test("lists nothing for parts that are written and say what happens anyway", async () => {
    const { manifest } = await loadText(
      withArtifacts(
        [
          "  registry: { uri: oci://h.example/a, cache: { enabled: false }, resilience: { circuit_breaker: { enabled: false } } }",
          "  secondary_registries: []",
          "  verification: { trust_root: { tuf: default } }",
          "  promotion:",
          "    webhooks: []",
          "    rollback: { block_on_impact: false }",
          "    audit: { backend: oci, s3_bucket: null, database_url: null, with: {} }",
          "    environments:",
          "      - { name: a, freeze: [], overrides: {}, authorization: { allowed_groups: [], pin_policy: false, separation_of_duties: false } }",
        ].join("\n"),
      ),
    );

    expect(manifest.unsupported).toEqual([]);
    expect(manifest.ignored).toEqual([]);
    expect(manifest.environments[0]?.unsupported).toEqual([]);
    expect(manifest.environments[0]?.authorization).toEqual({
      allowedGroups: [],
      allowedOperators: [],
      separationOfDuties: null,
      pinPolicy: false,
    });
  });
});

describe("gates", () => {
  test("policy_compliance is added first when it is not written", async () => {
    const { manifest } = await loadText(withGates("{ tests: true, cost_analysis: false }"));

    expect(manifest.environments[0]?.gates.map((gate) => gate.name)).toEqual([
      "policy_compliance",
      "tests",
    ]);
  });

  test("an environment without gates has only policy_compliance", async () => {
    const { manifest } = await loadText(promotion("    environments: [{ name: a }]"));

    expect(manifest.environments[0]?.gates.map((gate) => gate.name)).toEqual(["policy_compliance"]);
  });

  test("true has every default", async () => {
    await using folder = await openManifestFolder(withGates("{ tests: true }"));

    const gate = (await folder.load()).environments[0]?.gates[1];

    expect(gate).toEqual({
      name: "tests",
      kind: "tests",
      configDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      required: true,
      timeoutSeconds: 300,
      needs: [],
      exclusive: false,
      command: null,
      reports: [],
      cwd: folder.dir,
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
      unsupported: [],
    });
  });

  test("every common key is read and the rest are settings", async () => {
    await using folder = await openManifestFolder(
      withGates(
        [
          "",
          "          tests: true",
          "          e2e:",
          "            kind: tests",
          "            required: false",
          "            timeout_seconds: 60",
          "            needs: [tests]",
          "            exclusive: true",
          "            command: npm run 'e2e all' -- ${TARGET_ENV}",
          "            reports: [out/*.xml, { path: '${FLOE_GATE_DIR}/a.tap', format: tap }]",
          "            cwd: e2e",
          "            env: { MODE: full }",
          "            pass_env: [DISPLAY, DISPLAY]",
          "            secret_env: { TOKEN: env:E2E_TOKEN, CERT: certs/a.pem }",
          "            exit_codes: { warn: [78], error: [2] }",
          "            retry: { attempts: 2 }",
          "            max_age: 24h",
          "            min_tests: 50",
        ].join("\n"),
      ),
    );

    const gate = (await folder.load()).environments[0]?.gates[2];

    expect(gate).toEqual({
      name: "e2e",
      kind: "tests",
      configDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      required: false,
      timeoutSeconds: 60,
      needs: ["tests"],
      exclusive: true,
      command: { argv: ["npm", "run", "e2e all", "--", "${TARGET_ENV}"], shell: false },
      reports: [
        { path: "out/*.xml", format: "auto" },
        { path: "${FLOE_GATE_DIR}/a.tap", format: "tap" },
      ],
      cwd: join(folder.dir, "e2e"),
      env: { MODE: "full" },
      passEnv: ["DISPLAY"],
      secretEnv: {
        TOKEN: { from: "env", name: "E2E_TOKEN" },
        CERT: { from: "file", path: join(folder.dir, "certs", "a.pem") },
      },
      exitCodes: { warn: [78], error: [2] },
      retryAttempts: 2,
      settings: { min_tests: 50 },
      platforms: null,
      maxAgeSeconds: 86_400,
      evidenceFrom: [],
      fromAttestation: null,
      unsupported: [],
    });
  });

  test("shell: true keeps the script whole", async () => {
    const gate = await loadGate(
      `{ lint: { shell: true, command: "a | b && echo \\"$FLOE_ARTIFACT_REF\\"" } }`,
      "lint",
    );

    expect(gate.command).toEqual({ argv: ['a | b && echo "$FLOE_ARTIFACT_REF"'], shell: true });
  });

  test("gate_commands are folded in below the gate's own keys", async () => {
    const gate = await loadGate(
      "{ tests: { timeout_seconds: 60, env: { B: gate }, min_tests: 5, retry: 3 } }",
      "tests",
      "    gate_commands: { tests: { command: [pytest], timeout_seconds: 90, env: { A: shared, B: shared }, min_tests: 1, max_failures: 2 } }",
    );

    expect(gate).toMatchObject({
      command: { argv: ["pytest"], shell: false },
      timeoutSeconds: 60,
      env: { A: "shared", B: "gate" },
      retryAttempts: 3,
      settings: { min_tests: 5, max_failures: 2 },
    });
  });

  test("a further instance takes the command of its own name before that of its kind", async () => {
    const more =
      "    gate_commands: { tests: { command: [unit] }, e2e: { command: [e2e] }, lint: { command: [lint] } }";
    const gates = "{ e2e: { kind: tests }, smoke: { kind: tests }, lint_all: { kind: lint } }";

    expect((await loadGate(gates, "e2e", more)).command?.argv).toEqual(["e2e"]);
    expect((await loadGate(gates, "smoke", more)).command?.argv).toEqual(["unit"]);
    expect((await loadGate(gates, "lint_all", more)).command?.argv).toEqual(["lint"]);
  });

  test.each([
    ["gate", "{ timeout_seconds: 31 }", 31],
    ["gate_commands", "{}", 32],
  ])("the nearest time limit wins: %s", async (_, own, expected) => {
    const gate = await loadGate(
      `{ tests: ${own} }`,
      "tests",
      "        gate_timeout_seconds: 33\n    default_timeout_seconds: 34\n    gate_commands: { tests: { command: x, timeout_seconds: 32 } }",
    );

    expect(gate.timeoutSeconds).toBe(expected);
  });

  test("then that of the environment, then the default", async () => {
    const { manifest } = await loadText(
      promotion(
        "    default_timeout_seconds: 34\n    environments: [{ name: a, gate_timeout_seconds: 33 }, { name: b }]",
      ),
    );

    expect(manifest.environments.map(({ gates }) => gates[0]?.timeoutSeconds)).toEqual([33, 34]);
  });
});

describe("registries", () => {
  test("oci-layout paths are absolute, and kept as written", async () => {
    const { manifest, dir } = await loadText(
      withArtifacts("  registry: { uri: oci-layout:./.floe/registry }"),
    );

    expect(manifest.registry).toMatchObject({
      uri: `oci-layout:${join(dir, ".floe", "registry")}`,
      uriAsWritten: "oci-layout:./.floe/registry",
    });
  });

  test.each([
    ["http://127.0.0.1:5000/a", "oci://127.0.0.1:5000/a", true],
    ["http://localhost:5000/a", "oci://localhost:5000/a", true],
    ["http://[::1]:5000/a", "oci://[::1]:5000/a", true],
    ["oci://localhost:5000/a", "oci://localhost:5000/a", false],
    ["https://H.example/a/b_c/d-e", "oci://h.example/a/b_c/d-e", false],
  ])("%s is understood", async (written, uri, insecure) => {
    const { manifest } = await loadText(withArtifacts(`  registry: { uri: "${written}" }`));

    expect(manifest.registry).toMatchObject({ uri, insecure, uriAsWritten: written });
  });

  test("the registry's resilience is taken over, also for a --registry on another host", async () => {
    await using folder = await openManifestFolder(
      withArtifacts(
        [
          "  registry:",
          "    uri: oci://h.example/a",
          "    resilience:",
          "      retry: { max_attempts: 7, jitter: false }",
          "      circuit_breaker: { enabled: false, failure_threshold: 2, recovery_timeout_ms: 0, half_open_requests: 3 }",
        ].join("\n"),
      ),
    );
    const expected = {
      retry: { maxAttempts: 7, initialDelayMs: 1000, jitter: false },
      circuitBreaker: {
        enabled: false,
        failureThreshold: 2,
        recoveryTimeoutMs: 0,
        halfOpenRequests: 3,
      },
    };

    const own = await folder.load({});
    const other = await folder.load({ registryOverride: "oci://other.example/b" });

    expect(own.registry).toMatchObject(expected);
    expect(other.registry).toMatchObject(expected);
    expect(own.ignored).toEqual([]);
  });

  test("insecure: true lets plain http go elsewhere", async () => {
    const { manifest } = await loadText(
      withArtifacts("  registry: { uri: http://h.example/a, insecure: true, tls_verify: false }"),
    );

    expect(manifest.registry).toMatchObject({
      uri: "oci://h.example/a",
      insecure: true,
      tlsVerify: false,
    });
  });

  test("${VAR} is replaced in URLs and references", async () => {
    await using folder = await openManifestFolder(
      withArtifacts(
        '  registry: { uri: "oci://${HOST}/${REPO}", auth: { type: token, credentials_ref: "file:${DIR}/token" } }',
      ),
    );

    const manifest = await folder.load({ env: { HOST: "h.example", REPO: "a/b", DIR: "secrets" } });

    expect(manifest.registry.uri).toBe("oci://h.example/a/b");
    expect(manifest.registry.auth.credentialsRef).toEqual({
      from: "file",
      path: join(folder.dir, "secrets", "token"),
    });
  });

  test("--registry takes the manifest's place, with its credentials for the same host only", async () => {
    await using folder = await openManifestFolder(
      withArtifacts(
        "  registry: { uri: oci://h.example/a, tls_verify: false, auth: { type: token, credentials_ref: env:T } }",
      ),
    );

    const same = await folder.load({ registryOverride: "oci://h.example/b" });
    const other = await folder.load({ registryOverride: "evil.example/b" });

    expect(same.registry).toMatchObject({
      uri: "oci://h.example/b",
      auth: { type: "token", credentialsRef: { from: "env", name: "T" } },
      tlsVerify: false,
    });
    expect(other.registry).toMatchObject({
      uri: "oci://evil.example/b",
      auth: { type: "auto", credentialsRef: null },
      tlsVerify: true,
    });
    expect(same.environments[0]?.registry).toBe(same.registry);
  });

  test("--registry also stands in for a registry that the manifest lacks, relative to the working folder", async () => {
    await using folder = await openManifestFolder(
      withArtifacts("  registry: { uri: 'oci://${NOT_SET}/a' }"),
    );

    const manifest = await folder.load({ registryOverride: "oci-layout:reg" });

    expect(manifest.registry.uri).toBe(`oci-layout:${join(folder.dir, "reg")}`);
  });

  test("a --registry that is none is a usage error", async () => {
    await using folder = await openManifestFolder(withArtifacts(""));

    const error = await folder.failure({ registryOverride: "http://u:hunter2@h.example/a" });

    expect(error).toMatchObject({ code: "FLOE_USAGE_INVALID", exitCode: 2 });
    expect(error.message).not.toContain("hunter2");
  });
});

describe("verification", () => {
  test.each(["off", "disabled", "false", '"off"'])("enforcement: %s is off", async (written) => {
    const { manifest } = await loadText(
      withArtifacts(`  verification: { enforcement: ${written} }`),
    );

    expect(manifest.environments.map((one) => one.verification.enforcement)).toEqual([
      "off",
      "off",
      "off",
    ]);
  });

  test("is enforced by default, with every default filled in", async () => {
    const { manifest } = await loadText(withArtifacts("  verification: {}"));

    expect(manifest.environments[0]?.verification).toEqual({
      enforcement: "enforce",
      keys: [],
      trustedIssuers: [],
      require: [],
      requireRekor: true,
      requireSbom: false,
      requirePromotionFrom: null,
      gracePeriodDays: 7,
      formats: ["bundle"],
    });
  });

  test("enabled: false is off everywhere", async () => {
    const { manifest } = await loadText(
      withArtifacts(
        "  verification: { enabled: false, environments: { prod: { enforcement: off } } }",
      ),
    );

    expect(manifest.environments[2]?.verification.enforcement).toBe("off");
  });

  test("what has to be attached is for all environments, or an environment's own list", async () => {
    await using folder = await openManifestFolder(
      `${withArtifacts(
        [
          "  verification:",
          "    public_key_ref: keys/a.pub",
          "    require:",
          "      - { type: https://slsa.dev/provenance/v1, signers: [ci, ops], threshold: 2 }",
          "      - { type: sbom }",
          "    environments: { dev: { require: [] } }",
        ].join("\n"),
      )}identities: { ci: { keyless: { issuer: https://a.example, subject: x } }, bob: { key: keys/b.pub } }\ngroups: { ops: [bob] }\n`,
    );
    await folder.write("keys/a.pub", newPublicKey());
    await folder.write("keys/b.pub", newPublicKey());

    const { environments } = await folder.load();

    expect(environments[0]?.verification.require).toEqual([]);
    expect(environments[2]?.verification.require).toMatchObject([
      {
        type: "https://slsa.dev/provenance/v1",
        signers: [{ name: "ci" }, { name: "bob" }],
        threshold: 2,
      },
      { type: "sbom", signers: null, threshold: 1 },
    ]);
  });

  test("keys come one, as a list, from variables, and with the day of their retirement", async () => {
    const pem = newPublicKey();
    await using folder = await openManifestFolder(
      withArtifacts(
        [
          "  verification:",
          "    public_key_ref:",
          "      - { ref: keys/old.pub, retired_at: 2026-01-31 }",
          "      - env:ARTIFACT_KEY",
          "    formats: [bundle, legacy]",
          "    environments: { prod: { public_key_ref: file:keys/old.pub, grace_period_days: 0 } }",
        ].join("\n"),
      ),
    );
    await folder.write("keys/old.pub", newPublicKey());

    const manifest = await folder.load({ env: { ARTIFACT_KEY: pem } });

    expect(manifest.environments[0]?.verification).toMatchObject({
      keys: [
        { name: "keys/old.pub", retiredAt: new Date("2026-01-31T00:00:00Z") },
        { name: "env:ARTIFACT_KEY", publicKey: pem, retiredAt: null },
      ],
      gracePeriodDays: 7,
      formats: ["bundle", "legacy"],
    });
    expect(manifest.environments[2]?.verification).toMatchObject({
      keys: [{ name: "file:keys/old.pub" }],
      gracePeriodDays: 0,
    });
  });
});

describe("keys", () => {
  const ec = (curve: string) => generateKeyPairSync("ec", { namedCurve: curve });
  const rsa = (bits: number) => generateKeyPairSync("rsa", { modulusLength: bits });
  const spki = (pair: { publicKey: ReturnType<typeof ec>["publicKey"] }) =>
    pair.publicKey.export({ format: "pem", type: "spki" }).toString();
  const { privateKey } = ec("P-256");

  test.each([
    ["ECDSA P-256", spki(ec("P-256"))],
    ["RSA 2048", spki(rsa(2048))],
    ["a key with text around it", `# my key\n${spki(ec("P-256"))}\n`],
    ["a key with Windows line ends", spki(ec("P-256")).replaceAll("\n", "\r\n")],
  ])("%s is accepted", async (_, pem) => {
    await using folder = await openManifestFolder(
      `${withArtifacts("")}identities: { a: { key: a.pub } }\n`,
    );
    await folder.write("a.pub", pem);

    const [identity] = (await folder.load()).identities;

    expect(identity?.trusted).toMatchObject({
      method: "key",
      publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/),
    });
  });

  test.each([
    ["ECDSA P-384", spki(ec("P-384")), "ec secp384r1 key"],
    ["Ed25519", spki(generateKeyPairSync("ed25519")), "ed25519 key"],
    ["RSA 1024", spki(rsa(1024)), "rsa 1024 key"],
    [
      "a private key",
      privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
      "a private key",
    ],
    [
      "an encrypted private key",
      "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n",
      "a private key",
    ],
    ["two keys", newPublicKey() + newPublicKey(), "more than one"],
    ["a damaged key", newPublicKey().replace("MFkw", "MFkx"), "damaged"],
    ["something else", "hunter2", "no public key"],
    ["a key that is too large", "x".repeat(70_000), "too large"],
  ])("%s is refused and not shown", async (_, text, problem) => {
    await using folder = await openManifestFolder(
      `${withArtifacts("")}identities: { a: { key: a.pub } }\n`,
    );
    await folder.write("a.pub", text);

    const [issue] = await folder.issues();

    expect(issue).toMatchObject({ line: 8, column: 25, path: "identities.a.key" });
    expect(issue?.message).toContain(problem);
    expect(issue?.message).not.toContain("hunter2");
    expect(issue?.message).not.toContain("MFk");
  });

  test("a folder in place of a key file is refused", async () => {
    await using folder = await openManifestFolder(
      `${withArtifacts("")}identities: { a: { key: keys } }\n`,
    );
    await mkdir(join(folder.dir, "keys"));

    expect((await folder.issues())[0]?.message).toContain("is not a file");
  });
});

describe("other parts", () => {
  test("identities carry the time in which they hold", async () => {
    await using folder = await openManifestFolder(
      `${withArtifacts("")}identities: { a: { keyless: { issuer: https://i.example, subject: s }, valid_from: 2026-01-01, valid_until: "2027-01-01T12:00:00+02:00", revoked_at: 2026-06-01T00:00:00Z } }\n`,
    );

    expect((await folder.load()).identities).toEqual([
      {
        name: "a",
        trusted: { method: "keyless", name: "a", issuer: "https://i.example", subject: "s" },
        validFrom: new Date("2026-01-01T00:00:00Z"),
        validUntil: new Date("2027-01-01T10:00:00Z"),
        revokedAt: new Date("2026-06-01T00:00:00Z"),
      },
    ]);
  });

  test("the version pattern is anchored", async () => {
    const { manifest } = await loadText(
      withArtifacts("  tags: { version_pattern: 'a|b', mutable: [edge] }"),
    );

    expect(manifest.tags.versionPattern?.test("a")).toBe(true);
    expect(manifest.tags.versionPattern?.test("ab")).toBe(false);
    expect(manifest.tags.mutable).toEqual(["edge"]);
  });

  test.each([
    ["off", "off"],
    ["disabled", "off"],
    ["false", "off"],
    ["keyless", "keyless"],
  ])("signing.mode: %s is %s", async (written, mode) => {
    const { manifest } = await loadText(withArtifacts(`  signing: { mode: ${written} }`));

    expect(manifest.signing.mode).toBe(mode);
  });

  test("the keys of operator and signing are references, never values", async () => {
    await using folder = await openManifestFolder(
      withArtifacts(
        "  signing: { private_key_ref: env:KEY, password_ref: env:PASSWORD }\n  promotion: { operator: { key_ref: keys/op.key } }",
      ),
    );

    const manifest = await folder.load({ env: { KEY: "hunter2", PASSWORD: "hunter2" } });

    expect(manifest.operatorKeyRef).toEqual({
      from: "file",
      path: join(folder.dir, "keys", "op.key"),
    });
    expect(JSON.stringify(manifest)).not.toContain("hunter2");
  });
});
