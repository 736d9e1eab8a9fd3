/** The manifest that `floe init` writes. */
export function manifestTemplate(name: string): string {
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
    # A folder in OCI image layout. Any OCI registry works as well: oci://registry.example.com/acme/app
    uri: oci-layout:./.floe/registry

  # What signs artifacts. Promotions are signed by another key, below: one says "this is ours", the other "it may run there".
  signing:
    mode: key-based
    private_key_ref: keys/artifact.key

  # Before a digest enters an environment, one of these keys must have signed it.
  verification:
    enforcement: enforce
    public_key_ref: keys/artifact.pub
    environments:
      dev: { enforcement: warn }

  promotion:
    operator: { key_ref: keys/release.key }
    environments:
      - name: dev
        gates: { policy_compliance: true }
      - name: staging
        gates: { policy_compliance: true, tests: true }
      - name: prod
        gates: { policy_compliance: true, tests: true }
        authorization: { allowed_groups: [release-managers] }

    gate_commands:
      tests:
        command: [node, --test, --test-reporter=junit, "--test-reporter-destination=\${FLOE_GATE_DIR}/junit.xml", checks/app.test.mjs]
        reports: ["\${FLOE_GATE_DIR}/junit.xml"]

    policies:
      rules:
        - { id: config-artifacts-only, severity: error, builtin: allowed_artifact_types, with: { allow: [application/vnd.floe.config.v1] } }
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
const load = () => JSON.parse(blob(JSON.parse(blob(process.env.FLOE_ARTIFACT_DIGEST)).layers[0].digest));

test("the service has a name", () => assert.match(load().service, /^[a-z-]+$/));
test("at least one replica runs", () => {
  const { replicas } = load();
  assert.ok(replicas >= 1, \`replicas is \${replicas}\`);
});
`;

/** What must not be committed. */
export const GITIGNORE: readonly string[] = ["keys/*.key", ".floe/"];
