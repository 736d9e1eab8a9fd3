import { generateKeyPairSync } from "node:crypto";
import { FloeError } from "@floe/core/errors";
import {
  digestOf,
  EMPTY_BLOB,
  EMPTY_DESCRIPTOR,
  MEDIA_TYPES,
  type RawManifest,
} from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import {
  attachStatement,
  COSIGN_SIGN_PREDICATE_TYPE,
  createArtifactVerifier,
  createKeySigner,
  keyId,
  MAX_REFERRERS,
  publicKeyPem,
  signArtifact,
  writeStatement,
} from "../../src/index.ts";
import type { VerificationPolicy } from "../../src/verify/artifact-keys.ts";
import { cosignFixture } from "../cosign-fixture.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const ours = generateKeyPairSync("ec", { namedCurve: "P-256" });
const theirs = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signer = createKeySigner({ privateKey: ours.privateKey });
const stranger = createKeySigner({ privateKey: theirs.privateKey });
const NOW = new Date("2026-03-10T00:00:00Z");
const verifier = createArtifactVerifier({ now: () => NOW });

function key(name: string, pair: Pick<typeof ours, "publicKey">, retiredAt: string | null = null) {
  return {
    name,
    publicKey: publicKeyPem(pair.publicKey),
    retiredAt: retiredAt === null ? null : new Date(retiredAt),
  };
}

function policy(change: Partial<VerificationPolicy> = {}): VerificationPolicy {
  return {
    enforcement: "enforce",
    keys: [key("keys/artifact.pub", ours)],
    trustedIssuers: [],
    require: [],
    requireRekor: true,
    requireSbom: false,
    requirePromotionFrom: null,
    gracePeriodDays: 7,
    formats: ["bundle"],
    ...change,
  };
}

async function given(...signers: (typeof signer)[]) {
  const store = createMemoryStore();
  const artifact = await storeArtifact(store);
  for (const one of signers) await signArtifact({ store, artifact, signer: one }, call);
  return { store, artifact };
}

async function attach(
  store: ArtifactStore,
  subject: RawManifest,
  predicateType: string,
  one = signer,
  annotations: Readonly<Record<string, string>> = {},
) {
  const statement = writeStatement({ subject: subject.descriptor.digest, predicateType });
  return await attachStatement(
    { store, subject, predicateType, content: { statement, signer: one }, annotations },
    call,
  );
}

const SIGNER = {
  name: "keys/artifact.pub",
  issuer: null,
  subject: null,
  time: null,
  logged: false,
};

const VALID = {
  status: "valid",
  signerIdentity: "keys/artifact.pub",
  issuer: null,
  rekorVerified: false,
  verifiedAt: NOW,
  failureReason: null,
  requirements: [
    {
      type: "signature",
      threshold: 1,
      status: "satisfied",
      satisfiedBy: [SIGNER],
      code: null,
      reason: null,
    },
  ],
  trustRoot: null,
  trouble: null,
  warnings: [],
};

describe("createArtifactVerifier", () => {
  it("accepts a signature by a key of the policy and names the key", async () => {
    const { store, artifact } = await given(signer);
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject(VALID);
    const keys = [key("first", theirs), key("keys/artifact.pub", ours)];
    expect(await verifier.verifyArtifact(store, artifact, policy({ keys }), call)).toMatchObject(
      VALID,
    );
  });

  it("accepts what cosign attached, under a listing as cosign writes it", async () => {
    const store = createMemoryStore();
    await store.putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, call);
    const bytes = cosignFixture("sign.manifest");
    const descriptor = await store.putManifest({ bytes, mediaType: MEDIA_TYPES.ociManifest }, call);
    const artifact = { bytes, descriptor };
    await attachStatement(
      {
        store,
        subject: artifact,
        predicateType: "?",
        content: { bundle: cosignFixture("sign.bundle") },
      },
      call,
    );
    const keys = [
      { name: "cosign.pub", publicKey: cosignFixture("cosign.pub").toString(), retiredAt: null },
    ];
    expect(await verifier.verifyArtifact(store, artifact, policy({ keys }), call)).toMatchObject({
      status: "valid",
      signerIdentity: "cosign.pub",
    });
  });

  it("asks nothing of the registry when enforcement is off", async () => {
    const { store, artifact } = await given();
    const { requests } = store.stats;
    const result = await verifier.verifyArtifact(
      store,
      artifact,
      policy({ enforcement: "off" }),
      call,
    );
    expect(result).toMatchObject({ status: "skipped", failureReason: null, signerIdentity: null });
    expect(store.stats.requests).toBe(requests);
  });

  it("calls an artifact without referrers unsigned, under warn too", async () => {
    const { store, artifact } = await given();
    for (const enforcement of ["enforce", "warn"] as const)
      expect(
        await verifier.verifyArtifact(store, artifact, policy({ enforcement }), call),
      ).toMatchObject({
        status: "unsigned",
        failureReason: "the artifact has no signature",
      });
  });

  it("never takes an attestation or a record by the right key for a signature", async () => {
    const { store, artifact } = await given();
    await attach(store, artifact, "https://spdx.dev/Document");
    await attach(store, artifact, "https://floe.dev/attestation/promotion/v1");
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result.status).toBe("unsigned");
    expect(result.failureReason).toContain('"https://spdx.dev/Document"');
    expect(result.failureReason).toContain('"https://floe.dev/attestation/promotion/v1"');
  });

  it("does not believe the annotation that calls an attestation a signature", async () => {
    const { store, artifact } = await given();
    const statement = writeStatement({
      subject: artifact.descriptor.digest,
      predicateType: "https://example.com/p",
    });
    await attachStatement(
      {
        store,
        subject: artifact,
        predicateType: COSIGN_SIGN_PREDICATE_TYPE,
        content: { statement, signer },
      },
      call,
    );
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result.status).toBe("invalid");
    expect(result.failureReason).toContain(
      `WRONG_PREDICATE_TYPE: its annotation calls it "${COSIGN_SIGN_PREDICATE_TYPE}", and what is signed is "https://example.com/p"`,
    );
  });

  it("finds the signature behind an annotation that calls it something else", async () => {
    const { store, artifact } = await given();
    const statement = writeStatement({
      subject: artifact.descriptor.digest,
      predicateType: COSIGN_SIGN_PREDICATE_TYPE,
    });
    const content = { statement, signer };
    await attachStatement(
      { store, subject: artifact, predicateType: "https://example.com/p", content },
      call,
    );
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject(VALID);
  });

  it("refuses a signature by another key and shows both fingerprints", async () => {
    const { store, artifact } = await given(stranger);
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result).toMatchObject({ status: "invalid", signerIdentity: null });
    expect(result.failureReason).toContain("WRONG_KEY");
    expect(result.failureReason).toContain(keyId(theirs.publicKey));
    expect(result.failureReason).toContain(keyId(ours.publicKey));
  });

  it("refuses a genuine signature of another artifact and says of which", async () => {
    const { store, artifact } = await given();
    const other = await storeArtifact(store, "other");
    const { bundleBytes } = await signArtifact({ store, artifact: other, signer }, call);
    const content = { bundle: bundleBytes };
    await attachStatement(
      { store, subject: artifact, predicateType: COSIGN_SIGN_PREDICATE_TYPE, content },
      call,
    );
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result.status).toBe("invalid");
    expect(result.failureReason).toContain(
      `SUBJECT_MISMATCH: signed for ${other.descriptor.digest}, not ${artifact.descriptor.digest}`,
    );
  });

  it("refuses bytes that are not those of the artifact's digest, whatever is attached to it", async () => {
    const { store, artifact } = await given(signer);
    const swapped = { bytes: Buffer.from("{}"), descriptor: artifact.descriptor };
    expect(await verifier.verifyArtifact(store, swapped, policy(), call)).toMatchObject({
      status: "invalid",
    });
  });

  it("finds the good signature among bad ones", async () => {
    const { store, artifact } = await given(stranger, signer, stranger);
    const junk = { bundle: Buffer.from("junk") };
    await attachStatement(
      { store, subject: artifact, predicateType: COSIGN_SIGN_PREDICATE_TYPE, content: junk },
      call,
    );
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject(VALID);
  });

  it("stops reading when it has what it needs: records cost no request", async () => {
    const { store, artifact } = await given(signer);
    for (let index = 0; index < 5; index += 1)
      await attach(store, artifact, `https://floe.dev/attestation/record-${index}/v1`);
    const { requests } = store.stats;
    await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(store.stats.requests - requests).toBe(3);
  });

  it("lists at most five reasons however many referrers are planted", async () => {
    const { store, artifact } = await given();
    for (let index = 0; index < 7; index += 1)
      await attach(store, artifact, COSIGN_SIGN_PREDICATE_TYPE, stranger, { n: `${index}` });
    const { failureReason, requirements } = await verifier.verifyArtifact(
      store,
      artifact,
      policy(),
      call,
    );
    expect(failureReason?.match(/WRONG_KEY/g)).toHaveLength(5);
    expect(failureReason).toContain("and 2 more");
    expect(requirements[0]?.candidates).toHaveLength(7);
  });

  it("shows nothing of a planted bundle raw", async () => {
    const { store, artifact } = await given();
    const predicateType = "https://example.com/\u001b[2J\u202e";
    await attach(store, artifact, predicateType, stranger);
    const { failureReason } = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(failureReason).toContain("\\u001b[2J\\u202e");
    expect(failureReason).not.toContain("\u001b");
  });
});

describe("retired keys", () => {
  it.each([
    ["before it retires", "2026-03-11T00:00:00Z", "valid", 0],
    ["within its grace period", "2026-03-05T00:00:00Z", "valid", 1],
    ["in the last moment of its grace period", "2026-03-03T00:00:00Z", "valid", 1],
    ["a moment after its grace period", "2026-03-02T23:59:59.999Z", "invalid", 0],
  ] as const)("judges a key %s", async (_, retiredAt, status, warnings) => {
    const { store, artifact } = await given(signer);
    const keys = [key("old", ours, retiredAt), key("new", theirs)];
    const result = await verifier.verifyArtifact(store, artifact, policy({ keys }), call);
    expect(result.status).toBe(status);
    expect(result.warnings).toHaveLength(warnings);
    if (warnings > 0) expect(result.warnings[0]).toContain("signed with the retired key old");
    if (status === "invalid")
      expect(result.failureReason).toContain(
        "signed with old, which is retired and past its grace",
      );
  });

  it("gives no grace when the period is zero", async () => {
    const { store, artifact } = await given(signer);
    const keys = [key("old", ours, "2026-03-09T00:00:00Z")];
    expect(
      await verifier.verifyArtifact(store, artifact, policy({ keys, gracePeriodDays: 0 }), call),
    ).toMatchObject({ status: "invalid" });
  });

  it("prefers the signature of a key in use over one of a retired key", async () => {
    const { store, artifact } = await given(signer, stranger, signer);
    const keys = [key("old", ours, "2026-03-09T00:00:00Z"), key("new", theirs)];
    expect(await verifier.verifyArtifact(store, artifact, policy({ keys }), call)).toMatchObject({
      status: "valid",
      signerIdentity: "new",
      warnings: [],
    });
  });
});

describe("what cannot be judged", () => {
  const issuers = [{ issuer: "https://issuer.example", subject: "ci" }];

  it.each<[string, Partial<VerificationPolicy>, string]>([
    ["the policy names nobody", { keys: [] }, "neither a public key nor a trusted issuer"],
    [
      "no key can be read",
      { keys: [{ name: "k", publicKey: "junk", retiredAt: null }] },
      "the key k cannot be used",
    ],
    [
      "no key matches, and another cannot be read",
      { keys: [key("x", theirs), { name: "k", publicKey: "junk", retiredAt: null }] },
      "the key k cannot be used",
    ],
  ])("is unknown, never valid, when %s", async (_, change, part) => {
    const { store, artifact } = await given(signer);
    const result = await verifier.verifyArtifact(store, artifact, policy(change), call);
    expect(result).toMatchObject({
      status: "unknown",
      signerIdentity: null,
      verifiedAt: null,
      trouble: null,
      requirements: [{ status: "unjudged", code: "SIGNERS_UNUSABLE" }],
    });
    expect(result.failureReason).toContain(part);
  });

  it("is not asked of the registry when nobody is trusted", async () => {
    const { store, artifact } = await given(signer);
    const { requests } = store.stats;
    await verifier.verifyArtifact(store, artifact, policy({ keys: [] }), call);
    expect(store.stats.requests).toBe(requests);
  });

  it("is valid when a key matches, whatever else would have been accepted or is broken", async () => {
    const { store, artifact } = await given(signer);
    const change: Partial<VerificationPolicy> = {
      trustedIssuers: issuers,
      formats: ["legacy", "bundle"],
      requirePromotionFrom: "staging",
      keys: [{ name: "broken", publicKey: "junk", retiredAt: null }, ...policy().keys],
    };
    const result = await verifier.verifyArtifact(store, artifact, policy(change), call);
    expect(result).toMatchObject({ status: "valid", signerIdentity: "keys/artifact.pub" });
    expect(result.warnings).toEqual([expect.stringContaining("the key broken cannot be used")]);
  });

  it("is unsigned without referrers even where issuers are trusted", async () => {
    const { store, artifact } = await given();
    expect(
      await verifier.verifyArtifact(store, artifact, policy({ trustedIssuers: issuers }), call),
    ).toMatchObject({ status: "unsigned" });
  });

  it.each(["referrers", "getManifest", "getBlob"])("is unknown when %s fails", async (failing) => {
    const { store, artifact } = await given(signer);
    store.fail(({ operation }) => operation === failing);
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result).toMatchObject({
      status: "unknown",
      requirements: [{ status: "unjudged", code: "REFERRERS_UNAVAILABLE" }],
      trouble: { code: "FLOE_REGISTRY_UNAVAILABLE" },
    });
    expect(result.failureReason).toMatch(/could not be read/);
  });

  it("gives up after eight referrers that the registry does not give", async () => {
    const { store, artifact } = await given();
    for (let index = 0; index < 40; index += 1)
      await attach(store, artifact, COSIGN_SIGN_PREDICATE_TYPE, signer, { n: `${index}` });
    const { requests } = store.stats;
    store.fail(({ operation }) => operation === "getManifest");
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result.status).toBe("unknown");
    expect(store.stats.requests - requests).toBeLessThanOrEqual(1 + 8);
  });

  it("still finds the good signature when only another referrer cannot be read", async () => {
    const { store, artifact } = await given(signer);
    const { bundle } = await attachStatement(
      {
        store,
        subject: artifact,
        predicateType: COSIGN_SIGN_PREDICATE_TYPE,
        content: { bundle: Buffer.from("junk") },
      },
      call,
    );
    store.fail(({ operation, target }) =>
      operation === "getBlob" && target === bundle.digest
        ? new FloeError({ code: "FLOE_REGISTRY_UNAVAILABLE", message: "503" })
        : undefined,
    );
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject(VALID);
  });

  it("is unknown when more is attached than is read", async () => {
    const { store, artifact } = await given();
    const layer = { mediaType: MEDIA_TYPES.sigstoreBundle, digest: digestOf("{}"), size: 2 };
    for (let index = 0; index <= MAX_REFERRERS; index += 1) {
      const manifest = {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: EMPTY_DESCRIPTOR,
        layers: [layer],
        subject: artifact.descriptor,
        annotations: { index: `${index}` },
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      await store.attach({ bytes, mediaType: MEDIA_TYPES.ociManifest }, call);
    }
    const result = await verifier.verifyArtifact(store, artifact, policy(), call);
    expect(result).toMatchObject({
      status: "unknown",
      requirements: [{ code: "LIMIT_EXCEEDED" }],
      trouble: null,
    });
    expect(result.failureReason).toContain(`${MAX_REFERRERS + 1} referrers`);
  });

  it("rejects on an abort and on a bug: neither is a verdict", async () => {
    const { store, artifact } = await given(signer);
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(verifier.verifyArtifact(store, artifact, policy(), { signal })).rejects.toThrow(
      "stop",
    );
    store.fail(() => new TypeError("x is not a function"));
    await expect(verifier.verifyArtifact(store, artifact, policy(), call)).rejects.toThrow(
      TypeError,
    );
  });
});
