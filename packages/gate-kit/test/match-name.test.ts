import { expect, test } from "vitest";
import { matchName } from "../src/match-name.ts";

test.each<[string, string, boolean]>([
  ["e2e", "e2e", true],
  ["e2e", "e2e/pay", false],
  ["e2e/*", "e2e/pay", true],
  ["e2e/*", "e2e/pay/card", false],
  ["e2e/**", "e2e/pay/card", true],
  ["**/card", "card", true],
  ["**/card", "e2e/pay/card", true],
  ["**/card", "discard", false],
  ["com.shop.*IT", "com.shop.CheckoutIT", true],
  ["com.shop.*IT", "comXshop.CheckoutIT", false],
  ["t?st", "test", true],
  ["a (b) [c] {d} $^|+\\", "a (b) [c] {d} $^|+\\", true],
  ["[ab]", "a", false],
  ["*", "two\nlines", true],
])("%s against %s: %o", (glob, name, matches) => {
  expect(matchName(glob, name)).toBe(matches);
});
