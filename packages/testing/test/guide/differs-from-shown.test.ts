import { describe, expect, test } from "vitest";
import { differsFromShown } from "../../src/guide/differs-from-shown.ts";

const HASH = "8d031a40b1d43fa0b0a978b499fc8ded906e3bbb11f2976caa4c7cd626dffd02";
const OTHER = "1".repeat(64);
const differs = (shown: string, printed: string, hashes = new Map<string, string>()) =>
  differsFromShown(shown.split("\n"), printed, hashes) !== undefined;

describe("what a page shows", () => {
  test.each([
    ["a  b", "a b\n"],
    [`x at 2026-11-22T20:13:08.758Z`, "x at 2030-01-01T00:00:00Z"],
    [`copied (1.4 s)`, "copied (230 ms)"],
    ["dev  v0.1.0  now  ok", "dev v0.1.0   3s ok"],
    [
      "floe-rec.01a204e1-8f99-74c7-a94d-fbe9a96160f7",
      "floe-rec.01a222b1-f207-7d6b-95c8-b64ee687646b",
    ],
    ["one\n…\nfour", "one\ntwo\nthree\nfour"],
    ["one\n…\nfour", "one\nfour"],
    ["sha256:… of it", `sha256:${HASH} of it`],
    [`sha256:${HASH}\nev.${HASH.slice(0, 12)}`, `sha256:${OTHER}\nev.${OTHER.slice(0, 12)}`],
  ])("%j is what prints %j", (shown, printed) => {
    expect(differs(shown, printed)).toBe(false);
  });

  test.each([
    ["one", "one\ntwo"],
    ["one\ntwo", "one"],
    ["3 events", "4 events"],
    ["nowhere", "3s"],
    [`sha256:${HASH}`, `sha256:${HASH.slice(0, 12)}`],
    [`sha256:${HASH}\nev.${HASH.slice(0, 12)}`, `sha256:${OTHER}\nev.${HASH.slice(0, 12)}`],
    ["a.c", "abc"],
  ])("%j is not what prints %j", (shown, printed) => {
    expect(differs(shown, printed)).toBe(true);
  });

  test("has a hash stand for the same one on the whole page", () => {
    const hashes = new Map<string, string>();
    expect(differs(HASH, OTHER, hashes)).toBe(false);
    expect(differs(HASH, OTHER, hashes)).toBe(false);
    expect(differs(HASH, HASH, hashes)).toBe(true);
  });
});
