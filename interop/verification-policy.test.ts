import type { ArtifactVerifier } from "@floe/core/ports";
import { createArtifactVerifier } from "@floe/signing";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { type Bench, registryBench } from "./support/bench.ts";
import { cosignAttest, cosignGenerateKeyPair, cosignLegacy, cosignSign } from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { openRegistryStore } from "./support/open-registry-store.ts";
import { tempFolder } from "./support/temp-folder.ts";

type Policy = Parameters<ArtifactVerifier["verifyArtifact"]>[2];

const PROVENANCE = "https://slsa.dev/provenance/v1";
const SPDX = "https://spdx.dev/Document";

/** The in-process registry, which has the referrers API that docker-registry lacks. */
async function referrersBench(): Promise<Bench> {
  await using resources = new AsyncDisposableStack();
  const { path: folder } = resources.use(await tempFolder());
  const registry = resources.use(await startRegistry());
  const repository = `${registry.host}/acme/app`;
  const store = resources.use(openRegistryStore({ uri: `oci://${repository}` }));
  const nothing = () => Promise.resolve();
  const owned = resources.move();
  return {
    ...{ store, repository, folder, toPeers: nothing, fromPeers: nothing },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function given({ repository, folder, store }: Bench, signal: AbortSignal) {
  const options = { cwd: folder, signal };
  const { publicKeyPem } = await cosignGenerateKeyPair(options);
  const digest = await pushCraneImage(`${repository}:v1.0.0`, options);
  const verify = async (change: Partial<Policy>) => {
    const artifact = await store.getManifest(digest, { signal });
    if (artifact === null) throw new Error(`floe does not find ${digest}`);
    const policy: Policy = {
      enforcement: "enforce",
      keys: [{ name: "cosign.pub", publicKey: publicKeyPem, retiredAt: null }],
      trustedIssuers: [],
      require: [],
      requireRekor: true,
      requireSbom: false,
      requirePromotionFrom: null,
      gracePeriodDays: 0,
      formats: ["bundle"],
      ...change,
    };
    return await createArtifactVerifier().verifyArtifact(store, artifact, policy, { signal });
  };
  return { reference: `${repository}@${digest}`, options, verify };
}

describe.for([
  ["docker-registry, without the referrers API", registryBench],
  ["a registry with the referrers API", referrersBench],
] as const)("on %s", ([, open]) => {
  test("a policy is met by what cosign signs and attests", async ({ signal }) => {
    await using bench = await open(signal);
    const { reference, options, verify } = await given(bench, signal);
    const require = [{ type: PROVENANCE, signers: null, threshold: 1 }];
    await cosignAttest(reference, SPDX, { spdxVersion: "SPDX-2.3" }, options);
    expect(await verify({ requireSbom: true, require })).toMatchObject({
      status: "unsigned",
      requirements: [
        { type: "signature", code: "NO_SIGNATURE" },
        { type: "sbom", status: "satisfied" },
        { type: PROVENANCE, code: "NO_ATTESTATION_OF_TYPE" },
      ],
    });
    await cosignSign(reference, options);
    await cosignAttest(reference, PROVENANCE, { buildDefinition: {}, runDetails: {} }, options);
    expect(await verify({ requireSbom: true, require })).toMatchObject({
      status: "valid",
      signerIdentity: "cosign.pub",
    });
  });

  test("what cosign signs and attests in its old format counts only where that is listed", async ({
    signal,
  }) => {
    await using bench = await open(signal);
    const { reference, options, verify } = await given(bench, signal);
    await cosignLegacy(reference, SPDX, options);
    const refused = await verify({ requireSbom: true });
    expect(refused).toMatchObject({
      status: "invalid",
      requirements: [
        { code: "NONE_ACCEPTED", candidates: [{ code: "UNSUPPORTED_FORMAT" }] },
        { type: "sbom", code: "NO_ATTESTATION_OF_TYPE" },
      ],
    });
    for (const formats of [["legacy"], ["bundle", "legacy"]] as const)
      expect(await verify({ requireSbom: true, formats })).toMatchObject({
        status: "valid",
        signerIdentity: "cosign.pub",
      });
    await cosignGenerateKeyPairElsewhere(signal, async (publicKey) => {
      const keys = [{ name: "other.pub", publicKey, retiredAt: null }];
      expect(await verify({ keys, formats: ["legacy"] })).toMatchObject({
        status: "invalid",
        requirements: [{ candidates: [{ code: "WRONG_KEY" }] }],
      });
    });
  });
});

async function cosignGenerateKeyPairElsewhere(
  signal: AbortSignal,
  use: (publicKeyPem: string) => Promise<void>,
): Promise<void> {
  await using folder = await tempFolder();
  await use((await cosignGenerateKeyPair({ cwd: folder.path, signal })).publicKeyPem);
}
