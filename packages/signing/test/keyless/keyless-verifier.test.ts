import { generateKeyPairSync } from "node:crypto";
import type { TrustedSigner } from "@floe/core/ports";
import { startSigstore, type TestSigstore } from "@floe/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createKeySigner,
  createVerifier,
  type KeylessEngine,
  publicKeyPem,
} from "../../src/index.ts";
import { engineOf, ISSUER, STATEMENT, SUBJECT, signerOf, trust } from "./keyless-loop.ts";

const call = { signal: AbortSignal.timeout(120_000) };

interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    certificate?: { rawBytes: string };
    publicKey?: { hint: string };
    tlogEntries?: Record<string, unknown>[];
    timestampVerificationData?: { rfc3161Timestamps?: unknown[] };
  };
  dsseEnvelope: { payload: string; signatures: { sig: string }[] };
}

let sigstore: TestSigstore;
let other: TestSigstore;
let engine: KeylessEngine;
let bundle: Uint8Array;

beforeAll(async () => {
  sigstore = await startSigstore();
  other = await startSigstore();
  engine = await engineOf(sigstore.trustedRoot, { withRegex: true });
  bundle = await (await signerOf(sigstore)).sign(STATEMENT, call);
});

afterAll(async () => {
  await sigstore[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

function verdictOf(bytes: Uint8Array, trusted: readonly TrustedSigner[] = [trust()]) {
  const verdict = createVerifier({ keyless: engine }).verifyBundle(bytes, trusted);
  // Nothing of the library's own words, and nothing of JavaScript's.
  if (!verdict.ok) expect(verdict.reason).not.toMatch(/undefined|Cannot read|expected \d|\[object/);
  return verdict;
}

function changed(change: (json: BundleJson) => void): Uint8Array {
  const json = JSON.parse(Buffer.from(bundle).toString()) as BundleJson;
  change(json);
  return Buffer.from(JSON.stringify(json));
}

describe("whose signature counts", () => {
  test.each<[string, string | undefined, Parameters<typeof trust>[0]]>([
    ["the subject", undefined, {}],
    ["one character less", "IDENTITY_MISMATCH", { subject: SUBJECT.slice(0, -1) }],
    ["one character more", "IDENTITY_MISMATCH", { subject: `${SUBJECT}0` }],
    ["one character less at the beginning", "IDENTITY_MISMATCH", { subject: SUBJECT.slice(1) }],
    ["another case", "IDENTITY_MISMATCH", { subject: SUBJECT.toUpperCase() }],
    ["what is an expression elsewhere", "IDENTITY_MISMATCH", { subject: ".*" }],
    ["another issuer", "ISSUER_MISMATCH", { issuer: `${ISSUER}/` }],
    ["an issuer of one character less", "ISSUER_MISMATCH", { issuer: ISSUER.slice(0, -1) }],
    ["an expression for an issuer", "ISSUER_MISMATCH", { issuer: ".*" }],
    [
      "a pattern",
      undefined,
      { subjectPattern: "https://github.com/acme/app/.github/workflows/*@refs/tags/*" },
    ],
    [
      "a pattern that ends too early",
      "IDENTITY_MISMATCH",
      { subjectPattern: "https://github.com/acme/app/*" },
    ],
    ["a pattern that crosses", undefined, { subjectPattern: "https://github.com/acme/**" }],
    [
      "an expression",
      undefined,
      { subjectRegex: "https://github\\.com/acme/.*@refs/tags/v[0-9.]+" },
    ],
    [
      "an expression for a part",
      "IDENTITY_MISMATCH",
      { subjectRegex: "https://github\\.com/acme/app" },
    ],
    [
      "an expression with an alternative",
      "IDENTITY_MISMATCH",
      { subjectRegex: "x|https://github" },
    ],
    ["no expression", "IDENTITY_MISMATCH", { subjectRegex: "(" }],
  ])("%s", (_, code, changes) => {
    const verdict = verdictOf(bundle, [trust(changes)]);
    expect(verdict.ok ? undefined : verdict.code).toBe(code);
  });

  test("nobody, where a signer names no subject at all", () => {
    const nobody: TrustedSigner = { method: "keyless", name: "all", issuer: ISSUER };
    expect(verdictOf(bundle, [nobody])).toMatchObject({ ok: false, code: "IDENTITY_MISMATCH" });
  });

  test("no expression, where the engine was loaded without", async () => {
    const verifier = createVerifier({ keyless: await engineOf(sigstore.trustedRoot) });
    expect(verifier.verifyBundle(bundle, [trust({ subjectRegex: ".*" })])).toMatchObject({
      ok: false,
      code: "IDENTITY_MISMATCH",
    });
  });

  test("who is named goes before a pattern, whatever the order", () => {
    const named = trust({ name: "release" });
    const pattern = trust({ name: "all of acme", subjectPattern: "**" });
    expect(verdictOf(bundle, [pattern, named])).toMatchObject({ ok: true, name: "release" });
    expect(verdictOf(bundle, [pattern])).toMatchObject({ ok: true, name: "all of acme" });
  });

  test("a refusal shows both subjects and the first part that differs", () => {
    const verdict = verdictOf(bundle, [trust({ subject: SUBJECT.replace("release", "relaese") })]);
    if (verdict.ok) throw new Error("accepted");
    expect(verdict.reason).toContain(SUBJECT);
    expect(verdict.reason).toContain('"release.yml@" where "relaese.yml@" is wanted');
    const longer = verdictOf(bundle, [trust({ subject: SUBJECT.slice(0, -4) })]);
    expect(longer).toMatchObject({ reason: expect.stringContaining("differ first in") });
  });
});

describe("what a bundle is signed with", () => {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key: TrustedSigner = {
    method: "key",
    name: "key",
    publicKey: publicKeyPem(keys.publicKey),
  };

  test("a certificate does not do where a key is wanted", () => {
    expect(verdictOf(bundle, [key])).toMatchObject({ ok: false, code: "WRONG_MATERIAL" });
    expect(verdictOf(bundle, [])).toMatchObject({ ok: false, code: "WRONG_MATERIAL" });
    expect(verdictOf(bundle, [key, trust()])).toMatchObject({ ok: true, name: "ci" });
  });

  test("a key does not do where a certificate is wanted", async () => {
    const signed = await createKeySigner({ privateKey: keys.privateKey }).sign(STATEMENT, call);
    expect(verdictOf(signed)).toMatchObject({ ok: false, code: "WRONG_MATERIAL" });
    expect(verdictOf(signed, [trust(), key])).toMatchObject({
      ok: true,
      name: "key",
      time: null,
      logged: false,
    });
  });

  test("a certificate that is swapped for a hint is a key that nobody knows", () => {
    const swapped = changed((json) => {
      json.verificationMaterial = { publicKey: { hint: "" } };
    });
    expect(verdictOf(swapped)).toMatchObject({ ok: false, code: "WRONG_MATERIAL" });
    expect(verdictOf(swapped, [key])).toMatchObject({ ok: false, code: "WRONG_KEY" });
  });
});

describe("what must be there", () => {
  const material = (change: (material: BundleJson["verificationMaterial"]) => void) =>
    changed((json) => change(json.verificationMaterial));

  test.each<[string, string, () => Uint8Array]>([
    ["the log entry", "TLOG_MISSING", () => material((one) => delete one.tlogEntries)],
    [
      "an entry of another log",
      "TLOG_MISSING",
      () =>
        material((one) => {
          Object.assign(one.tlogEntries?.[0] ?? {}, {
            logId: { keyId: Buffer.alloc(32).toString("base64") },
          });
        }),
    ],
    [
      "a later time of the log",
      "TLOG_MISSING",
      () =>
        material((one) => {
          const entry = one.tlogEntries?.[0] ?? {};
          entry["integratedTime"] = String(Number(entry["integratedTime"]) + 1);
        }),
    ],
    [
      "the same entry twice",
      "TIMESTAMP_MISSING",
      () =>
        material((one) => {
          one.tlogEntries?.push(one.tlogEntries[0] ?? {});
        }),
    ],
    [
      "the proof of the log",
      "MALFORMED_BUNDLE",
      () => material((one) => delete one.tlogEntries?.[0]?.["inclusionProof"]),
    ],
    [
      "any time",
      "TIMESTAMP_MISSING",
      () =>
        material((one) => {
          delete one.timestampVerificationData;
          delete one.tlogEntries?.[0]?.["inclusionPromise"];
        }),
    ],
    [
      "a timestamp that is one",
      "MALFORMED_BUNDLE",
      () =>
        material((one) => {
          one.timestampVerificationData = { rfc3161Timestamps: [{ signedTimestamp: "AAAA" }] };
        }),
    ],
    [
      "the certificate",
      "MALFORMED_BUNDLE",
      () =>
        material((one) => {
          one.certificate = { rawBytes: "AAAA" };
        }),
    ],
    [
      "the payload",
      "SIGNATURE_INVALID",
      () =>
        changed((json) => {
          json.dsseEnvelope.payload = Buffer.from(STATEMENT).toString("base64").replace("Q", "R");
        }),
    ],
  ])("refused without %s", (_, code, make) => {
    expect(verdictOf(make())).toMatchObject({ ok: false, code });
  });

  test("a timestamp of another instance is no time", async () => {
    const foreign = JSON.parse(
      Buffer.from(await (await signerOf(other)).sign(STATEMENT, call)).toString(),
    ) as BundleJson;
    const mixed = material((one) => {
      if (foreign.verificationMaterial.timestampVerificationData)
        one.timestampVerificationData = foreign.verificationMaterial.timestampVerificationData;
    });
    expect(verdictOf(mixed)).toMatchObject({ ok: false, code: "TIMESTAMP_MISSING" });
  });

  test("another sigstore instance is not this one", async () => {
    const foreign = await (await signerOf(other)).sign(STATEMENT, call);
    expect(verdictOf(foreign)).toMatchObject({ ok: false, code: "UNTRUSTED_ROOT" });
  });

  test("a certificate that no certificate log has", async () => {
    const root = JSON.parse(sigstore.trustedRoot) as { ctlogs: unknown };
    root.ctlogs = (JSON.parse(other.trustedRoot) as typeof root).ctlogs;
    const verifier = createVerifier({ keyless: await engineOf(JSON.stringify(root)) });
    expect(verifier.verifyBundle(bundle, [trust()])).toMatchObject({
      ok: false,
      code: "SCT_MISSING",
    });
  });

  test("a signature from outside the life of its certificate", async () => {
    const hourAgo = new Date(Date.now() - 3_600_000);
    await using past = await startSigstore({ certificatesFrom: hourAgo });
    const late = await (await signerOf(past)).sign(STATEMENT, call);
    const verifier = createVerifier({ keyless: await engineOf(past.trustedRoot) });
    const verdict = verifier.verifyBundle(late, [trust()]);
    expect(verdict).toMatchObject({ ok: false, code: "CERT_EXPIRED_AT_SIGNING" });
  });

  test("an authority that was not trusted yet", async () => {
    const root = JSON.parse(sigstore.trustedRoot) as {
      certificateAuthorities: { validFor: { start: string } }[];
    };
    for (const authority of root.certificateAuthorities)
      authority.validFor.start = new Date(Date.now() + 3_600_000).toISOString();
    const verifier = createVerifier({ keyless: await engineOf(JSON.stringify(root)) });
    expect(verifier.verifyBundle(bundle, [trust()])).toMatchObject({
      ok: false,
      code: "UNTRUSTED_ROOT",
    });
  });
});

describe("hostile bytes", () => {
  test("a certificate's bundle that ends anywhere is refused", () => {
    for (let end = 0; end < bundle.length; end += 97)
      expect(verdictOf(bundle.subarray(0, end))).toMatchObject({
        ok: false,
        code: "MALFORMED_BUNDLE",
      });
  });

  test("a byte that is changed is refused, or changes nothing that is signed", () => {
    for (let index = 0; index < bundle.length; index += 31) {
      const damaged = Uint8Array.from(bundle);
      damaged[index] = (damaged[index] ?? 0) ^ 0x04;
      const verdict = verdictOf(damaged);
      if (verdict.ok) expect(Buffer.from(verdict.statement)).toEqual(Buffer.from(STATEMENT));
    }
  });

  test("of a name that is written twice, everybody sees the last", () => {
    const text = Buffer.from(bundle).toString();
    const forged = `{"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]},${text.slice(1)}`;
    const verdict = verdictOf(Buffer.from(forged));
    expect(verdict.ok && Buffer.from(verdict.statement).equals(Buffer.from(STATEMENT))).toBe(true);
    const last = `${text.slice(0, -1)},"dsseEnvelope":{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AAAA"}]}}`;
    expect(verdictOf(Buffer.from(last)).ok).toBe(false);
  });

  test("what is in a prototype is nowhere", () => {
    const text = Buffer.from(bundle).toString();
    expect(verdictOf(Buffer.from(`{"__proto__":${text}}`))).toMatchObject({
      ok: false,
      code: "MALFORMED_BUNDLE",
    });
    const material = changed((json) => {
      const { verificationMaterial } = json;
      json.verificationMaterial = JSON.parse(
        `{"__proto__":${JSON.stringify(verificationMaterial)}}`,
      ) as BundleJson["verificationMaterial"];
    });
    expect(verdictOf(material)).toMatchObject({ ok: false, code: "MALFORMED_BUNDLE" });
  });

  test("nested DER does not end the process", () => {
    const deep = Buffer.alloc(30_000, 0x30);
    for (let at = 1; at < deep.length; at += 2) deep[at] = 0x80;
    const nested = changed((json) => {
      json.verificationMaterial.certificate = { rawBytes: deep.toString("base64") };
    });
    expect(verdictOf(nested)).toMatchObject({ ok: false, code: "MALFORMED_BUNDLE" });
  });
});
