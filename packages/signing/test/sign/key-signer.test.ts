import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { parseCanonicalJson } from "@floe/core/model";
import { describe, expect, it } from "vitest";
import { preAuthEncoding } from "../../src/bundle/pae.ts";
import {
  createEphemeralSigner,
  createKeySigner,
  createVerifier,
  keyId,
  publicKeyPem,
} from "../../src/index.ts";
import { call } from "../store-artifact.ts";

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 });
const statement = Buffer.from('{"any":"bytes"}');

describe("createKeySigner", () => {
  it.each([
    ["ECDSA P-256", p256],
    ["RSA", rsa],
  ])("signs with %s in the layout of cosign 3, in canonical JSON", async (_, pair) => {
    const signer = createKeySigner({ privateKey: pair.privateKey });
    expect(signer.signer).toEqual({ method: "key", keyId: keyId(pair.publicKey) });
    const bytes = await signer.sign(statement, call);
    const hint = Buffer.from(keyId(pair.publicKey).slice(7), "hex").toString("base64");
    const bundle = parseCanonicalJson(bytes);
    expect(bundle).toEqual({
      mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
      verificationMaterial: { publicKey: { hint } },
      dsseEnvelope: {
        payload: statement.toString("base64"),
        payloadType: "application/vnd.in-toto+json",
        signatures: [{ sig: expect.any(String) }],
      },
    });
    const { sig } = (bundle as { dsseEnvelope: { signatures: [{ sig: string }] } }).dsseEnvelope
      .signatures[0];
    const message = preAuthEncoding("application/vnd.in-toto+json", statement);
    expect(verify("sha256", message, pair.publicKey, Buffer.from(sig, "base64"))).toBe(true);
  });

  it("refuses keys that cosign cannot use and public keys", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    for (const key of [privateKey, p256.publicKey, createPublicKey(rsa.privateKey)])
      expect(() => createKeySigner({ privateKey: key })).toThrow(
        expect.objectContaining({ code: "FLOE_KEY_INVALID" }),
      );
  });

  it("does not sign after an abort", async () => {
    const signer = createKeySigner({ privateKey: p256.privateKey });
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(signer.sign(statement, { signal })).rejects.toThrow("stop");
  });
});

describe("createEphemeralSigner", () => {
  it("says that it is ephemeral, and its public key verifies what it signs", async () => {
    const signer = createEphemeralSigner();
    expect(signer.signer.method).toBe("ephemeral");
    const bundle = await signer.sign(statement, call);
    const trusted = [{ method: "key", name: "run", publicKey: signer.publicKeyPem }] as const;
    expect(createVerifier().verifyBundle(bundle, trusted)).toMatchObject({ ok: true, name: "run" });
    expect(createEphemeralSigner().publicKeyPem).not.toBe(signer.publicKeyPem);
    expect(signer.publicKeyPem).not.toBe(publicKeyPem(p256.publicKey));
  });
});
