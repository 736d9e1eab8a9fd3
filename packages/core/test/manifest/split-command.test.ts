// biome-ignore-all lint/suspicious/noTemplateCurlyInString: ${…} is what the manifest writes
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { splitCommand } from "../../src/manifest/index.ts";

function words(text: string): readonly string[] {
  const result = splitCommand(text);
  if (!result.ok) throw new Error(result.problem);
  return result.words;
}

/** Characters that matter to a shell, and some that do not. */
const anyWord = fc.string({
  unit: fc.constantFrom(..."ab é'\"\\$`|&;<>()*?~#{}\t\n-=".split("")),
});

describe("splitCommand", () => {
  test.each([
    ["pytest -q", ["pytest", "-q"]],
    ["  a\t b\n c  ", ["a", "b", "c"]],
    ["", []],
    ["echo 'a b' c", ["echo", "a b", "c"]],
    [`echo "a b"'c d'e`, ["echo", "a bc de"]],
    [`echo "" ''`, ["echo", "", ""]],
    [`echo "a\\"b" 'a\\b' a\\ b`, ["echo", 'a"b', "a\\b", "a b"]],
    [`echo "\\n \\$X \\\\ \\\`"`, ["echo", "\\n $X \\ `"]],
    ["a\\\nb \\\n c", ["ab", "c"]],
    ["echo $HOME ~ *.xml ${ARTIFACT_REF}", ["echo", "$HOME", "~", "*.xml", "${ARTIFACT_REF}"]],
    ["echo '|' \"&&\" \\;", ["echo", "|", "&&", ";"]],
  ])("splits %j", (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test.each([
    ["echo 'a", "never closed"],
    ['echo "a', "never closed"],
    ['echo "a\\"', "never closed"],
    ["echo a\\", "backslash"],
    ["a && b", "& outside quotes"],
    ["a | b", "| outside quotes"],
    ["a; b", "; outside quotes"],
    ["a > b", "> outside quotes"],
    ["a $(b)", "$( outside quotes"],
    ["a `b`", "` outside quotes"],
  ])("refuses %j", (text, problem) => {
    expect(splitCommand(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) });
  });

  test("gives back every list of words that was quoted with single quotes", () => {
    fc.assert(
      fc.property(fc.array(anyWord), (list) => {
        const quoted = list.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
        expect(words(quoted)).toEqual(list);
      }),
    );
  });

  test("gives back every list of words that was quoted with double quotes", () => {
    fc.assert(
      fc.property(fc.array(anyWord), (list) => {
        const quoted = list.map((word) => `"${word.replace(/["\\$`]/g, "\\$&")}"`).join("\t ");
        expect(words(quoted)).toEqual(list);
      }),
    );
  });

  test("never throws, and makes no characters up", () => {
    fc.assert(
      fc.property(anyWord, (text) => {
        const result = splitCommand(text);
        if (result.ok) expect(result.words.join("").length).toBeLessThanOrEqual(text.length);
        else expect(result.problem).not.toBe("");
      }),
    );
  });

  test("text without anything special splits at white space alone", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[A-Za-z0-9_./:=,@%+-]+$/)), (list) => {
        expect(words(list.join(" "))).toEqual(list);
      }),
    );
  });
});
