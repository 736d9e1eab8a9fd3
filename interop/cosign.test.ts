import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestOf, type RawManifest } from "@floe/core/model";
import type { ArtifactStore, ArtifactVerifier, Signer } from "@floe/core/ports";
import {
  attachStatement,
  createArtifactVerifier,
  createKeySigner,
  createVerifier,
  generateKeyPair,
  hasSubject,
  loadPrivateKey,
  parseStatement,
  readAttachedBundles,
  signArtifact,
  writeStatement,
} from "@floe/signing";
import { describe, expect, test } from "vitest";
import { type Bench, layoutBench, registryBench } from "./support/bench.ts";
import {
  cosignAttest,
  cosignGenerateKeyPair,
  cosignSign,
  cosignVerify,
  PASSWORD,
} from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { putArtifact } from "./support/put-artifact.ts";
import { tempFolder } from "./support/temp-folder.ts";

const TYPE = "https://floe.dev/attestation/promotion/v1";
const TAG = "v1.0.0";

/** A signer with a new key of floe's, whose public half is in the folder for cosign. */
async function newSigner(folder: string): Promise<Signer> {
  const pair = await generateKeyPair({ password: PASSWORD });
  await writeFile(join(folder, "cosign.pub"), pair.publicKeyPem);
  const privateKey = await loadPrivateKey(pair.privateKeyPem, { password: PASSWORD });
  return createKeySigner({ privateKey });
}

async function verify(
  { store }: Bench,
  artifact: RawManifest,
  publicKey: string,
  signal: AbortSignal,
) {
  const policy: Parameters<ArtifactVerifier["verifyArtifact"]>[2] = {
    enforcement: "enforce",
    keys: [{ name: "cosign.pub", publicKey, retiredAt: null }],
    trustedIssuers: [],
    require: [],
    requireRekor: false,
    requireSbom: false,
    requirePromotionFrom: null,
    gracePeriodDays: 0,
    formats: ["bundle"],
  };
  return await createArtifactVerifier().verifyArtifact(store, artifact, policy, { signal });
}

async function read(store: ArtifactStore, digest: string, signal: AbortSignal) {
  const artifact = await store.getManifest(digest, { signal });
  if (artifact === null) throw new Error(`floe does not find ${digest}`);
  return artifact;
}

describe.for([
  ["a layout that oras carries", layoutBench],
  ["docker-registry", registryBench],
] as const)("on %s", ([, open]) => {
  test("cosign verifies a signature by floe, and refuses it with another key", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const signer = await newSigner(bench.folder);
    const artifact = await putArtifact(bench.store, TAG, {}, { signal });
    await signArtifact({ store: bench.store, artifact, signer }, { signal });
    await bench.toPeers(TAG);

    const reference = `${bench.repository}@${artifact.descriptor.digest}`;
    const options = { cwd: bench.folder, signal };
    const accepted = await cosignVerify(reference, options);
    expect(accepted).toMatchObject({ exitCode: 0 });
    expect(accepted.stdout).toContain(artifact.descriptor.digest);
    await newSigner(bench.folder);
    expect((await cosignVerify(reference, options)).exitCode).not.toBe(0);
  });

  test("cosign does not take a signature of one artifact for one of another", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const signer = await newSigner(bench.folder);
    const signed = await putArtifact(bench.store, TAG, {}, { signal });
    const other = await putArtifact(bench.store, "v2.0.0", { annotations: { n: "2" } }, { signal });
    await signArtifact({ store: bench.store, artifact: signed, signer }, { signal });
    await bench.toPeers(TAG);
    await bench.toPeers("v2.0.0");

    const reference = `${bench.repository}@${other.descriptor.digest}`;
    const result = await cosignVerify(reference, { cwd: bench.folder, signal });
    expect(result.exitCode).toBe(10);
  });

  test("cosign verifies a statement that floe attached, by its type only", async ({ signal }) => {
    await using bench = await open(signal);
    const signer = await newSigner(bench.folder);
    const artifact = await putArtifact(bench.store, TAG, {}, { signal });
    const statement = writeStatement({
      subject: artifact.descriptor.digest,
      subjectName: "acme/app",
      predicateType: TYPE,
      predicate: { target_environment: "prod" },
    });
    const content = { statement, signer };
    await attachStatement(
      { store: bench.store, subject: artifact, content, predicateType: TYPE },
      { signal },
    );
    await bench.toPeers(TAG);

    const reference = `${bench.repository}@${artifact.descriptor.digest}`;
    const options = { cwd: bench.folder, signal };
    const accepted = await cosignVerify(reference, { ...options, type: TYPE });
    expect(accepted).toMatchObject({ exitCode: 0 });
    const envelope: { payload: string } = JSON.parse(accepted.stdout);
    expect(atob(envelope.payload)).toBe(new TextDecoder().decode(statement));
    const otherType = await cosignVerify(reference, { ...options, type: `${TYPE}/x` });
    expect(otherType.exitCode).not.toBe(0);
  });

  test("floe verifies a signature by cosign, and refuses it with another key", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const options = { cwd: bench.folder, signal };
    const { publicKeyPem } = await cosignGenerateKeyPair(options);
    const digest = await pushCraneImage(`${bench.repository}:${TAG}`, options);
    await cosignSign(`${bench.repository}@${digest}`, options);
    await bench.fromPeers(TAG);

    const artifact = await read(bench.store, digest, signal);
    expect(await verify(bench, artifact, publicKeyPem, signal)).toMatchObject({
      status: "valid",
      signerIdentity: "cosign.pub",
    });
    const other = await generateKeyPair({ password: "" });
    expect(await verify(bench, artifact, other.publicKeyPem, signal)).toMatchObject({
      status: "invalid",
    });
  });

  test("floe does not take an unsigned artifact beside a signed one for signed", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const options = { cwd: bench.folder, signal };
    const { publicKeyPem } = await cosignGenerateKeyPair(options);
    const digest = await pushCraneImage(`${bench.repository}:${TAG}`, options);
    await cosignSign(`${bench.repository}@${digest}`, options);
    const unsigned = await pushCraneImage(`${bench.repository}:v2.0.0`, options);
    await bench.fromPeers(TAG);
    await bench.fromPeers("v2.0.0");

    const artifact = await read(bench.store, unsigned, signal);
    expect(await verify(bench, artifact, publicKeyPem, signal)).toMatchObject({
      status: "unsigned",
    });
  });

  test("floe reads an attestation by cosign, and does not take it for a signature", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const options = { cwd: bench.folder, signal };
    const { publicKeyPem } = await cosignGenerateKeyPair(options);
    const digest = await pushCraneImage(`${bench.repository}:${TAG}`, options);
    await cosignAttest(`${bench.repository}@${digest}`, TYPE, { n: 1 }, options);
    await bench.fromPeers(TAG);

    const artifact = await read(bench.store, digest, signal);
    const { bundles } = await readAttachedBundles(
      { store: bench.store, subject: artifact },
      { signal },
    );
    expect(bundles).toHaveLength(1);
    const verdict = createVerifier().verifyBundle(bundles[0]?.bundle ?? new Uint8Array(), [
      { method: "key", name: "cosign.pub", publicKey: publicKeyPem },
    ]);
    if (!verdict.ok) throw new Error(verdict.reason);
    const parsed = parseStatement(verdict.statement);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.statement).toMatchObject({ predicateType: TYPE, predicate: { n: 1 } });
    expect(hasSubject(parsed.statement, digestOf(artifact.bytes))).toBe(true);
    expect(await verify(bench, artifact, publicKeyPem, signal)).toMatchObject({
      status: "unsigned",
    });
  });

  test("signatures by cosign and by floe stand side by side", async ({ signal }) => {
    await using bench = await open(signal);
    const options = { cwd: bench.folder, signal };
    const pair = await cosignGenerateKeyPair(options);
    const digest = await pushCraneImage(`${bench.repository}:${TAG}`, options);
    const reference = `${bench.repository}@${digest}`;
    await cosignSign(reference, options);
    await bench.fromPeers(TAG);

    await using other = await tempFolder();
    const signer = await newSigner(other.path);
    const artifact = await read(bench.store, digest, signal);
    await signArtifact({ store: bench.store, artifact, signer }, { signal });
    await bench.toPeers(TAG);
    expect(await cosignVerify(reference, options)).toMatchObject({ exitCode: 0 });
    expect(await cosignVerify(reference, { ...options, cwd: other.path })).toMatchObject({
      exitCode: 0,
    });
    expect(await verify(bench, artifact, pair.publicKeyPem, signal)).toMatchObject({
      status: "valid",
    });
  });
});
