import { expect, test } from "vitest";
import { explainManifest } from "../../src/manifest/index.ts";
import { canonicalJson, digestOf } from "../../src/model/index.ts";
import { newPublicKey, openManifestFolder, withArtifacts } from "./manifest-folder.ts";

test("explainManifest shows what is resolved, in snake case, with secrets by reference only", async () => {
  await using folder = await openManifestFolder(
    `${withArtifacts(
      [
        "  registry: { uri: oci://h.example/a, auth: { type: token, credentials_ref: env:TOKEN } }",
        "  signing: { private_key_ref: keys/a.key, password_ref: env:PASSWORD }",
        "  verification: { public_key_ref: { ref: keys/a.pub, retired_at: 2026-01-01 }, trusted_issuers: [{ issuer: https://i.example, subject_pattern: x* }] }",
        "  promotion:",
        "    audit: { backend: database, database_url: 'postgres://u:hunter2@db.example/a' }",
        "    environments:",
        "      - name: prod",
        "        authorization: { allowed_operators: [a] }",
        "        gates: { lint: { command: x, secret_env: { T: env:TOKEN } } }",
      ].join("\n"),
    )}identities: { a: { key: keys/a.pub }, b: { keyless: { issuer: https://i.example, subject: s } } }\n`,
  );
  await folder.write("keys/a.pub", newPublicKey());
  const env = { TOKEN: "hunter2", PASSWORD: "hunter2" };
  const manifest = await folder.load({ env });

  const explained = explainManifest(manifest);

  expect(JSON.parse(JSON.stringify(explained))).toMatchObject({
    registry: { auth: { type: "token", credentials_ref: "env:TOKEN" }, tls_verify: true },
    signing: { private_key_ref: `file:${folder.dir}/keys/a.key`, password_ref: "env:PASSWORD" },
    identities: { a: { method: "key" }, b: { method: "keyless", subject: "s" } },
    audit: { backend: "database", with: { url: "postgres://u:***@db.example/a" } },
    unsupported: [],
    environments: [
      {
        name: "prod",
        authorization: { allowed_operators: ["a"], allowed_groups: [] },
        verification: { keys: [{ name: "keys/a.pub", retired_at: "2026-01-01T00:00:00.000Z" }] },
        gates: [
          { name: "policy_compliance", timeout_seconds: 300 },
          { name: "lint", command: { argv: ["x"], shell: false }, secret_env: { T: "env:TOKEN" } },
        ],
        policy_digest: digestOf(canonicalJson(manifest.environments[0]?.requirements)),
      },
    ],
  });
  expect(JSON.stringify(explained)).not.toContain("hunter2");
  expect(JSON.stringify(explained)).not.toMatch(/"[a-z]+[A-Z]\w*":/);
});
