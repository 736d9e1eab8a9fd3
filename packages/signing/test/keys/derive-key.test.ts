import { expect, test } from "vitest";
import { beginDeriving, deriveKey } from "../../src/keys/derive-key.ts";

const cheap = { N: 16, r: 1, p: 1 };
const salt = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const hex = (key: Uint8Array): string => Buffer.from(key).toString("hex");

test("a derivation that was begun before gives the same key as one that was not", async () => {
  const input = { password: "pass", salt, parameters: cheap };
  const plain = hex(await deriveKey(input));
  beginDeriving(input);
  expect(hex(await deriveKey({ ...input, salt: Uint8Array.from(salt) }))).toBe(plain);
  expect(hex(await deriveKey(input))).toBe(plain);
});

test.each([
  ["password", { password: "other" }],
  ["salt", { salt: Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1) }],
  ["parameters", { parameters: { ...cheap, N: 32 } }],
])("one that was begun with another %s is not taken for it", async (_, other) => {
  const input = { password: "pass", salt, parameters: cheap };
  const plain = hex(await deriveKey(input));
  beginDeriving({ ...input, ...other });
  expect(hex(await deriveKey(input))).toBe(plain);
});

test("parameters that scrypt refuses fail for who asks, and not for who began", async () => {
  const input = { password: "", salt, parameters: { N: 3, r: 1, p: 1 } };
  expect(() => beginDeriving(input)).not.toThrow();
  await expect(deriveKey(input)).rejects.toThrow();
});
