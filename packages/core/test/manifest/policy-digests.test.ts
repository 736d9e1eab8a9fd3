import { describe, expect, test } from "vitest";
import type { Manifest } from "../../src/manifest/index.ts";
import { canonicalJson } from "../../src/model/index.ts";
import { newPublicKey, openManifestFolder } from "./manifest-folder.ts";

const PEM = newPublicKey();

const TEXT = `
apiVersion: floe.dev/v1
kind: Manifest
metadata: { name: acme }
identities:
  alice: { key: keys/a.pub, valid_from: 2026-01-01 }
  bob: { keyless: { issuer: https://i.example, subject: bob } }
groups: { admins: [alice, bob], sre: [bob] }
artifacts:
  registry: { uri: oci-layout:reg }
  verification:
    public_key_ref: keys/a.pub
    trusted_issuers: [{ issuer: https://i.example, subject: x }, { issuer: https://h.example, subject: y }]
    require: [{ type: https://slsa.dev/provenance/v1, signers: [alice, bob] }, { type: sbom }]
  promotion:
    environments:
      - name: dev
      - name: prod
        gates: { tests: { min_tests: 1 }, lint: { command: "sh lint.sh", cwd: tools } }
        authorization: { allowed_groups: [admins, sre] }
        approvals: { required: 1, from_groups: [sre, admins] }
        soak: { from: dev, hours: 24 }
        overrides: { soak: { groups: [sre] } }
        freeze: [{ start: 2026-12-20T00:00, end: 2026-12-21T00:00, timezone: UTC }]
    gate_commands: { tests: { command: [pytest, -q], secret_env: { T: env:T } } }
    policies: { exemptions: exemptions.yaml, rules: [{ id: A, environments: [prod] }, { id: B, environments: [dev] }, { id: C }] }
`;

async function load(text: string, keyFile = "keys/a.pub"): Promise<Manifest> {
  await using folder = await openManifestFolder(text);
  await folder.write(keyFile, PEM);
  return await folder.load({ env: { KEY: PEM } });
}

/** What the two digests of prod are made of. */
async function prodOf(
  text: string,
  keyFile?: string,
): Promise<{ policy: string; authority: string }> {
  const prod = (await load(text, keyFile)).environments[1];
  return { policy: canonicalJson(prod?.requirements), authority: canonicalJson(prod?.authority) };
}

describe("what policy and authority digests are made of", () => {
  const same: readonly (readonly [string, (text: string) => string, string?])[] = [
    ["comments and white space", (text) => text.replaceAll("\n", "  # note\n")],
    [
      "the order of keys",
      (text) =>
        text.replace(
          '{ min_tests: 1 }, lint: { command: "sh lint.sh", cwd: tools }',
          '{ min_tests: 1 }, lint: { cwd: tools, command: "sh lint.sh" }',
        ),
    ],
    [
      "the order of gates",
      (text) => text.replace(/gates: \{ (tests: \{.*?\}), (lint: \{.*?\}) \}/, "gates: { $2, $1 }"),
    ],
    [
      "the order of names in lists",
      (text) =>
        text
          .replace("[admins, sre]", "[sre, admins]")
          .replace("[alice, bob]", "[bob, alice, bob]")
          .replace("[sre, admins] }\n        soak", "[admins, sre] }\n        soak"),
    ],
    [
      "the order of trusted issuers",
      (text) =>
        text.replace(/trusted_issuers: \[(\{.*?\}), (\{.*?\})\]/, "trusted_issuers: [$2, $1]"),
    ],
    [
      "the order of requirements and of who may meet them",
      (text) =>
        text
          .replace("[alice, bob] }, { type: sbom }", "[bob, alice] }, { type: sbom }")
          .replace(/require: \[(\{.*?\}), (\{.*?\})\]/, "require: [$2, $1]"),
    ],
    [
      "a threshold of one that is written out",
      (text) => text.replace("{ type: sbom }", "{ type: sbom, threshold: 1 }"),
    ],
    [
      "where the keys are",
      (text) => text.replaceAll("keys/a.pub", "elsewhere/k.pub"),
      "elsewhere/k.pub",
    ],
    ["a key from a variable", (text) => text.replaceAll("keys/a.pub", "env:KEY")],
    ["where the registry is", (text) => text.replace("oci-layout:reg", "oci://h.example/a")],
    [
      "a command as text or list, whole or as gate_commands",
      (text) => text.replace('"sh lint.sh"', "[sh, lint.sh]").replace("[pytest, -q]", "pytest  -q"),
    ],
    [
      "defaults that are written out",
      (text) =>
        text
          .replace("{ required: 1,", "{ required: 1, self_approval: false, expires_hours: 168,")
          .replace("cwd: tools", "cwd: ./tools, required: true, shell: false"),
    ],
    [
      "freeze windows and exemptions",
      (text) => text.replace(/ +freeze:.*\n/, "").replace("exemptions: exemptions.yaml, ", ""),
    ],
    [
      "time limits, retries and order of gates",
      (text) =>
        text.replace(
          "cwd: tools",
          "cwd: tools, timeout_seconds: 99, retry: 2, needs: [tests], exclusive: true",
        ),
    ],
    ["where a secret comes from", (text) => text.replace("T: env:T", "T: env:OTHER")],
    ["rules of other environments", (text) => text.replace("{ id: B,", "{ id: D,")],
  ];
  test.each(same.map(([name, change, keyFile]) => ({ name, change, keyFile })))(
    "do not depend on $name",
    async ({ change, keyFile }) => {
      const changed = change(TEXT);

      expect(changed).not.toBe(TEXT);
      expect(await prodOf(changed, keyFile)).toEqual(await prodOf(TEXT));
    },
  );

  test.each<readonly [string, (text: string) => string]>([
    ["a gate's settings", (text) => text.replace("min_tests: 1", "min_tests: 0")],
    ["a gate's command", (text) => text.replace("pytest, -q", "'true'")],
    ["where a command runs", (text) => text.replace("cwd: tools", "cwd: other")],
    [
      "a gate that is optional",
      (text) => text.replace("min_tests: 1", "min_tests: 1, required: false"),
    ],
    ["a gate less", (text) => text.replace(/, lint: \{.*?\}/, "")],
    ["the rules", (text) => text.replace("{ id: A,", "{ id: E,")],
    [
      "verification",
      (text) => text.replace("public_key_ref:", "enforcement: warn\n    public_key_ref:"),
    ],
    ["what has to be attached", (text) => text.replace(", { type: sbom }", "")],
    [
      "who must have attached it",
      (text) => text.replace("signers: [alice, bob]", "signers: [bob]"),
    ],
    [
      "how many must have",
      (text) => text.replace("signers: [alice, bob]", "signers: [alice, bob], threshold: 2"),
    ],
    ["the SBOM", (text) => text.replace("require:", "require_sbom: true\n    require:")],
    ["the log", (text) => text.replace("require:", "require_rekor: false\n    require:")],
    ["the formats", (text) => text.replace("require:", "formats: [legacy, bundle]\n    require:")],
    [
      "the time that a retired key has left",
      (text) => text.replace("require:", "grace_period_days: 1\n    require:"),
    ],
    [
      "where it must have been before",
      (text) =>
        text.replace(
          "require:",
          "environments: { prod: { require_promotion_from: dev } }\n    require:",
        ),
    ],
    ["approvals", (text) => text.replace("required: 1,", "required: 1, expires_hours: 24,")],
    ["soak", (text) => text.replace("hours: 24", "hours: 1")],
  ])("requirements change with %s, authority does not", async (_, change) => {
    const [before, after] = [await prodOf(TEXT), await prodOf(change(TEXT))];

    expect(after.policy).not.toBe(before.policy);
    expect(after.authority).toBe(before.authority);
  });

  test.each<readonly [string, (text: string) => string]>([
    ["identities", (text) => text.replace("subject: bob", "subject: bobby")],
    [
      "the time in which an identity holds",
      (text) => text.replace("valid_from: 2026-01-01", "valid_from: 2026-01-02"),
    ],
    ["groups", (text) => text.replace("sre: [bob]", "sre: [bob, alice]")],
    [
      "authorization",
      (text) => text.replace("allowed_groups: [admins, sre]", "allowed_groups: [admins]"),
    ],
    [
      "overrides",
      (text) => text.replace("overrides: { soak: { groups: [sre] } }", "overrides: {}"),
    ],
  ])("authority changes with %s, requirements do not", async (_, change) => {
    const [before, after] = [await prodOf(TEXT), await prodOf(change(TEXT))];

    expect(after.authority).not.toBe(before.authority);
    expect(after.policy).toBe(before.policy);
  });

  test("another key changes both", async () => {
    await using folder = await openManifestFolder(TEXT);
    await folder.write("keys/a.pub", newPublicKey());
    const prod = (await folder.load()).environments[1];
    const before = await prodOf(TEXT);

    expect(canonicalJson(prod?.requirements)).not.toBe(before.policy);
    expect(canonicalJson(prod?.authority)).not.toBe(before.authority);
  });

  test("no path of this machine is in them", async () => {
    await using folder = await openManifestFolder(TEXT);
    await folder.write("keys/a.pub", PEM);
    const manifest = await folder.load();
    const all = manifest.environments.map(({ requirements, authority }) => [
      requirements,
      authority,
    ]);

    expect(canonicalJson(all)).not.toContain(folder.dir);
    expect(canonicalJson(all)).not.toContain("a.pub");
  });
});
