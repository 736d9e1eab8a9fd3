import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  classifyTag,
  environmentTag,
  isEnvironmentName,
  isMutableTag,
  isTag,
  parseVersion,
  rollbackTag,
} from "../../src/model/tag.ts";

const rules = { environments: ["dev", "staging", "prod", "eu-prod"], mutable: ["main"] };

describe("parseVersion", () => {
  test.each(["v1.2.3", "1.2.3", "0.0.1", "v1.2.3-rc.1", "v1.2.3-prod"])("accepts %s", (version) => {
    expect(parseVersion(version)).toBe(version);
  });

  test.each([
    "$(id)",
    "v1.0.0\n",
    "\nv1.0.0",
    "v1.0.0 ",
    "v1.0",
    "1",
    "",
    "latest",
    "v1.2.3+build",
    `v1.2.3-${"a".repeat(122)}`,
    "v1.2.3;rm -rf /",
    "../v1.2.3",
    "v1.2.3/../..",
    "v١.٢.٣",
  ])("refuses %j with a code and a hint", (version) => {
    expect(() => parseVersion(version)).toThrow(
      expect.objectContaining({ code: "FLOE_TAG_INVALID", hint: expect.stringMatching(/./) }),
    );
  });

  test("says what to write instead of build metadata", () => {
    expect(() => parseVersion("v1.2.3+build")).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("-build") }),
    );
  });

  test("takes 128 characters and not one more", () => {
    const longest = `v1.2.3-${"a".repeat(121)}`;
    expect(longest).toHaveLength(128);
    expect(parseVersion(longest)).toBe(longest);
    expect(() => parseVersion(`${longest}a`)).toThrow(
      expect.objectContaining({ code: "FLOE_TAG_INVALID" }),
    );
  });

  test("follows the manifest's own pattern when there is one", () => {
    expect(parseVersion("2026.11", /^\d{4}\.\d{2}$/)).toBe("2026.11");
    expect(() => parseVersion("v1.2.3", /^\d{4}\.\d{2}$/)).toThrow(
      expect.objectContaining({ code: "FLOE_TAG_INVALID" }),
    );
  });
});

describe("isEnvironmentName", () => {
  test.each(["dev", "eu-prod", "a", "x_1"])("accepts %s", (name) =>
    expect(isEnvironmentName(name)).toBe(true),
  );
  test.each(["none", "latest", "Dev", "1dev", "", "prod-rollback-1", "a".repeat(51), "prod\n"])(
    "refuses %j",
    (name) => expect(isEnvironmentName(name)).toBe(false),
  );
});

describe("classifyTag", () => {
  test.each([
    ["v1.2.3", { kind: "version", version: "v1.2.3" }],
    ["v1.2.3-rc.1", { kind: "version", version: "v1.2.3-rc.1" }],
    ["v1.2.3-prod", { kind: "environment", version: "v1.2.3", environment: "prod" }],
    ["v1.2.3-eu-prod", { kind: "environment", version: "v1.2.3", environment: "eu-prod" }],
    [
      "v1.2.3-rc.1-staging",
      { kind: "environment", version: "v1.2.3-rc.1", environment: "staging" },
    ],
    [
      "v1.2.2-prod-rollback-12",
      { kind: "rollback", version: "v1.2.2", environment: "prod", count: 12 },
    ],
    ["latest-prod", { kind: "latest", environment: "prod" }],
    ["latest-nowhere", { kind: "mutable" }],
    ["latest", { kind: "mutable" }],
    ["dev-42", { kind: "mutable" }],
    ["main", { kind: "mutable" }],
    ["floe-ev.prod.000000000001", { kind: "floe" }],
    ["floe-rec.01a2", { kind: "floe" }],
    [`sha256-${"a".repeat(64)}`, { kind: "floe" }],
    ["anything", { kind: "other" }],
  ])("reads %s", (tag, expected) => expect(classifyTag(tag, rules)).toEqual(expected));

  test("reads back what floe writes, whatever version and environment", () => {
    const version = fc
      .tuple(fc.nat(99), fc.nat(99), fc.nat(99), fc.constantFrom("", "-rc.1", "-prod", "-dev-2"))
      .map(([major, minor, patch, pre]) => `v${major}.${minor}.${patch}${pre}`);
    fc.assert(
      fc.property(
        version,
        fc.constantFrom(...rules.environments),
        fc.integer({ min: 1, max: 99 }),
        (v, environment, count) => {
          const tag = environmentTag(v, environment);
          const read = classifyTag(tag, rules);
          // `v1.0.0-eu` + `prod` would be `v1.0.0` + `eu-prod`; floe reads the longest environment first.
          expect(read).toMatchObject({ kind: "environment" });
          expect(isTag(tag)).toBe(true);
          expect(classifyTag(rollbackTag(v, environment, count), rules)).toMatchObject({
            kind: "rollback",
            count,
          });
        },
      ),
    );
  });
});

test("only named tags are mutable; everything unknown is immutable", () => {
  for (const tag of ["latest", "latest-prod", "dev-1", "snapshot-7", "main", "floe-cp.prod"])
    expect(isMutableTag(tag, rules)).toBe(true);
  for (const tag of [
    "v1.2.3",
    "v1.2.3-prod",
    "release",
    "floe-rec.1",
    "floe-ledger.prod",
    "v1.0.0-prod-rollback-1",
  ]) {
    expect(isMutableTag(tag, rules)).toBe(false);
  }
});
