import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { EMPTY_DESCRIPTOR, MEDIA_TYPES, type RawManifest } from "@floe/core/model";
import type { ArtifactStore } from "@floe/core/ports";
import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import {
  attachStatement,
  COSIGN_SIGN_PREDICATE_TYPE,
  createArtifactVerifier,
  createKeySigner,
  publicKeyPem,
  writeStatement,
} from "../../src/index.ts";
import type { VerificationPolicy } from "../../src/verify/artifact-keys.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const NOW = new Date("2026-03-10T00:00:00Z");
const verifier = createArtifactVerifier({ now: () => NOW });
const PROVENANCE = "https://slsa.dev/provenance/v1";
const SPDX = "https://spdx.dev/Document";
const CYCLONEDX = "https://cyclonedx.org/bom";

interface Person {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly signer: ReturnType<typeof createKeySigner>;
}

function person(name: string): Person {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { name, publicKey, signer: createKeySigner({ privateKey }) };
}

const [build, release, ci, scanner, stranger] = [
  person("build.pub"),
  person("release.pub"),
  person("ci"),
  person("scanner"),
  person("stranger"),
] as [Person, Person, Person, Person, Person];

function key({ name, publicKey }: Person, retiredAt: Date | null = null) {
  return { name, publicKey: publicKeyPem(publicKey), retiredAt };
}

type Identity = NonNullable<VerificationPolicy["require"][number]["signers"]>[number];

function identity(one: Person, bounds: Partial<Identity> = {}): Identity {
  return {
    name: one.name,
    trusted: { method: "key", name: one.name, publicKey: publicKeyPem(one.publicKey) },
    validFrom: null,
    validUntil: null,
    revokedAt: null,
    ...bounds,
  };
}

function policy(change: Partial<VerificationPolicy> = {}): VerificationPolicy {
  return {
    enforcement: "enforce",
    keys: [key(build), key(release)],
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

async function attach(
  store: ArtifactStore,
  subject: RawManifest,
  predicateType: string,
  by: Person,
  n = "",
) {
  const statement = writeStatement({ subject: subject.descriptor.digest, predicateType });
  const content = { statement, signer: by.signer };
  return await attachStatement(
    { store, subject, predicateType, content, annotations: { n } },
    call,
  );
}

/** An artifact with statements attached: predicate type and who signed it. */
async function given(...statements: readonly (readonly [string, Person])[]) {
  const store = createMemoryStore();
  const artifact = await storeArtifact(store);
  for (const [index, [type, by]] of statements.entries())
    await attach(store, artifact, type, by, `${index}`);
  return {
    store,
    artifact,
    verify: (change: Partial<VerificationPolicy>) =>
      verifier.verifyArtifact(store, artifact, policy(change), call),
  };
}

const SIGN = COSIGN_SIGN_PREDICATE_TYPE;

describe("a required attestation", () => {
  const require = [{ type: PROVENANCE, signers: [identity(ci)], threshold: 1 }];

  it("is required beside the signature, and says who satisfied it", async () => {
    const { verify } = await given([SIGN, build], [PROVENANCE, ci]);
    expect(await verify({ require })).toMatchObject({
      status: "valid",
      signerIdentity: "build.pub",
      requirements: [
        { type: "signature", status: "satisfied", satisfiedBy: [{ name: "build.pub" }] },
        { type: PROVENANCE, status: "satisfied", satisfiedBy: [{ name: "ci" }] },
      ],
    });
  });

  it("that is missing is named, with the types that are there", async () => {
    const { verify } = await given([SIGN, build], [SPDX, build]);
    const result = await verify({ require });
    expect(result).toMatchObject({
      status: "invalid",
      signerIdentity: null,
      requirements: [{ status: "satisfied" }, { status: "failed", code: "NO_ATTESTATION_OF_TYPE" }],
    });
    expect(result.failureReason).toBe(
      `the artifact has no attestation of type "${PROVENANCE}"; what is attached is of other types ("${SPDX}")`,
    );
  });

  it("by somebody else whom the environment trusts does not count", async () => {
    const { verify } = await given([SIGN, build], [PROVENANCE, build]);
    const result = await verify({ require });
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [
        {},
        { status: "failed", code: "NONE_ACCEPTED", candidates: [{ code: "WRONG_KEY" }] },
      ],
    });
  });

  it("does not stand in for the signature, nor the signature for it", async () => {
    const attested = await given([PROVENANCE, ci]);
    expect(await attested.verify({ require })).toMatchObject({
      status: "unsigned",
      requirements: [{ code: "NO_SIGNATURE" }, { status: "satisfied" }],
    });
    const signed = await given([SIGN, ci], [SIGN, build]);
    expect(await signed.verify({ require })).toMatchObject({
      status: "invalid",
      requirements: [{ status: "satisfied" }, { code: "NO_ATTESTATION_OF_TYPE" }],
    });
  });

  it("of another artifact, attached here, is refused as that", async () => {
    const { store, artifact, verify } = await given([SIGN, build]);
    const other = await storeArtifact(store, "other");
    const { bundleBytes } = await attach(store, other, PROVENANCE, ci);
    const content = { bundle: bundleBytes };
    await attachStatement({ store, subject: artifact, predicateType: PROVENANCE, content }, call);
    expect(await verify({ require })).toMatchObject({
      status: "invalid",
      requirements: [{}, { candidates: [{ code: "SUBJECT_MISMATCH" }] }],
    });
  });

  it("that is signed by an identity counts only while the identity holds", async () => {
    const { verify } = await given([SIGN, build], [PROVENANCE, ci]);
    const by = (bounds: Partial<Identity>) =>
      verify({ require: [{ type: PROVENANCE, signers: [identity(ci, bounds)], threshold: 1 }] });
    const late = { candidates: [{ code: "IDENTITY_NOT_VALID" }] };

    expect(await by({ revokedAt: new Date("2026-03-11") })).toMatchObject({ status: "valid" });
    expect(await by({ validUntil: NOW, validFrom: NOW })).toMatchObject({ status: "valid" });
    for (const bounds of [
      { revokedAt: NOW },
      { validUntil: new Date("2026-03-09") },
      { validFrom: new Date("2026-03-11") },
    ])
      expect(await by(bounds)).toMatchObject({ status: "invalid", requirements: [{}, late] });
  });
});

describe("a threshold", () => {
  const two = [{ type: "signature", signers: null, threshold: 2 }];

  it("is met by as many distinct signers, in place of the one signature", async () => {
    const { verify } = await given([SIGN, build], [SIGN, stranger], [SIGN, release]);
    const result = await verify({ require: two });
    expect(result.status).toBe("valid");
    expect(result.requirements).toHaveLength(1);
    expect(result.requirements[0]?.satisfiedBy.map(({ name }) => name).toSorted()).toEqual([
      "build.pub",
      "release.pub",
    ]);
  });

  it("is not met by one who signed twice", async () => {
    const { verify } = await given([SIGN, build], [SIGN, build], [SIGN, stranger]);
    const result = await verify({ require: two });
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [{ code: "THRESHOLD_NOT_MET", satisfiedBy: [{ name: "build.pub" }] }],
    });
    expect(result.failureReason).toMatch(
      /^signature is by 1 of the 2 distinct signers that are needed: build\.pub \(sha256:[0-9a-f]{12} WRONG_KEY: /,
    );
  });

  it("is not met by one key under two names", async () => {
    const { verify } = await given([SIGN, build], [SIGN, build]);
    const keys = [key(build), { ...key(build), name: "copy.pub" }];
    expect(await verify({ keys, require: two })).toMatchObject({
      status: "invalid",
      requirements: [{ code: "THRESHOLD_NOT_MET" }],
    });
  });

  it("counts a retired key in its grace period, with a warning, when nobody else is there", async () => {
    const retired = key(release, new Date("2026-03-09"));
    const { verify } = await given([SIGN, build], [SIGN, release]);
    const result = await verify({ keys: [key(build), retired], require: two });
    expect(result.status).toBe("valid");
    expect(result.warnings).toEqual([expect.stringContaining("retired key release.pub")]);
  });

  it("reads no more than it needs", async () => {
    const { store, verify } = await given([SIGN, build], [SIGN, release], [PROVENANCE, ci]);
    const { requests } = store.stats;
    await verify({ require: two });
    expect(store.stats.requests - requests).toBe(1 + 2 * 2);
  });
});

describe("a required SBOM", () => {
  it.each([SPDX, CYCLONEDX])("is a signed attestation of type %s", async (type) => {
    const { verify } = await given([SIGN, build], [type, release]);
    expect(await verify({ requireSbom: true })).toMatchObject({
      status: "valid",
      requirements: [{}, { type: "sbom", satisfiedBy: [{ name: "release.pub" }] }],
    });
  });

  it.each([
    "application/spdx+json",
    "text/spdx+json",
    "application/vnd.cyclonedx+json",
    "application/vnd.cyclonedx",
    SPDX,
  ])("is not a file of type %s that nobody signed, and the refusal says so", async (type) => {
    const { store, artifact, verify } = await given([SIGN, build]);
    await plain(store, artifact, type);
    const result = await verify({ requireSbom: true });
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [
        { status: "satisfied" },
        { type: "sbom", code: "NONE_ACCEPTED", candidates: [{ code: "NOT_SIGNED" }] },
      ],
    });
    expect(result.failureReason).toContain("signed by nobody");
  });

  it("is not one by a stranger, and can be asked of certain signers", async () => {
    const { verify } = await given([SIGN, build], [SPDX, build], [CYCLONEDX, stranger]);
    const require = [{ type: "sbom", signers: [identity(scanner)], threshold: 1 }];
    expect(await verify({ requireSbom: true, require })).toMatchObject({
      status: "invalid",
      requirements: [{ status: "satisfied" }, { type: "sbom", code: "NONE_ACCEPTED" }],
    });
  });
});

it("says of a Notary Project signature that it is one and does not count", async () => {
  const { store, artifact, verify } = await given();
  await plain(store, artifact, "application/vnd.cncf.notary.signature");
  const result = await verify({});
  expect(result).toMatchObject({
    status: "invalid",
    requirements: [{ candidates: [{ code: "UNSUPPORTED_FORMAT" }] }],
  });
  expect(result.failureReason).toContain("Notary Project");
});

it("verifies one digest once for all who ask at a time, and each can give up alone", async () => {
  const { store, artifact } = await given([SIGN, build]);
  const one = policy();
  const { requests } = store.stats;
  const quitter = new AbortController();
  const all = Array.from({ length: 8 }, () => verifier.verifyArtifact(store, artifact, one, call));
  const gone = verifier.verifyArtifact(store, artifact, one, { signal: quitter.signal });
  quitter.abort(new Error("enough"));
  await expect(gone).rejects.toThrow("enough");
  for (const result of await Promise.all(all)) expect(result.status).toBe("valid");
  expect(store.stats.requests - requests).toBe(3);
  await verifier.verifyArtifact(store, artifact, one, call);
  expect(store.stats.requests - requests).toBe(6);
});

async function plain(store: ArtifactStore, subject: RawManifest, artifactType: string) {
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType,
    config: EMPTY_DESCRIPTOR,
    layers: [],
    subject: subject.descriptor,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  await store.attach({ bytes, mediaType: MEDIA_TYPES.ociManifest }, call);
}
