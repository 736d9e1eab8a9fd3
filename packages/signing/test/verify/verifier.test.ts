import { generateKeyPairSync, sign } from "node:crypto";
import type { BundleVerdict, TrustedSigner } from "@floe/core/ports";
import { describe, expect, it } from "vitest";
import { preAuthEncoding } from "../../src/bundle/pae.ts";
import {
  createKeySigner,
  createVerifier,
  keyId,
  MAX_BUNDLE_BYTES,
  parseStatement,
  publicKeyPem,
} from "../../src/index.ts";
import { cosignFixture } from "../cosign-fixture.ts";
import { call } from "../store-artifact.ts";

const verifier = createVerifier();
const ours = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" });
const statement = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
const bundle = await createKeySigner({ privateKey: ours.privateKey }).sign(statement, call);

function trust(name: string, pair: Pick<typeof ours, "publicKey">): TrustedSigner {
  return { method: "key", name, publicKey: publicKeyPem(pair.publicKey) };
}

interface BundleJson {
  mediaType?: unknown;
  verificationMaterial: Record<string, unknown>;
  messageSignature?: unknown;
  dsseEnvelope: { payload: unknown; payloadType: unknown; signatures: unknown[] };
}

/** Verifies the good bundle after a change to its JSON. */
function changed(change: (json: BundleJson) => void): BundleVerdict {
  const json = JSON.parse(Buffer.from(bundle).toString()) as BundleJson;
  change(json);
  return verifier.verifyBundle(Buffer.from(JSON.stringify(json)), [trust("ours", ours)]);
}

describe("createVerifier", () => {
  it("returns the very bytes that were signed, and whose key did it", () => {
    const verdict = verifier.verifyBundle(bundle, [trust("other", stranger), trust("ours", ours)]);
    expect(verdict).toEqual({
      ok: true,
      name: "ours",
      signer: { method: "key", keyId: keyId(ours.publicKey) },
      statement,
      time: null,
      logged: false,
    });
  });

  it("verifies what cosign signed and attested", () => {
    const trusted: TrustedSigner[] = [
      { method: "key", name: "cosign", publicKey: cosignFixture("cosign.pub").toString() },
    ];
    for (const [file, predicateType] of [
      ["sign.bundle", "https://sigstore.dev/cosign/sign/v1"],
      ["attest.bundle", "https://example.com/p/v1"],
    ] as const) {
      const verdict = verifier.verifyBundle(cosignFixture(file), trusted);
      if (!verdict.ok) throw new Error(verdict.reason);
      expect(parseStatement(verdict.statement)).toMatchObject({
        ok: true,
        statement: { predicateType },
      });
    }
  });

  it("refuses another key's signature and names both fingerprints", () => {
    const verdict = verifier.verifyBundle(bundle, [trust("release", stranger), trust("rsa", rsa)]);
    expect(verdict).toMatchObject({ ok: false, code: "WRONG_KEY" });
    expect(verdict).toHaveProperty(
      "reason",
      `signed with the key ${keyId(ours.publicKey)}, wanted release (${keyId(stranger.publicKey)}) or rsa (${keyId(rsa.publicKey)})`,
    );
  });

  it("does not believe the hint, neither a false one nor a missing one", () => {
    const hint = Buffer.from(keyId(ours.publicKey).slice(7), "hex").toString("base64");
    const json = JSON.parse(Buffer.from(bundle).toString()) as BundleJson;
    json.dsseEnvelope.signatures = [
      { sig: sign("sha256", Buffer.from("else"), ours.privateKey).toString("base64") },
    ];
    const forged = Buffer.from(JSON.stringify(json));
    const verdict = verifier.verifyBundle(forged, [trust("ours", ours)]);
    expect(verdict).toMatchObject({
      ok: false,
      code: "WRONG_KEY",
      reason: expect.stringContaining("not by that key"),
    });
    for (const publicKey of [{}, { hint: "" }, { hint: "nonsense" }, { hint: hint.slice(1) }])
      expect(
        changed((good) => {
          good.verificationMaterial = { publicKey };
        }),
      ).toMatchObject({ ok: true });
  });

  it("ignores what a bundle adds: keyid, log entries, time stamps, unknown fields", () => {
    expect(
      changed((json) => {
        Object.assign(json.verificationMaterial, {
          tlogEntries: [{}],
          timestampVerificationData: {},
        });
        Object.assign(json.dsseEnvelope.signatures[0] ?? {}, { keyid: "someone" });
        Object.assign(json, { unknown: true });
      }),
    ).toMatchObject({ ok: true });
  });

  it.each<[string, string, (json: BundleJson) => void]>([
    [
      "version 0.1",
      "UNSUPPORTED_FORMAT",
      (json) => {
        json.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.1";
      },
    ],
    [
      "version 0.2",
      "UNSUPPORTED_FORMAT",
      (json) => {
        json.mediaType = "application/vnd.dev.sigstore.bundle+json;version=0.2";
      },
    ],
    [
      "no media type",
      "MALFORMED_BUNDLE",
      (json) => {
        delete json.mediaType;
      },
    ],
    [
      "an empty certificate",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial = { certificate: { rawBytes: "" } };
      },
    ],
    [
      "a certificate chain of nothing",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial = { x509CertificateChain: {} };
      },
    ],
    [
      "two kinds of material",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial["certificate"] = {};
      },
    ],
    [
      "no material",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial = {};
      },
    ],
    [
      "a hint that is no text",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial = { publicKey: { hint: 5 } };
      },
    ],
    [
      "key material that is no object",
      "MALFORMED_BUNDLE",
      (json) => {
        json.verificationMaterial = { publicKey: "key" };
      },
    ],
    [
      "a message signature beside the envelope",
      "MALFORMED_BUNDLE",
      (json) => {
        json.messageSignature = {};
      },
    ],
    [
      "a message signature",
      "UNSUPPORTED_FORMAT",
      (json) => {
        Object.assign(json, { dsseEnvelope: undefined, messageSignature: { signature: "AAAA" } });
      },
    ],
    [
      "a certificate larger than any",
      "LIMIT_EXCEEDED",
      (json) => {
        json.verificationMaterial = { certificate: { rawBytes: "A".repeat(100_000) } };
      },
    ],
    [
      "more log entries than anybody writes",
      "LIMIT_EXCEEDED",
      (json) => {
        Object.assign(json.verificationMaterial, { tlogEntries: Array(9).fill({}) });
      },
    ],
    [
      "log entries that are no list",
      "MALFORMED_BUNDLE",
      (json) => {
        Object.assign(json.verificationMaterial, { tlogEntries: { length: 1 } });
      },
    ],
    [
      "another payload type",
      "UNSUPPORTED_FORMAT",
      (json) => {
        json.dsseEnvelope.payloadType = "application/json";
      },
    ],
    [
      "no signature",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.signatures = [];
      },
    ],
    [
      "two signatures",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.signatures.push(json.dsseEnvelope.signatures[0]);
      },
    ],
    [
      "a signature that is no object",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.signatures = [null];
      },
    ],
    [
      "an empty signature",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.signatures = [{ sig: "" }];
      },
    ],
    [
      "a signature that is not DER",
      "WRONG_KEY",
      (json) => {
        json.dsseEnvelope.signatures = [{ sig: "AAAA" }];
      },
    ],
    [
      "a payload that is no base64",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.payload = "%";
      },
    ],
    [
      "no payload",
      "MALFORMED_BUNDLE",
      (json) => {
        json.dsseEnvelope.payload = null;
      },
    ],
    [
      "another payload",
      "WRONG_KEY",
      (json) => {
        json.dsseEnvelope.payload = "e30=";
      },
    ],
  ])("refuses a bundle with %s", (_, code, change) => {
    expect(changed(change)).toMatchObject({ ok: false, code });
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "bundle"],
    ["a list", "[]"],
    ["null", "null"],
    ["deep nesting", "[".repeat(1_000_000)],
    ["members in the prototype only", `{"__proto__":${Buffer.from(bundle).toString()}}`],
  ])("refuses %s", (_, text) => {
    expect(verifier.verifyBundle(Buffer.from(text), [trust("ours", ours)])).toMatchObject({
      ok: false,
      code: "MALFORMED_BUNDLE",
    });
  });

  it("refuses a bundle over the size cap without reading it", () => {
    const padded = Buffer.concat([bundle, Buffer.alloc(MAX_BUNDLE_BYTES, " ")]);
    expect(verifier.verifyBundle(padded, [trust("ours", ours)])).toMatchObject({
      ok: false,
      code: "LIMIT_EXCEEDED",
      reason: expect.stringContaining(String(MAX_BUNDLE_BYTES)),
    });
  });

  it("is not moved by any single damaged byte: refused, or the same signed bytes", () => {
    const trusted = [trust("ours", ours)];
    for (let index = 0; index < bundle.length; index += 1) {
      for (const flip of [0x01, 0x20, 0x80]) {
        const damaged = Uint8Array.from(bundle);
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        const verdict = verifier.verifyBundle(damaged, trusted);
        if (verdict.ok) expect(Buffer.from(verdict.statement)).toEqual(statement);
      }
    }
  });

  it("does not mistake a signature over another payload type for one over a statement", () => {
    const forged = sign("sha256", preAuthEncoding("application/json", statement), ours.privateKey);
    expect(
      changed((json) => {
        json.dsseEnvelope.signatures = [{ sig: forged.toString("base64") }];
      }),
    ).toMatchObject({ ok: false, code: "WRONG_KEY" });
  });

  it("says when no trusted signer could ever match", () => {
    expect(verifier.verifyBundle(bundle, [])).toMatchObject({ ok: false, code: "WRONG_KEY" });
    const keyless: TrustedSigner = {
      method: "keyless",
      name: "ci",
      issuer: "https://issuer.example",
    };
    expect(verifier.verifyBundle(bundle, [keyless])).toMatchObject({
      ok: false,
      code: "WRONG_MATERIAL",
    });
    const broken: TrustedSigner = { method: "key", name: "old", publicKey: "junk" };
    expect(verifier.verifyBundle(bundle, [broken])).toMatchObject({
      ok: false,
      code: "UNSUPPORTED_ALGORITHM",
      reason: expect.stringContaining("old"),
    });
    expect(verifier.verifyBundle(bundle, [broken, keyless, trust("ours", ours)]).ok).toBe(true);
  });
});
