import { type Digest, digestOf, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import {
  attachStatement,
  COSIGN_SIGN_PREDICATE_TYPE,
  createEphemeralSigner,
  parseStatement,
  readAttachedBundles,
  signArtifact,
  writeStatement,
} from "../../src/index.ts";
import { createVerifier } from "../../src/verify/verifier.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const signer = createEphemeralSigner();
const now = () => new Date("2026-01-02T03:04:05.678Z");

describe("signArtifact", () => {
  it("attaches the manifest that cosign 3 attaches", async () => {
    const store = createMemoryStore({ now });
    const artifact = await storeArtifact(store);
    const { referrer, bundle, bundleBytes } = await signArtifact({ store, artifact, signer }, call);
    const manifest = await store.getManifest(referrer.digest, call);
    const { mediaType, digest, size } = artifact.descriptor;
    expect(JSON.parse(Buffer.from(manifest?.bytes ?? []).toString())).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: MEDIA_TYPES.sigstoreBundle,
      config: EMPTY_DESCRIPTOR,
      layers: [
        {
          mediaType: MEDIA_TYPES.sigstoreBundle,
          digest: digestOf(bundleBytes),
          size: bundleBytes.byteLength,
        },
      ],
      subject: { mediaType, digest, size },
      annotations: {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": COSIGN_SIGN_PREDICATE_TYPE,
        "org.opencontainers.image.created": "2026-01-02T03:04:05.678Z",
      },
    });
    expect(Buffer.from(await store.getBlob(bundle, call))).toEqual(Buffer.from(bundleBytes));
  });

  it("signs the SHA-256 of the manifest's bytes as cosign's predicate", async () => {
    const store = createMemoryStore();
    const artifact = await storeArtifact(store);
    const { bundleBytes } = await signArtifact({ store, artifact, signer }, call);
    const trusted = [{ method: "key", name: "k", publicKey: signer.publicKeyPem }] as const;
    const verdict = createVerifier().verifyBundle(bundleBytes, trusted);
    if (!verdict.ok) throw new Error(verdict.reason);
    expect(parseStatement(verdict.statement)).toEqual({
      ok: true,
      statement: {
        subjects: [
          { name: null, digest: new Map([["sha256", digestOf(artifact.bytes).slice(7)]]) },
        ],
        predicateType: COSIGN_SIGN_PREDICATE_TYPE,
        predicate: {},
      },
    });
  });

  it("signs nothing when the bytes are not those of the digest", async () => {
    const store = createMemoryStore();
    const { bytes, descriptor } = await storeArtifact(store);
    const artifact = { bytes, descriptor: { ...descriptor, digest: digestOf("other") } };
    const writes = store.stats.writes;
    await expect(signArtifact({ store, artifact, signer }, call)).rejects.toMatchObject({
      code: "FLOE_DIGEST_MISMATCH",
    });
    expect(store.stats.writes).toBe(writes);
  });
});

describe("attachStatement", () => {
  const predicateType = "https://floe.dev/attestation/promotion/v1";
  const statementOf = (subject: Digest) =>
    writeStatement({ subject, predicateType, predicate: { n: 1 } });

  it("puts a finished bundle under an immutable tag, with more annotations", async () => {
    const store = createMemoryStore();
    const subject = await storeArtifact(store);
    const statement = statementOf(subject.descriptor.digest);
    const bundle = await signer.sign(statement, call);
    const input = {
      store,
      subject,
      predicateType,
      content: { bundle },
      tag: "floe-rec.1",
      created: now(),
      annotations: { "dev.floe.promotion.id": "1" },
    };
    const attached = await attachStatement(input, call);
    expect(store.tags()).toEqual({ "floe-rec.1": attached.referrer.digest });
    const { bundles } = await readAttachedBundles({ store, subject }, call);
    expect(bundles).toMatchObject([
      {
        annotations: { "dev.floe.promotion.id": "1" },
        referrer: { digest: attached.referrer.digest },
      },
    ]);
    expect(Buffer.from(bundles[0]?.bundle ?? [])).toEqual(Buffer.from(bundle));
    const writes = store.stats.writes;
    expect(await attachStatement(input, call)).toEqual(attached);
    expect(store.stats.writes).toBe(writes);
    const other = { bundle: await signer.sign(statement, call) };
    await expect(attachStatement({ ...input, content: other }, call)).rejects.toMatchObject({
      code: "FLOE_TAG_IMMUTABLE",
    });
  });

  it.each([1, 2, 3])("leaves nothing to be found when it is cut off at write %i", async (cut) => {
    const store = createMemoryStore();
    const { bytes, mediaType } = {
      bytes: Buffer.from('{"schemaVersion":2}'),
      mediaType: MEDIA_TYPES.ociManifest,
    };
    const subject = { bytes, descriptor: await store.putManifest({ bytes, mediaType }, call) };
    const broken = store.reopen({
      onWrite: (ordinal) => {
        if (ordinal >= cut) throw new Error("power cut");
      },
    });
    const content = { signer, statement: statementOf(subject.descriptor.digest) };
    await expect(
      attachStatement({ store: broken, subject, predicateType, content, tag: "floe-rec.1" }, call),
    ).rejects.toThrow("power cut");
    expect(store.tags()).toEqual({});
    expect(await store.referrers(subject.descriptor.digest, call)).toEqual([]);
  });
});
