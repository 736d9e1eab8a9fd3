import { digestOf } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { aPlatform } from "./a-platform.ts";
import { factsOf, findings, IMAGE, judge, subjectOf } from "./subject.ts";

// Put together here, so that no scanner takes this file for a leak.
const GITHUB = `ghp_${"a1B2".repeat(9)}`;
const AWS = `AKIA${"ABCDEFGH".repeat(2)}`;

async function scan(components: readonly object[], secret_scanning: object = {}) {
  const { subject, facts } = aPlatform(components);
  return await judge({ secret_scanning }, subject, facts);
}

function withText(text: string, mediaType = "application/yaml") {
  const bytes = new TextEncoder().encode(text);
  const layer = { mediaType, digest: digestOf(bytes), size: bytes.length };
  const annotations = { "org.opencontainers.image.title": "values.yaml" };
  const subject = subjectOf({
    ...IMAGE,
    config: { ...IMAGE.config, mediaType: "application/vnd.example.config" },
    layers: [{ ...layer, annotations }],
  });
  return judge({ secret_scanning: {} }, subject, factsOf({ blobs: [bytes] }));
}

describe("secret scanning", () => {
  test.for([
    ["a GitHub token", GITHUB],
    ["an AWS access key", `id ${AWS} there`],
    ["a private key", "-----BEGIN EC PRIVATE KEY-----\nMHc…"],
    ["a password in a URL", "postgres://app:s3cr3t-w0rd@db/app"],
    ["a Slack token", `xoxb-${"1234567890-".repeat(2)}`],
    ["a JSON web token", `eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)}`],
  ] as const)("finds %s, and shows none of it", async ([what, secret]) => {
    const verdict = await scan([{ name: "api", config: { note: secret } }]);
    expect(findings(verdict)).toEqual(["fail FLOE-E301"]);
    const [reason] = verdict.reasons ?? [];
    expect(reason?.message).toContain(`${what} is in compiled.json#/components/0/config/note`);
    const shown = JSON.stringify(verdict);
    for (let at = 0; at + 8 <= secret.length; at += 4)
      expect(shown).not.toContain(JSON.stringify(secret.slice(at, at + 8)).slice(1, -1));
  });

  test.for([
    ["db_password", "correct-horse", true],
    ["clientSecret", "correct-horse", true],
    ["db_password", "${DB_PASSWORD}", false],
    ["db_password", "env:DB_PASSWORD", false],
    ["password_policy", "at-least-12", false],
    ["token_url", "https://id.example/token", false],
  ] as const)("takes %s: %s for a secret: %s", async ([name, value, found]) => {
    const verdict = await scan([{ name: "api", config: { [name]: value } }]);
    expect(verdict.status).toBe(found ? "failed" : "passed");
  });

  test("a secret that is a key is not shown as the place of what is under it", async () => {
    const verdict = await scan([
      { name: "api", config: { [GITHUB]: { db_password: "correct-horse" } } },
    ]);
    expect(verdict.reasons).toHaveLength(2);
    expect(JSON.stringify(verdict)).not.toContain(GITHUB);
    expect(JSON.stringify(verdict)).toContain("config/***/db_password");
  });

  test("says the line of a text that is not JSON", async () => {
    const verdict = await withText(`a: 1\nb:\n  db_password: correct-horse\n`);
    expect(verdict.reasons?.map(({ subject }) => subject)).toEqual(["values.yaml:3"]);
  });

  test("does not look into archives", async () => {
    const verdict = await withText(GITHUB, "application/vnd.oci.image.layer.v1.tar+gzip");
    expect(verdict.status).toBe("passed");
  });

  test("an excluded place is not a finding, and only that place", async () => {
    const components = [{ name: "api", config: { sample: GITHUB, real: GITHUB } }];
    const verdict = await scan(components, { exclude: ["compiled.json#/**/sample"] });
    expect(verdict.reasons?.map(({ subject }) => subject)).toEqual([
      "compiled.json#/components/0/config/real",
    ]);
  });

  test("looks for what the manifest adds, in time that grows with the text alone", async () => {
    const custom = [{ id: "acme-token", pattern: "acme-(a+)+!" }];
    const long = `acme-${"a".repeat(50_000)}`;
    const started = performance.now();
    const verdict = await scan([{ name: "api", config: { x: `${long}!`, y: long } }], { custom });
    expect(performance.now() - started).toBeLessThan(5000);
    expect(verdict.reasons?.map(({ message }) => message)).toEqual([
      expect.stringContaining(
        "what acme-token looks for is in compiled.json#/components/0/config/x",
      ),
    ]);
  });

  test.for([
    ["JSON in which nothing ends", "[".repeat(200_000)],
    ["JSON that is very deep", `${'{"a":'.repeat(5000)}"x"${"}".repeat(5000)}`],
    ["millions of short values", `[${'"",'.repeat(3_000_000)}""]`],
    ["millions of lines", "\n".repeat(8_000_000)],
    ["a key named __proto__", '{"__proto__":{"db_password":"correct-horse"}}'],
    ["one very long line", `eyJ-${"eyJ-".repeat(250_000)}`],
    ["an address that never ends", `postgres://${"a:".repeat(200_000)}`],
  ] as const)("is done soon with %s", async ([, text]) => {
    const started = performance.now();
    await withText(text, "application/json");
    expect(performance.now() - started).toBeLessThan(5000);
  });

  test("finds what is under a key named __proto__", async () => {
    const verdict = await withText(
      '{"__proto__":{"db_password":"correct-horse"}}',
      "application/json",
    );
    expect(verdict.reasons?.map(({ subject }) => subject)).toEqual([
      "values.yaml#/__proto__/db_password",
    ]);
  });
});
