import { createMemoryStore } from "@floe/testing";
import { describe, expect, it } from "vitest";
import {
  attachStatement,
  attestArtifact,
  createEphemeralSigner,
  createVerifier,
  MAX_BUNDLE_BYTES,
  parsePredicate,
  parseStatement,
  readSboms,
  writeStatement,
} from "../../src/index.ts";
import { call, storeArtifact } from "../store-artifact.ts";

const signer = createEphemeralSigner();
const trusted = [{ method: "key" as const, name: "ci", publicKey: signer.publicKeyPem }];
const now = new Date("2026-01-02T03:04:05Z");

function predicate(predicateType: string, document: unknown) {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return parsePredicate({ bytes, predicateType, name: "p", now });
}

const SPDX = predicate("https://spdx.dev/Document", { spdxVersion: "SPDX-2.3", name: "app" });

describe("attestArtifact", () => {
  it("attaches a Statement v1 about the digest, which verifies", async () => {
    const store = createMemoryStore();
    const artifact = await storeArtifact(store);
    const review = predicate("https://acme.example/x", { n: 1 });
    const { bundleBytes } = await attestArtifact(
      { store, artifact, predicate: review, signer },
      call,
    );
    const verdict = createVerifier().verifyBundle(bundleBytes, trusted);
    if (!verdict.ok) throw new Error(verdict.reason);
    expect(JSON.parse(new TextDecoder().decode(verdict.statement))).toEqual({
      _type: "https://in-toto.io/Statement/v1",
      subject: [
        {
          name: store.repository,
          digest: { sha256: artifact.descriptor.digest.slice("sha256:".length) },
        },
      ],
      predicateType: "https://acme.example/x",
      predicate: { n: 1 },
    });
    expect(parseStatement(verdict.statement).ok).toBe(true);
  });

  it("signs nothing that would be too large to be read", async () => {
    const store = createMemoryStore();
    const artifact = await storeArtifact(store);
    const large = predicate("https://acme.example/x", { text: "x".repeat(MAX_BUNDLE_BYTES) });
    await expect(
      attestArtifact({ store, artifact, predicate: large, signer }, call),
    ).rejects.toMatchObject({ code: "FLOE_PREDICATE_INVALID" });
    expect(await store.referrers(artifact.descriptor.digest, call)).toEqual([]);
  });

  it("what fits is read again, however near to the limit", async () => {
    const store = createMemoryStore();
    const artifact = await storeArtifact(store);
    const room = Math.floor((MAX_BUNDLE_BYTES - 70 * 1024) * 0.75);
    const large = predicate("https://spdx.dev/Document", {
      spdxVersion: "SPDX-2.3",
      comment: "x".repeat(room),
    });
    await attestArtifact({ store, artifact, predicate: large, signer }, call);
    const { sboms } = await readSboms(
      { store, artifact, trusted, verifier: createVerifier() },
      call,
    );
    expect(sboms).toMatchObject([{ signature: { status: "verified", signer: "ci" } }]);
  });
});

describe("readSboms", () => {
  it("says who signed, and what was signed by a stranger or for something else", async () => {
    const store = createMemoryStore();
    const artifact = await storeArtifact(store);
    const other = await storeArtifact(store, "other");
    await attestArtifact({ store, artifact, predicate: SPDX, signer }, call);
    const stranger = createEphemeralSigner();
    await attestArtifact({ store, artifact, predicate: SPDX, signer: stranger }, call);
    const statement = writeStatement({
      subject: other.descriptor.digest,
      predicateType: SPDX.predicateType,
      predicateJson: SPDX.json,
    });
    const { predicateType } = SPDX;
    const content = { statement, signer };
    await attachStatement({ store, subject: artifact, content, predicateType }, call);
    const { sboms } = await readSboms(
      { store, artifact, trusted, verifier: createVerifier() },
      call,
    );
    expect(sboms.map(({ signature }) => signature)).toEqual(
      expect.arrayContaining([
        { status: "verified", signer: "ci" },
        { status: "untrusted", reason: expect.stringMatching(/^WRONG_KEY/) },
        { status: "untrusted", reason: expect.stringMatching(/^SUBJECT_MISMATCH/) },
      ]),
    );
    expect(sboms).toHaveLength(3);
  });
});
