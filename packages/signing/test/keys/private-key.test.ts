import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyId, loadPrivateKey, loadPublicKey } from "../../src/index.ts";
import { writePem } from "../../src/keys/pem.ts";
import { COSIGN_PASSWORD, cosignFixture } from "../cosign-fixture.ts";

const cosignKey = cosignFixture("cosign.key").toString();
const cosignId = keyId(loadPublicKey(cosignFixture("cosign.pub").toString()));
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

function pem(key: KeyObject, type: "pkcs8" | "sec1" | "pkcs1" = "pkcs8"): string {
  return String(key.export({ type, format: "pem" }));
}

function envelope(
  change: (json: {
    kdf: { name: string; params: Record<string, unknown>; salt: string };
    cipher: { name: string; nonce: string };
    ciphertext: string;
  }) => void,
): string {
  const body = cosignKey.split("\n").slice(1, -2).join("");
  const json = JSON.parse(Buffer.from(body, "base64").toString());
  change(json);
  return writePem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from(JSON.stringify(json)));
}

describe("loadPrivateKey", () => {
  it("opens a key that cosign made, under both labels", async () => {
    const key = await loadPrivateKey(cosignKey, { password: COSIGN_PASSWORD });
    expect(keyId(key)).toBe(cosignId);
    const older = cosignKey.replaceAll("SIGSTORE", "COSIGN");
    expect(keyId(await loadPrivateKey(older, { password: COSIGN_PASSWORD }))).toBe(cosignId);
  });

  it.each([
    ["PKCS#8 EC", p256, pem(p256)],
    ["SEC1 EC", p256, pem(p256, "sec1")],
    [
      "SEC1 EC after its parameters",
      p256,
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(p256, "sec1")}`,
    ],
    ["PKCS#8 RSA", rsa, pem(rsa)],
    ["PKCS#1 RSA", rsa, pem(rsa, "pkcs1")],
    ["a file with Windows line ends", p256, pem(p256).replaceAll("\n", "\r\n")],
  ])("reads %s", async (_, key, text) => {
    expect(keyId(await loadPrivateKey(text))).toBe(keyId(key));
  });

  it("reads encrypted PKCS#8 with its password only", async () => {
    const text = String(
      p256.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" }),
    );
    expect(keyId(await loadPrivateKey(text, { password: "secret" }))).toBe(keyId(p256));
    for (const password of ["wrong", "", undefined])
      await expect(loadPrivateKey(text, { password })).rejects.toMatchObject({
        code: "FLOE_KEY_PASSWORD_WRONG",
      });
  });

  it.each([
    ["P-384", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey, "ec secp384r1"],
    ["P-521", generateKeyPairSync("ec", { namedCurve: "P-521" }).privateKey, "ec secp521r1"],
    ["ed25519", generateKeyPairSync("ed25519").privateKey, "ed25519"],
    ["RSA 1024", generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey, "rsa 1024"],
  ])("refuses %s when it is loaded, and says what would do", async (_, key, found) => {
    await expect(loadPrivateKey(pem(key))).rejects.toMatchObject({
      code: "FLOE_KEY_INVALID",
      message: `the private key is ${found}; cosign-compatible signing needs ECDSA P-256 or RSA >= 2048`,
    });
  });

  it.each([
    ["nothing", "", "no PEM block"],
    ["a public key", cosignFixture("cosign.pub").toString(), "holds a PUBLIC KEY"],
    ["a damaged block", writePem("PRIVATE KEY", Buffer.from("junk")), "cannot be read"],
    [
      "another kind of block",
      writePem("OPENSSH PRIVATE KEY", Buffer.from("x")),
      "OPENSSH PRIVATE KEY",
    ],
    [
      "traditional encryption",
      pem(p256, "sec1").replace("\n", "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"),
      "openssl pkcs8 -topk8",
    ],
    ["a far too long file", pem(p256) + "x".repeat(40_000), "no PEM block"],
  ])("refuses %s in a sentence without any of the key", async (_, text, part) => {
    const error: unknown = await loadPrivateKey(text).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: "FLOE_KEY_INVALID",
      message: expect.stringContaining(part),
    });
    expect(String(error)).not.toContain(pem(p256).split("\n")[1]);
  });

  it.each([
    ["N over the cap", { N: 2 ** 21 }],
    ["r over the cap", { r: 9 }],
    ["p over the cap", { p: 5 }],
    ["N that is no power of two", { N: 65535 }],
    ["N of one", { N: 1 }],
    ["a negative r", { r: -8 }],
    ["text for a number", { p: "1" }],
    ["a number beyond integers", { N: 1e300 }],
  ])("refuses scrypt parameters with %s before it computes anything", async (_, change) => {
    const text = envelope((json) => Object.assign(json.kdf.params, change));
    await expect(loadPrivateKey(text, { password: "x" })).rejects.toMatchObject({
      code: "FLOE_KEY_INVALID",
    });
  });

  it.each([
    ["another key derivation", envelope((json) => Object.assign(json.kdf, { name: "argon2" }))],
    ["another cipher", envelope((json) => Object.assign(json.cipher, { name: "aes" }))],
    ["a short nonce", envelope((json) => Object.assign(json.cipher, { nonce: "AAAA" }))],
    ["no ciphertext", envelope((json) => Object.assign(json, { ciphertext: "" }))],
    ["a salt that is not base64", envelope((json) => Object.assign(json.kdf, { salt: "%%%%" }))],
    ["no JSON", writePem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from("hello"))],
    ["JSON that is no object", writePem("ENCRYPTED SIGSTORE PRIVATE KEY", Buffer.from("[]"))],
  ])("refuses an encrypted key with %s", async (_, text) => {
    await expect(loadPrivateKey(text, { password: "x" })).rejects.toMatchObject({
      code: "FLOE_KEY_INVALID",
    });
  });

  it("takes damaged ciphertext for what it looks like: a wrong password", async () => {
    const text = envelope((json) => {
      json.ciphertext = `${json.ciphertext[0] === "A" ? "B" : "A"}${json.ciphertext.slice(1)}`;
    });
    await expect(loadPrivateKey(text, { password: COSIGN_PASSWORD })).rejects.toMatchObject({
      code: "FLOE_KEY_PASSWORD_WRONG",
    });
  });
});
