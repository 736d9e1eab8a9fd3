import { describe, expect, test } from "vitest";
import { globSchema, matchesGlob } from "../src/glob.ts";

describe("matchesGlob", () => {
  test.for([
    ["ghcr.io/acme/*", "ghcr.io/acme/app", true],
    ["ghcr.io/acme/*", "ghcr.io/acme/team/app", false],
    ["ghcr.io/acme/**", "ghcr.io/acme/team/app", true],
    ["ghcr.io/acme/*", "ghcr.io/acme-evil/app", false],
    ["ghcr.io/acme/*", "evil.example/ghcr.io/acme/app", false],
    ["ghcr.io/acme/*", "ghcr.io/acme/", true],
    ["*", "", true],
    ["", "", true],
    ["?", "", false],
    ["v?.*", "v1.2.3", true],
    ["v?.*", "v/.2.3", false],
    ["v?", "v😀", true],
    ["a.b", "axb", false],
    ["^a$", "a", false],
    ["a**b", "a//b", true],
    ["a*b*c", "a-b-b-c", true],
    ["a*b*c", "a-b-b-", false],
    ["App", "app", false],
    ["a", "a\n", false],
    ["*", "two\nlines", true],
  ] as const)("%s and %s: %s", ([pattern, value, expected]) => {
    expect(matchesGlob(pattern, value)).toBe(expected);
  });

  test("a pattern of many stars against a long value ends", () => {
    expect(matchesGlob("*a".repeat(50), "a".repeat(20_000).concat("b"))).toBe(false);
  });

  test("other dialects are refused rather than taken literally", () => {
    for (const pattern of ["{a,b}", "[ab]", "!a", "a\\*", ""]) {
      expect(globSchema.safeParse(pattern).success).toBe(false);
    }
    expect(globSchema.safeParse("ghcr.io/**").success).toBe(true);
  });
});
