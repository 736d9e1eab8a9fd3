import { describe, expect, test } from "vitest";
import { chainPrefix, decodeChain, HIGHEST_SLOT, slotKey, slotOf } from "../src/slot-key.ts";

describe("a key", () => {
  test.each([
    "acme/oci://registry.example.com/acme/app#prod",
    "acme/oci-layout:./registry#dev",
    "..",
    ".",
    "a/../b",
    "ä🌊 é%2F_5F",
    "_",
    "_2F",
  ])("of the chain %s says which chain it is, in letters that every server takes", (chain) => {
    const prefix = chainPrefix("floe/", chain);
    expect(prefix).toMatch(/^floe\/[A-Za-z0-9_-][A-Za-z0-9._-]*\/$/);
    expect(decodeChain(prefix.slice("floe/".length, -1))).toBe(chain);
  });

  test.each(["", "_5f", "_4", "a_", ".a", "_41", "a b", "_C3"])(
    "%j is none that floe has made",
    (encoded) => {
      expect(decodeChain(encoded)).toBeNull();
    },
  );

  test("sorts before those of all older events", () => {
    const slots = [0, 1, 9, 10, 99, 1000, 999_999, HIGHEST_SLOT];
    const keys = slots.map((seq) => slotKey("c/", seq));
    expect(keys.toSorted()).toEqual(keys.toReversed());
    expect(keys.map((key) => slotOf("c/", key))).toEqual(slots);
  });

  test.each([
    "c/999999999998-2",
    "c/999999999998-01",
    "c/999999999998",
    "c/x",
    "c/",
    "c/999999999998-1.json",
    "c/999999999998-1/a",
  ])("%s is no slot", (key) => {
    expect(slotOf("c/", key)).toBeNull();
  });
});
