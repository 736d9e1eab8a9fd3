import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { loadSubjectRegex, matchesSubjectPattern } from "../../src/model/index.ts";

const WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2.3";

describe("matchesSubjectPattern", () => {
  test.each([
    [WORKFLOW, true],
    ["https://github.com/acme/app/.github/workflows/*@refs/tags/*", true],
    ["https://github.com/acme/*/.github/workflows/release.yml@refs/tags/v1.2.3", true],
    ["https://github.com/acme/**", true],
    ["**", true],
    ["**@refs/tags/v*.*.*", true],
    ["https://github.com/acme/app/.github/workflows/*", false],
    ["https://github.com/acme/*", false],
    ["https://github.com/acme/app", false],
    ["*", false],
    ["", false],
    [`${WORKFLOW}.`, false],
    [WORKFLOW.slice(1), false],
    [WORKFLOW.toUpperCase(), false],
    ["https://github.com/acme/app/.github/workflows/release?yml@refs/tags/v1.2.3", false],
    ["https://github.com/acme/app/.github/workflows/release.yml@refs/heads/**", false],
  ])("%s: %s", (pattern, expected) => {
    expect(matchesSubjectPattern(pattern, WORKFLOW)).toBe(expected);
  });

  test("takes every character but the star for itself", () => {
    for (const odd of ["a.c", "a+c", "[ac]", "(a|c)", "a?c", "\\w", "^a$", "ä€😀"]) {
      expect(matchesSubjectPattern(odd, odd)).toBe(true);
      expect(matchesSubjectPattern(odd, "abc")).toBe(false);
    }
  });

  test("agrees with the same pattern as a regular expression", () => {
    const parts = fc.array(fc.constantFrom("a", "b", "/", "@", "*", "**"), { maxLength: 8 });
    const subjects = fc.array(fc.constantFrom("a", "b", "/", "@"), { maxLength: 8 });
    fc.assert(
      fc.property(parts, subjects, (pattern, subject) => {
        const source = pattern.join("").replace(/\*+/g, (stars) => {
          const pairs = Math.floor(stars.length / 2);
          return ".*".repeat(pairs) + (stars.length % 2 === 1 ? "[^/@]*" : "");
        });
        const text = subject.join("");
        expect(matchesSubjectPattern(pattern.join(""), text)).toBe(
          new RegExp(`^${source}$`, "s").test(text),
        );
      }),
    );
  });

  test("is done soon with a pattern that makes others try everything", () => {
    const started = performance.now();
    expect(matchesSubjectPattern(`${"a*".repeat(1000)}b`, "a".repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("loadSubjectRegex", () => {
  test("matches the whole subject, however the alternatives are written", async () => {
    const { matches } = await loadSubjectRegex();
    expect(
      matches("https://github\\.com/acme/[^/]+/.*@refs/tags/v\\d+\\.\\d+\\.\\d+", WORKFLOW),
    ).toBe(true);
    expect(matches("https://github\\.com/acme", WORKFLOW)).toBe(false);
    expect(matches("x|https://github", WORKFLOW)).toBe(false);
    expect(matches("a|b", "ab")).toBe(false);
    expect(matches("alice", "alice\n")).toBe(false);
    expect(matches("alice$", "alice\n")).toBe(false);
  });

  test("knows what is no expression of it, and matches nothing by it", async () => {
    const { isRegex, matches } = await loadSubjectRegex();
    for (const source of ["(a)\\1", "a(?=b)", "(?<!a)b", "a)(b", "["]) {
      expect(isRegex(source)).toBe(false);
      expect(matches(source, "a")).toBe(false);
    }
  });

  test("takes time that grows with the text alone", async () => {
    const { matches } = await loadSubjectRegex();
    const started = performance.now();
    expect(matches("(a|aa|a*)*b", "a".repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
