import { expect, test } from "vitest";
import { digestOf, hasDigest, isDigest, parseDigest, shortDigest } from "../../src/model/digest.ts";
import { uuidV7 } from "../../src/model/uuid.ts";

// FIPS 180-4 example: SHA-256 of "abc".
const ABC = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

test("computes and compares digests over bytes", () => {
  expect(digestOf("abc")).toBe(ABC);
  expect(hasDigest(new TextEncoder().encode("abc"), parseDigest(ABC))).toBe(true);
  expect(hasDigest(new TextEncoder().encode("abd"), parseDigest(ABC))).toBe(false);
  expect(shortDigest(ABC)).toBe("sha256:ba7816bf8f01");
});

test.each([
  ABC.toUpperCase(),
  ABC.slice(0, -1),
  `${ABC}0`,
  `${ABC}\n`,
  "md5:d41d8cd98f00b204e9800998ecf8427e",
  "sha256:",
  "",
  `sha256:${"g".repeat(64)}`,
])("refuses %j", (text) => {
  expect(isDigest(text)).toBe(false);
  expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: "FLOE_DIGEST_INVALID" }));
});

test("takes sha512 as well", () => expect(isDigest(`sha512:${"a".repeat(128)}`)).toBe(true));

// RFC 9562, appendix A.6: the example of a version 7 UUID.
test("makes version 7 UUIDs that sort by time", () => {
  const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
  expect(uuidV7(new Date(0x017f22e279b0), random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  expect(uuidV7(new Date(1), random) < uuidV7(new Date(2), random)).toBe(true);
});
