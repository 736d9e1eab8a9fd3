/** A registry that was probed, as the manifest names it, and what was found there. */
export interface FoundRegistry {
  readonly uri: string;
  /** A line each. */
  readonly found: readonly string[];
  readonly insecure: boolean;
  /** Artifacts there are signed in cosign's old form. */
  readonly legacySignatures: boolean;
}

/** The manifest that `floe init` writes; with a registry of the user's own, what goes by the embedded folder is left out. */
export function manifestTemplate(name: string, registry: FoundRegistry | null): string {
  const tests = registry === null ? ", tests: true" : "";
  return `apiVersion: floe.dev/v1
kind: Manifest
metadata: { name: ${name} }

# Who can sign promotions, rollbacks and locks. The signature proves it; a flag never does.
identities:
  release: { key: keys/release.pub }
groups:
  release-managers: [release]

artifacts:
  registry:
${registry === null ? EMBEDDED : probed(registry)}
  # What signs artifacts. Promotions are signed by another key, below: one says "this is ours", the other "it may run there".
  signing:
    mode: key-based
    private_key_ref: keys/artifact.key

  # Before a digest enters an environment, one of these keys must have signed it.
  verification:
    enforcement: enforce
    public_key_ref: keys/artifact.pub${registry?.legacySignatures ? LEGACY : ""}
    environments:
      dev: { enforcement: warn }

  promotion:
    operator: { key_ref: keys/release.key }
    environments:
      - name: dev
        gates: { policy_compliance: true }
      - name: staging
        gates: { policy_compliance: true${tests} }
      - name: prod
        gates: { policy_compliance: true${tests} }
        authorization: { allowed_groups: [release-managers] }

${registry === null ? COMMANDS : MORE_GATES}    policies:
      rules:
${registry === null ? CONFIG_ONLY : NAMED}`;
}

const EMBEDDED = `    # A folder in OCI image layout. Any OCI registry works as well: oci://registry.example.com/acme/app
    uri: oci-layout:./.floe/registry
`;

function probed({ uri, found, insecure }: FoundRegistry): string {
  const lines = found.map((line) => `    # ${line}\n`).join("");
  return `${lines}    uri: ${JSON.stringify(uri)}\n${insecure ? "    insecure: true\n" : ""}`;
}

const LEGACY = `
    # Signatures in cosign's old form were found there; new ones are bundles.
    formats: [bundle, legacy]`;

const COMMANDS = `    gate_commands:
      tests:
        command: [node, --test, --test-reporter=junit, "--test-reporter-destination=\${FLOE_GATE_DIR}/junit.xml", checks/app.test.mjs]
        reports: ["\${FLOE_GATE_DIR}/junit.xml"]

`;

const MORE_GATES = `    # More gates: tests, security_scan, or any name with a command, as in
    #   gates: { policy_compliance: true, tests: true }
    # and then
    #   gate_commands:
    #     tests: { command: [npm, test], reports: ["\${FLOE_GATE_DIR}/junit.xml"] }

`;

const CONFIG_ONLY = `        - { id: config-artifacts-only, severity: error, builtin: allowed_artifact_types, with: { allow: [application/vnd.floe.config.v1, application/vnd.floe.compiled.v1+json] } }
`;

const NAMED = `        - { id: has-source, severity: warning, builtin: required_annotations, with: { annotations: [org.opencontainers.image.source] } }
`;

/** The spec: what `floe platform compile` and `publish` make an artifact of. */
export function specTemplate(name: string): string {
  return `apiVersion: floe.dev/v1
kind: Spec
metadata: { name: ${name} }

# What the platform is made of. floe platform publish v0.2.0 compiles it, pushes and signs it.
components:
  - name: settings
    type: config
    config: { greeting: true }
  - name: hello
    type: service
    depends_on: [settings]
    config: { service: hello, replicas: 2 }
    schema:
      type: object
      required: [service, replicas]
      properties: { replicas: { type: integer, minimum: 1 } }
`;
}

/** The example artifact. */
export const EXAMPLE_CONFIG = `{
  "service": "hello",
  "replicas": 2,
  "features": { "greeting": true }
}
`;

/** The example tests: they read the artifact that is being promoted, by its digest. */
export const EXAMPLE_CHECK = `// Judges the artifact that is being promoted: floe passes its digest in the environment.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

// The embedded registry is a folder of files named after their digests. With another registry, fetch it from there:
// FLOE_ARTIFACT_REF names the artifact, for example for oras blob fetch.
const blob = (digest) => readFileSync(\`.floe/registry/blobs/\${digest.replace(":", "/")}\`);
const content = JSON.parse(blob(JSON.parse(blob(process.env.FLOE_ARTIFACT_DIGEST)).layers[0].digest));
// app.json as it was pushed, or what floe platform publish compiled of floe.yaml.
const load = () => content.components?.find(({ name }) => name === "hello")?.config ?? content;

test("the service has a name", () => assert.match(load().service, /^[a-z-]+$/));
test("at least one replica runs", () => {
  const { replicas } = load();
  assert.ok(replicas >= 1, \`replicas is \${replicas}\`);
});
`;

/** What must not be committed. */
export const GITIGNORE: readonly string[] = ["keys/*.key", ".floe/"];
