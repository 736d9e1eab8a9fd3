import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArtifactStore, VerificationPolicy } from "@floe/core";
import { createLayoutStore, createRegistryStore } from "@floe/oci";
import { createArtifactVerifier, createKeySigner, publicKeyPem } from "@floe/signing";
import { buildArtifact, startRegistry, type TestRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { go } from "../bed/a-project.ts";
import { attach, junk, legacySignature, newKey, type Planting, REFUSALS } from "./plant.ts";

interface Place extends AsyncDisposable {
  readonly store: ArtifactStore;
  readonly registry: TestRegistry | null;
}

async function onRegistry(referrers: boolean): Promise<Place> {
  const registry = await startRegistry({ referrers });
  const store = createRegistryStore({
    uri: `oci://${registry.host}/acme/app`,
    retry: { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 1 },
    circuitBreaker: { enabled: false },
  });
  return {
    ...{ store, registry },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]?.();
      await registry[Symbol.asyncDispose]();
    },
  };
}

async function onLayout(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "floe-verify-"));
  const store = createLayoutStore({ path: join(folder, "reg"), create: true, uriAsWritten: "reg" });
  return {
    ...{ store, registry: null },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]?.();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function plantingOn({ store }: Place): Promise<Planting & { policy: VerificationPolicy }> {
  const { publicKey, privateKey } = newKey();
  const built = buildArtifact({ layers: [{ content: "content" }] });
  for (const blob of built.blobs) await store.putBlob(blob.descriptor, blob.bytes, go);
  await store.createTag("v1.0.0", built, go);
  const artifact = await store.getManifest("v1.0.0", go);
  if (artifact === null) throw new Error("v1.0.0 is not there after it was pushed");
  return {
    ...{ store, artifact, trustedKey: privateKey },
    trusted: createKeySigner({ privateKey }),
    policy: {
      enforcement: "enforce",
      keys: [{ name: "artifact.pub", publicKey: publicKeyPem(publicKey), retiredAt: null }],
      trustedIssuers: [],
      require: [],
      requireRekor: true,
      requireSbom: false,
      requirePromotionFrom: null,
      gracePeriodDays: 7,
      formats: ["bundle"],
    },
  };
}

const verifier = createArtifactVerifier();

describe.for([
  ["a registry with the referrers API", () => onRegistry(true)],
  ["a registry without it", () => onRegistry(false)],
  ["a layout", onLayout],
] as const)("on %s", ([, open]) => {
  test.for(REFUSALS.map((refusal) => [refusal.name, refusal] as const))(
    "%s is refused with its own reason",
    async ([, { plant, code, status }]) => {
      await using place = await open();
      const here = await plantingOn(place);
      await plant(here);
      const { store, artifact, policy } = here;
      const result = await verifier.verifyArtifact(store, artifact, policy, go);
      expect(result).toMatchObject({ status, signerIdentity: null, trouble: null });
      const codes = result.requirements[0]?.candidates.map((candidate) => candidate.code);
      expect(codes).toEqual(code === null ? [] : [code]);
      expect(result.failureReason).not.toMatch(/verified/i);

      await attach(here, here.trusted);
      expect(await verifier.verifyArtifact(store, artifact, policy, go)).toMatchObject({
        status: "valid",
        signerIdentity: "artifact.pub",
      });
    },
  );

  test("a good signature is found among thirty that are none", async () => {
    await using place = await open();
    const here = await plantingOn(place);
    await junk(here);
    const { store, artifact, policy } = here;
    expect(await verifier.verifyArtifact(store, artifact, policy, go)).toMatchObject({
      status: "invalid",
      requirements: [{ code: "NONE_ACCEPTED", candidates: { length: 30 } }],
    });
    await attach(here, here.trusted);
    expect(await verifier.verifyArtifact(store, artifact, policy, go)).toMatchObject({
      status: "valid",
    });
  });

  test("a legacy signature counts where the format is listed", async () => {
    await using place = await open();
    const here = await plantingOn(place);
    await legacySignature(here);
    const policy = { ...here.policy, formats: ["bundle", "legacy"] as const };
    expect(await verifier.verifyArtifact(here.store, here.artifact, policy, go)).toMatchObject({
      status: "valid",
      signerIdentity: "artifact.pub",
    });
  });
});

describe("a registry in trouble", () => {
  test.for([
    [500, "FLOE_REGISTRY_UNAVAILABLE"],
    [503, "FLOE_REGISTRY_UNAVAILABLE"],
    [401, "FLOE_REGISTRY_UNAUTHORIZED"],
    [403, "FLOE_REGISTRY_DENIED"],
  ] as const)(
    "that answers %d to the referrers is trouble, and never a reason to look for the legacy format",
    async ([status, code]) => {
      await using place = await onRegistry(true);
      const here = await plantingOn(place);
      await attach(here, here.trusted);
      await legacySignature(here);
      const { store, artifact } = here;
      const policy = { ...here.policy, formats: ["bundle", "legacy"] as const };
      place.registry?.faults.add({
        match: { path: /\/referrers\// },
        action: { kind: "status", status },
        times: 100,
      });
      const before = place.registry?.requests.length ?? 0;
      const result = await verifier.verifyArtifact(store, artifact, policy, go);
      expect(result).toMatchObject({
        status: "unknown",
        requirements: [{ status: "unjudged", code: "REFERRERS_UNAVAILABLE", candidates: [] }],
        trouble: { code },
      });
      const asked = place.registry?.requests.slice(before).map(({ path }) => path) ?? [];
      expect(asked.filter((path) => path.includes(".sig"))).toEqual([]);
    },
  );

  test("with one referrer only does not hide a good one", async () => {
    await using place = await onRegistry(true);
    const here = await plantingOn(place);
    const { store, artifact, policy } = here;
    const bad = await attach(here, here.trusted, { n: 1 });
    place.registry?.faults.add({
      match: { path: new RegExp(bad.referrer.digest) },
      action: { kind: "status", status: 500 },
      times: 100,
    });
    expect(await verifier.verifyArtifact(store, artifact, policy, go)).toMatchObject({
      status: "unknown",
      requirements: [{ candidates: [{ outcome: "unjudged", code: "REFERRER_UNAVAILABLE" }] }],
      trouble: { code: "FLOE_REGISTRY_UNAVAILABLE" },
    });
    await attach(here, here.trusted, { n: 2 });
    expect(await verifier.verifyArtifact(store, artifact, policy, go)).toMatchObject({
      status: "valid",
    });
  });

  test("costs a listing and two fetches for a signature when there is none", async () => {
    await using place = await onRegistry(true);
    const here = await plantingOn(place);
    for (let n = 0; n < 5; n += 1)
      await attach(here, here.trusted, { type: `https://example.com/${n}` });
    await attach(here, here.trusted);
    const { store, artifact, policy } = here;
    const before = store.stats.requests;
    await verifier.verifyArtifact(store, artifact, policy, go);
    expect(store.stats.requests - before).toBe(3);
  });
});
