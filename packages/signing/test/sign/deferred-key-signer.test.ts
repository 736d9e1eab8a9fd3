import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createDeferredKeySigner, createVerifier, keyId, publicKeyPem } from "../../src/index.ts";
import { call } from "../store-artifact.ts";

const mine = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ec", { namedCurve: "P-256" });
const statement = Buffer.from(
  JSON.stringify({ _type: "https://in-toto.io/Statement/v1", subject: [], predicateType: "x" }),
);

describe("createDeferredKeySigner", () => {
  it("says who signs before the key is open, and signs when it is", async () => {
    const { promise, resolve } = Promise.withResolvers<typeof mine.privateKey>();
    const signer = createDeferredKeySigner({
      name: "a.key",
      publicKey: mine.publicKey,
      privateKey: promise,
    });
    expect(signer.signer).toEqual({ method: "key", keyId: keyId(mine.publicKey) });
    const signing = signer.sign(statement, call);
    resolve(mine.privateKey);
    await signer.ready?.(call);
    const trusted = {
      method: "key",
      name: "mine",
      publicKey: publicKeyPem(mine.publicKey),
    } as const;
    const verdict = createVerifier({}).verifyBundle(await signing, [trusted]);
    expect(verdict).toMatchObject({ ok: true, name: "mine" });
  });

  it("is neither ready nor signs when the public key is another one's", async () => {
    const signer = createDeferredKeySigner({
      name: "a.key",
      publicKey: other.publicKey,
      privateKey: Promise.resolve(mine.privateKey),
    });
    const refusal = {
      code: "FLOE_KEY_INVALID",
      message: expect.stringContaining(keyId(other.publicKey)),
      hint: expect.stringContaining("remove it"),
    };
    await expect(signer.ready?.(call)).rejects.toMatchObject(refusal);
    await expect(signer.sign(statement, call)).rejects.toMatchObject(refusal);
  });

  it("tells whoever waits why the key could not be opened, and nobody else", async () => {
    const signer = createDeferredKeySigner({
      name: "a.key",
      publicKey: mine.publicKey,
      privateKey: Promise.reject(new Error("wrong password")),
    });
    await new Promise((resolve) => setImmediate(resolve));
    await expect(signer.ready?.(call)).rejects.toThrow("wrong password");
    await expect(signer.sign(statement, call)).rejects.toThrow("wrong password");
  });
});
