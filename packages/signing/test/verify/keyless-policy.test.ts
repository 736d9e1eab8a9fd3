import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, MEDIA_TYPES, type RawManifest } from "@floe/core/model";
import { createMemoryStore } from "@floe/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  attachStatement,
  createArtifactVerifier,
  createProofCache,
  loadKeylessEngine,
  publicKeyPem,
} from "../../src/index.ts";
import type { VerificationPolicy } from "../../src/verify/artifact-keys.ts";
import { PROOF_VERSION } from "../../src/verify/proof-cache.ts";
import { CASES_FOLDER, hasConformanceCases, ISSUER, SUBJECT } from "../keyless/conformance.ts";
import { pinned } from "../keyless/pinned.ts";
import { call } from "../store-artifact.ts";

const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const KEY = publicKeyPem(publicKey);
const PROVENANCE = "https://slsa.dev/provenance/v1";
const GOOD = "happy-path-intoto-in-dsse-v3";

function read(name: string, file: string): Buffer {
  return readFileSync(join(CASES_FOLDER, name, file));
}

/** What a real bundle is about, as an artifact: only the digest of its bytes counts. */
function artifactOf(bytes: Buffer): RawManifest {
  const descriptor = {
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  return { bytes, descriptor };
}

async function given(bundle: Uint8Array, subject: Buffer) {
  const store = createMemoryStore();
  const artifact = artifactOf(subject);
  await attachStatement(
    { store, subject: artifact, predicateType: PROVENANCE, content: { bundle } },
    call,
  );
  return { store, artifact };
}

async function givenGood() {
  const artifact = readFileSync(join(CASES_FOLDER, "../a.txt"));
  return await given(read(GOOD, "bundle.sigstore.json"), artifact);
}

function policy(
  trusted: Partial<VerificationPolicy["trustedIssuers"][number]> = {},
  change: Partial<VerificationPolicy> = {},
): VerificationPolicy {
  return {
    enforcement: "enforce",
    keys: [],
    trustedIssuers: [{ issuer: ISSUER, subject: SUBJECT, ...trusted }],
    requireSignature: false,
    require: [{ type: PROVENANCE, signers: null, threshold: 1 }],
    requireRekor: true,
    requireSbom: false,
    requirePromotionFrom: null,
    gracePeriodDays: 7,
    formats: ["bundle"],
    ...change,
  };
}

const embedded = () =>
  loadKeylessEngine({
    trustRoot: { from: "embedded" },
    cacheDir: "/nonexistent",
    signal: call.signal,
  });

describe.runIf(hasConformanceCases)("a policy that trusts a keyless signer", () => {
  const verifier = createArtifactVerifier({ keyless: embedded });

  it("accepts who it names, and says who, when, and by what that was judged", async () => {
    const { store, artifact } = await givenGood();
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject({
      status: "valid",
      signerIdentity: SUBJECT,
      issuer: ISSUER,
      rekorVerified: true,
      requirements: [{ satisfiedBy: [{ subject: SUBJECT, logged: true, time: expect.any(Date) }] }],
      trustRoot: { sha256: expect.stringMatching(/^sha256:/) },
    });
  });

  it.each([
    ["a subject of one character less", { subject: SUBJECT.slice(0, -1) }, "IDENTITY_MISMATCH"],
    ["a subject of one character more", { subject: `${SUBJECT}x` }, "IDENTITY_MISMATCH"],
    ["a subject in other case", { subject: SUBJECT.toUpperCase() }, "IDENTITY_MISMATCH"],
    ["another issuer", { issuer: `${ISSUER}/` }, "ISSUER_MISMATCH"],
  ] as const)("refuses %s, with both values", async (_, trusted, code) => {
    const { store, artifact } = await givenGood();
    const result = await verifier.verifyArtifact(store, artifact, policy(trusted), call);
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [{ code: "NONE_ACCEPTED", candidates: [{ code }] }],
    });
    const reason = result.requirements[0]?.candidates[0]?.reason ?? "";
    expect(reason).toContain(code === "ISSUER_MISMATCH" ? ISSUER : SUBJECT);
  });

  it("refuses a bundle about something else, whoever signed it", async () => {
    const { store, artifact } = await given(
      read(GOOD, "bundle.sigstore.json"),
      Buffer.from("another artifact"),
    );
    expect(await verifier.verifyArtifact(store, artifact, policy(), call)).toMatchObject({
      requirements: [{ candidates: [{ code: "SUBJECT_MISMATCH" }] }],
    });
  });

  it("refuses a certificate where only keys are trusted, and does not load a trusted root for it", async () => {
    const { store, artifact } = await givenGood();
    const keyless = () => Promise.reject(new Error("nobody is to load this"));
    const keys = [{ name: "k", publicKey: KEY, retiredAt: null }];
    const result = await createArtifactVerifier({ keyless }).verifyArtifact(
      store,
      artifact,
      policy({}, { keys, trustedIssuers: [] }),
      call,
    );
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [{ candidates: [{ code: "WRONG_MATERIAL" }] }],
      trustRoot: null,
    });
  });

  it("refuses a signature from outside the life of its certificate", async () => {
    const name = "intoto-tsa-timestamp-outside-cert-validity_fail";
    const bundle = JSON.parse(read(name, "bundle.sigstore.json").toString()) as {
      mediaType: string;
      verificationMaterial: Record<string, unknown>;
    };
    const { x509CertificateChain: chain, ...rest } = bundle.verificationMaterial as {
      x509CertificateChain: { certificates: unknown[] };
    };
    // What makes it a version 0.3 is not signed.
    const current = {
      ...bundle,
      mediaType: MEDIA_TYPES.sigstoreBundle,
      verificationMaterial: { ...rest, certificate: chain.certificates[0] },
    };
    const { store, artifact } = await given(
      Buffer.from(JSON.stringify(current)),
      read(name, "artifact"),
    );
    const root = read(name, "trusted_root.json");
    const result = await createArtifactVerifier({
      keyless: ({ signal }) =>
        loadKeylessEngine({
          ...{ trustRoot: { from: "file", file: pinned(root) }, cacheDir: "/nonexistent", signal },
        }),
    }).verifyArtifact(store, artifact, policy(), call);
    expect(result).toMatchObject({
      status: "invalid",
      requirements: [{ candidates: [{ code: "CERT_EXPIRED_AT_SIGNING" }] }],
    });
  });

  it("cannot tell without a trusted root, and says that it is that", async () => {
    const { store, artifact } = await givenGood();
    const result = await createArtifactVerifier({
      keyless: ({ signal }) =>
        loadKeylessEngine({
          trustRoot: { from: "file", file: pinned(Buffer.from("{}")) },
          ...{ cacheDir: "/nonexistent", signal },
        }),
    }).verifyArtifact(store, artifact, policy(), call);
    expect(result).toMatchObject({
      status: "unknown",
      requirements: [{ status: "unjudged", code: "TRUST_ROOT_UNAVAILABLE" }],
      trouble: { code: "FLOE_TRUST_ROOT_UNAVAILABLE" },
    });
  });
});

describe.runIf(hasConformanceCases)("proofs that are kept", () => {
  let folder: string;
  let now = new Date("2026-03-10T00:00:00Z");
  const warnings: string[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "floe-proofs-"));
    now = new Date("2026-03-10T00:00:00Z");
    warnings.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const files = () => readdirSync(folder).map((name) => join(folder, name));

  /** Verifies in a run of its own, as another process does. */
  async function verify(one = policy()) {
    const { store, artifact } = await givenGood();
    const proofs = createProofCache({
      path: folder,
      now: () => now,
      warn: (message) => warnings.push(message),
    });
    return await createArtifactVerifier({ keyless: embedded, proofs }).verifyArtifact(
      ...([store, artifact, one, call] as const),
    );
  }

  /** Makes the file say another subject, so that its use shows. */
  function mark(change: (file: Record<string, unknown>) => unknown = (file) => file): void {
    for (const path of files()) {
      const text = readFileSync(path, "utf8").replaceAll(SUBJECT, "somebody out of the cache");
      writeFileSync(path, JSON.stringify(change(JSON.parse(text) as Record<string, unknown>)));
    }
  }

  const fromCache = { requirements: [{ candidates: [{ code: "IDENTITY_MISMATCH" }] }] };

  it("are used again within a day, by their owner alone", async () => {
    expect(await verify()).toMatchObject({ status: "valid" });
    expect(files()).toHaveLength(1);
    expect(await verify()).toMatchObject({ status: "valid", signerIdentity: SUBJECT });
    mark();
    expect(await verify()).toMatchObject(fromCache);
    now = new Date("2026-03-10T23:59:59.999Z");
    expect(await verify()).toMatchObject(fromCache);
    now = new Date("2026-03-11T00:00:00Z");
    expect(await verify()).toMatchObject({ status: "valid" });
  });

  it("are no verdict: another policy judges them again", async () => {
    await verify();
    for (const other of [
      policy({ subject: `${SUBJECT}x` }),
      policy({ issuer: "https://other.example" }),
      policy({}, { require: [{ type: "https://example.com/x", signers: null, threshold: 1 }] }),
    ])
      expect(await verify(other)).toMatchObject({ status: "invalid" });
    mark();
    // Whether a log is needed is part of the proof itself.
    expect(await verify(policy({}, { requireRekor: false }))).toMatchObject({ status: "valid" });
    expect(files()).toHaveLength(2);
  });

  it("are not those of another version, of another bundle, or of the future", async () => {
    await verify();
    const changes: ((file: Record<string, unknown>) => unknown)[] = [
      (file) => ({ ...file, version: `${PROOF_VERSION}x` }),
      (file) => ({ ...file, key: { ...(file["key"] as object), bundle: digestOf("another") } }),
      (file) => ({ ...file, key: { ...(file["key"] as object), trustRoot: digestOf("another") } }),
      (file) => ({ ...file, verified_at: "2026-03-10T00:00:01Z" }),
      (file) => ({ ...file, verified_at: "never" }),
      (file) => ({ ...file, proof: { ...(file["proof"] as object), logged: false } }),
      (file) => ({ ...file, proof: "it is fine" }),
      () => [],
    ];
    for (const change of changes) {
      mark(change);
      expect(await verify()).toMatchObject({ status: "valid", signerIdentity: SUBJECT });
    }
  });

  it("are not believed in a file that others may read or write, nor in a folder that others may write to", async () => {
    await verify();
    mark();
    for (const mode of [0o644, 0o620, 0o602]) {
      for (const file of files()) chmodSync(file, mode);
      expect(await verify()).toMatchObject({ status: "valid" });
      mark();
    }
    for (const file of files()) chmodSync(file, 0o600);
    mark();
    expect(await verify()).toMatchObject(fromCache);
    expect(warnings).toEqual([]);
    for (const mode of [0o770, 0o707]) {
      chmodSync(folder, mode);
      expect(await verify()).toMatchObject({ status: "valid" });
    }
    expect(warnings).toEqual([
      expect.stringContaining("is not used to keep proofs"),
      expect.stringContaining("is not used to keep proofs"),
    ]);
    chmodSync(folder, 0o700);
  });

  it("are only those of successes", async () => {
    const bundle = JSON.parse(read(GOOD, "bundle.sigstore.json").toString()) as {
      dsseEnvelope: { signatures: { sig: string }[] };
    };
    const [signature] = bundle.dsseEnvelope.signatures;
    if (!signature) throw new Error("the case has a signature");
    signature.sig = Buffer.from("forged").toString("base64");
    const { store, artifact } = await given(
      Buffer.from(JSON.stringify(bundle)),
      readFileSync(join(CASES_FOLDER, "../a.txt")),
    );
    const proofs = createProofCache({ path: folder, now: () => now });
    const result = await createArtifactVerifier({ keyless: embedded, proofs }).verifyArtifact(
      ...([store, artifact, policy(), call] as const),
    );
    expect(result.status).toBe("invalid");
    expect(files()).toEqual([]);
  });

  it("belong to the library that made them: its version is in every key", () => {
    const { dependencies } = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    ) as { readonly dependencies: Readonly<Record<string, string>> };
    expect(PROOF_VERSION).toBe(`1 @sigstore/verify ${dependencies["@sigstore/verify"]}`);
  });
});
