import { createPublicKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { generateKeyPair, keyId, loadPrivateKey, loadPublicKey } from "../../src/index.ts";

describe("generateKeyPair", () => {
  it("makes an encrypted P-256 key that only its password opens", async () => {
    const pair = await generateKeyPair({ password: "pässword" });
    expect(pair.privateKeyPem).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    expect(pair.publicKeyPem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    const key = await loadPrivateKey(pair.privateKeyPem, { password: "pässword" });
    expect(key.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
    expect(keyId(createPublicKey(key))).toBe(keyId(loadPublicKey(pair.publicKeyPem)));
    await expect(
      loadPrivateKey(pair.privateKeyPem, { password: "password" }),
    ).rejects.toMatchObject({ code: "FLOE_KEY_PASSWORD_WRONG" });
  });

  it("takes an empty password for a password, and no password for none", async () => {
    const { privateKeyPem } = await generateKeyPair({ password: "" });
    await expect(loadPrivateKey(privateKeyPem, { password: "" })).resolves.toBeDefined();
    await expect(loadPrivateKey(privateKeyPem)).rejects.toMatchObject({
      code: "FLOE_KEY_PASSWORD_WRONG",
      message: "the private key is encrypted and no password was given",
    });
  });

  it("writes cosign's envelope: scrypt 65536/8/1 and nacl/secretbox, lines of 64 characters", async () => {
    const { privateKeyPem } = await generateKeyPair({ password: "x" });
    const lines = privateKeyPem.trimEnd().split("\n").slice(1, -1);
    expect(Math.max(...lines.map((line) => line.length))).toBe(64);
    const envelope: unknown = JSON.parse(Buffer.from(lines.join(""), "base64").toString());
    expect(envelope).toEqual({
      kdf: { name: "scrypt", params: { N: 65536, r: 8, p: 1 }, salt: expect.any(String) },
      cipher: { name: "nacl/secretbox", nonce: expect.any(String) },
      ciphertext: expect.any(String),
    });
  });

  it("never makes the same key or salt twice", async () => {
    const [a, b] = await Promise.all([
      generateKeyPair({ password: "x" }),
      generateKeyPair({ password: "x" }),
    ]);
    expect(a.publicKeyPem).not.toBe(b.publicKeyPem);
    expect(a.privateKeyPem).not.toBe(b.privateKeyPem);
  });
});
