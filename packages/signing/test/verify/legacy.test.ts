import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { digestOf, EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import { preAuthEncoding } from "../../src/bundle/pae.ts";
import {
  createArtifactVerifier,
  createKeySigner,
  publicKeyPem,
  signArtifact,
  writeStatement,
} from "../../src/index.ts";
import type { VerificationPolicy } from "../../src/verify/artifact-keys.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const ours = generateKeyPairSync("ec", { namedCurve: "P-256" });
const theirs = generateKeyPairSync("rsa", { modulusLength: 2048 });
const verifier = createArtifactVerifier({ now: () => new Date("2026-03-10T00:00:00Z") });
const PROVENANCE = "https://slsa.dev/provenance/v1";
const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";

function policy(change: Partial<VerificationPolicy> = {}): VerificationPolicy {
  return {
    enforcement: "enforce",
    keys: [{ name: "ours.pub", publicKey: publicKeyPem(ours.publicKey), retiredAt: null }],
    trustedIssuers: [],
    require: [],
    requireRekor: true,
    requireSbom: false,
    requirePromotionFrom: null,
    gracePeriodDays: 7,
    formats: ["bundle", "legacy"],
    ...change,
  };
}

interface Layer {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  readonly annotations?: Readonly<Record<string, string>>;
}

function simpleSigning(
  digest: string,
  key: KeyObject,
  { type = "cosign container image signature", annotations = {} } = {},
): Layer {
  const bytes = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { "docker-reference": "example.com/anything" },
        image: { "docker-manifest-digest": digest },
        type,
      },
      optional: null,
    }),
  );
  const signature = sign("sha256", bytes, key).toString("base64");
  return {
    mediaType: SIMPLE_SIGNING,
    bytes,
    annotations: { "dev.cosignproject.cosign/signature": signature, ...annotations },
  };
}

function envelope(digest: string, predicateType: string, key: KeyObject): Layer {
  const statement = writeStatement({ subject: digest as never, predicateType });
  const sig = sign("sha256", preAuthEncoding(MEDIA_TYPES.inToto, statement), key);
  const json = {
    payloadType: MEDIA_TYPES.inToto,
    payload: Buffer.from(statement).toString("base64"),
    signatures: [{ keyid: "", sig: sig.toString("base64") }],
  };
  return {
    mediaType: "application/vnd.dsse.envelope.v1+json",
    bytes: Buffer.from(JSON.stringify(json)),
    annotations: { predicateType },
  };
}

async function putTag(store: ArtifactStore, tag: string, ...layers: readonly Layer[]) {
  await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, call);
  const described = [];
  for (const { mediaType, bytes, annotations } of layers) {
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await store.putBlob(descriptor, bytes, call);
    described.push({ ...descriptor, annotations });
  }
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: EMPTY_DESCRIPTOR,
    layers: described,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await store.moveTag(tag, { bytes, mediaType: MEDIA_TYPES.ociManifest }, call);
}

async function given() {
  const store = createMemoryStore();
  const artifact = await storeArtifact(store);
  const { digest } = artifact.descriptor;
  const tag = `sha256-${digest.slice("sha256:".length)}`;
  return {
    ...{ store, artifact, digest },
    sig: (...layers: Layer[]) => putTag(store, `${tag}.sig`, ...layers),
    att: (...layers: Layer[]) => putTag(store, `${tag}.att`, ...layers),
    verify: (change: Partial<VerificationPolicy> = {}) =>
      verifier.verifyArtifact(store, artifact, policy(change), call),
  };
}

describe("a signature in the legacy format", () => {
  it.each([
    ["ECDSA", ours],
    ["RSA", theirs],
  ] as const)("by an %s key is accepted where the format is listed", async (_, pair) => {
    const { digest, sig, verify } = await given();
    await sig(simpleSigning(digest, pair.privateKey));
    const keys = [{ name: "it.pub", publicKey: publicKeyPem(pair.publicKey), retiredAt: null }];
    for (const formats of [["legacy"], ["bundle", "legacy"]] as const)
      expect(await verify({ keys, formats })).toMatchObject({
        status: "valid",
        signerIdentity: "it.pub",
      });
  });

  it("is refused where it is not listed, and the refusal says that it is there", async () => {
    const { digest, sig, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    const result = await verify({ formats: ["bundle"] });
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [{ code: "NONE_ACCEPTED", candidates: [{ code: "UNSUPPORTED_FORMAT" }] }],
    });
    expect(result.failureReason).toContain("which verification.formats does not list");
  });

  it("does not hide behind a bundle by a stranger, nor the reverse", async () => {
    const { store, artifact, digest, sig, verify } = await given();
    const stranger = createKeySigner({ privateKey: theirs.privateKey });
    await signArtifact({ store, artifact, signer: stranger }, call);
    await sig(
      simpleSigning(digest, theirs.privateKey),
      { mediaType: "application/octet-stream", bytes: Buffer.from("junk") },
      simpleSigning(digest, ours.privateKey),
    );
    expect(await verify()).toMatchObject({ status: "valid", signerIdentity: "ours.pub" });
  });

  it.each<[string, (digest: string) => Layer, string]>([
    ["by a stranger", (digest) => simpleSigning(digest, theirs.privateKey), "WRONG_KEY"],
    [
      "of another digest",
      () => simpleSigning(digestOf("other"), ours.privateKey),
      "SUBJECT_MISMATCH",
    ],
    [
      "of another type",
      (digest) => simpleSigning(digest, ours.privateKey, { type: "atomic container signature" }),
      "MALFORMED_BUNDLE",
    ],
    [
      "that says something else than what was signed",
      (digest) => ({
        ...simpleSigning(digestOf("other"), ours.privateKey),
        bytes: simpleSigning(digest, ours.privateKey).bytes,
      }),
      "WRONG_KEY",
    ],
    [
      "with a certificate",
      (digest) =>
        simpleSigning(digest, ours.privateKey, {
          annotations: { "dev.sigstore.cosign/certificate": "-----BEGIN CERTIFICATE-----" },
        }),
      "UNSUPPORTED_FORMAT",
    ],
    [
      "without a signature",
      (digest) => ({ ...simpleSigning(digest, ours.privateKey), annotations: {} }),
      "MALFORMED_BUNDLE",
    ],
    [
      "of another media type",
      (digest) => ({ ...simpleSigning(digest, ours.privateKey), mediaType: "text/plain" }),
      "UNSUPPORTED_FORMAT",
    ],
  ])("%s is refused", async (_, layer, code) => {
    const { digest, sig, verify } = await given();
    await sig(layer(digest));
    expect(await verify()).toMatchObject({
      status: "invalid",
      requirements: [{ code: "NONE_ACCEPTED", candidates: [{ code }] }],
    });
  });

  it("by a retired key is refused as that", async () => {
    const { digest, sig, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    const keys = policy().keys.map((key) => ({ ...key, retiredAt: new Date("2026-01-01") }));
    const result = await verify({ keys });
    expect(result.requirements[0]?.candidates[0]).toMatchObject({ code: "KEY_RETIRED" });
  });

  it("is never looked at because the referrers could not be read", async () => {
    const { store, digest, sig, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    store.fail(({ operation }) => operation === "referrers");
    expect(await verify()).toMatchObject({
      status: "unknown",
      requirements: [{ code: "REFERRERS_UNAVAILABLE" }],
      trouble: { code: "FLOE_REGISTRY_UNAVAILABLE" },
    });
  });

  it("that cannot be fetched is trouble, not none", async () => {
    const { store, digest, sig, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    store.fail(({ operation }) => operation === "getBlob");
    expect(await verify()).toMatchObject({ status: "unknown" });
  });
});

describe("an attestation in the legacy format", () => {
  const require = [{ type: PROVENANCE, signers: null, threshold: 1 }];

  it("is accepted by what is signed, not by its annotation", async () => {
    const { digest, sig, att, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    await att({ ...envelope(digest, PROVENANCE, ours.privateKey), annotations: {} });
    expect(await verify({ require })).toMatchObject({ status: "valid" });
    await att({
      ...envelope(digest, "https://example.com/x", ours.privateKey),
      annotations: { predicateType: PROVENANCE },
    });
    expect(await verify({ require })).toMatchObject({
      status: "invalid",
      requirements: [{ status: "satisfied" }, { code: "NO_ATTESTATION_OF_TYPE" }],
    });
  });

  it("by a stranger, of another digest, or broken is refused", async () => {
    const { digest, sig, att, verify } = await given();
    await sig(simpleSigning(digest, ours.privateKey));
    const good = envelope(digest, PROVENANCE, ours.privateKey);
    for (const [layer, code] of [
      [envelope(digest, PROVENANCE, theirs.privateKey), "WRONG_KEY"],
      [envelope(digestOf("other"), PROVENANCE, ours.privateKey), "SUBJECT_MISMATCH"],
      [{ ...good, bytes: good.bytes.subarray(0, 50) }, "MALFORMED_BUNDLE"],
      [{ ...good, bytes: Buffer.from("[]") }, "MALFORMED_BUNDLE"],
    ] as const) {
      await att(layer);
      expect(await verify({ require })).toMatchObject({
        status: "invalid",
        requirements: [{}, { code: "NONE_ACCEPTED", candidates: [{ code }] }],
      });
    }
  });

  it("is never taken for the signature", async () => {
    const { digest, att, verify } = await given();
    await att(envelope(digest, PROVENANCE, ours.privateKey));
    expect(await verify({ require })).toMatchObject({ status: "unsigned" });
  });
});
