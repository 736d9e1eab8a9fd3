import { createHash, generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyId, loadPublicKey, publicKeyPem } from "../../src/index.ts";
import { writePem } from "../../src/keys/pem.ts";
import { cosignFixture } from "../cosign-fixture.ts";

const cosignPub = cosignFixture("cosign.pub").toString();
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

describe("loadPublicKey", () => {
  it("reads cosign.pub and writes it back byte for byte", () => {
    expect(publicKeyPem(loadPublicKey(cosignPub))).toBe(cosignPub);
  });

  it.each([
    ["a private key", String(privateKey.export({ type: "pkcs8", format: "pem" })), "PRIVATE KEY"],
    ["a certificate", writePem("CERTIFICATE", Buffer.from("x")), "CERTIFICATE"],
    ["two keys", cosignPub + cosignPub, "PUBLIC KEY and a PUBLIC KEY"],
    ["no PEM", "ssh-ed25519 AAAA", "no PEM block"],
    ["damaged DER", writePem("PUBLIC KEY", Buffer.from("x")), "cannot be read"],
    [
      "P-384",
      publicKeyPem(generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey),
      "ec secp384r1",
    ],
    ["ed25519", publicKeyPem(generateKeyPairSync("ed25519").publicKey), "ed25519"],
  ])("refuses %s and says what it found", (_, text, part) => {
    expect(() => loadPublicKey(text)).toThrow(
      expect.objectContaining({ code: "FLOE_KEY_INVALID", message: expect.stringContaining(part) }),
    );
  });
});

describe("keyId", () => {
  it("is the SHA-256 of the SPKI DER, the same for both halves of a pair", () => {
    const key = loadPublicKey(cosignPub);
    const der = Buffer.from(cosignPub.split("\n").slice(1, -2).join(""), "base64");
    expect(keyId(key)).toBe(`sha256:${createHash("sha256").update(der).digest("hex")}`);
    expect(keyId(privateKey)).toBe(keyId(loadPublicKey(publicKeyPem(privateKey))));
  });
});
