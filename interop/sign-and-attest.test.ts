import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { peer, run, startDockerRegistry, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import {
  cosignAttest,
  cosignGenerateKeyPair,
  cosignSign,
  cosignVerify,
  PASSWORD,
} from "./support/cosign.ts";
import { pushCraneImage } from "./support/crane-image.ts";
import { floeDone } from "./support/run-floe.ts";
import { runPeer } from "./support/run-peer.ts";
import { tempFolder } from "./support/temp-folder.ts";

const REVIEW = "https://acme.example/review/v1";
const SPDX = { spdxVersion: "SPDX-2.3", name: "app", packages: [{ name: "a" }] };
const CYCLONEDX = { bomFormat: "CycloneDX", specVersion: "1.6", components: [{ name: "a" }] };

/** What floe attests as each of cosign's names, and a type of its own. */
const DOCUMENTS: Readonly<Record<string, unknown>> = {
  spdxjson: SPDX,
  cyclonedx: CYCLONEDX,
  slsaprovenance: { builder: { id: "https://ci.example" }, buildType: "t" },
  slsaprovenance1: { buildDefinition: { buildType: "t" }, runDetails: {} },
  vuln: { scanner: { uri: "u" }, metadata: { scanStartedOn: "2026-01-01T00:00:00Z" } },
  openvex: { "@context": "https://openvex.dev/ns/v0.2.0", statements: [] },
  link: { _type: "link", name: "build", materials: {}, products: {} },
  custom: { any: "thing" },
  [REVIEW]: { approved: true },
};

/** A folder with a key pair that floe made, and an image that crane pushed to a registry. */
async function bench(
  openRegistry: () => Promise<AsyncDisposable & { readonly host: string }>,
  signal: AbortSignal,
) {
  await using resources = new AsyncDisposableStack();
  const { path: cwd } = resources.use(await tempFolder());
  const registry = resources.use(await openRegistry());
  const repository = `${registry.host}/acme/app`;
  const options = { cwd, signal };
  const env = { FLOE_KEY_PASSWORD: PASSWORD };
  const floe = (...args: string[]) => floeDone(args, { ...options, env });
  await floe("artifact", "generate-key-pair");
  const digest = await pushCraneImage(`${repository}:v1.0.0`, options);
  const owned = resources.move();
  return {
    cwd,
    options,
    repository,
    digest,
    reference: `${repository}@${digest}`,
    floe,
    verify: (type?: string, reference = `${repository}@${digest}`) =>
      cosignVerify(reference, { ...options, ...(type === undefined ? {} : { type }) }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Discovered {
  readonly referrers: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

const TYPE_ANNOTATION = "dev.sigstore.bundle.predicateType";

describe.for([
  ["docker-registry, without the referrers API", () => startDockerRegistry()],
  ["a registry with the referrers API", () => startRegistry()],
] as const)("on %s", ([, openRegistry]) => {
  test("cosign verifies what floe signs, with its annotations", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    const sign = ["artifact", "sign", bed.reference, "--key", "cosign.key"];
    await bed.floe(...sign, "-a", "commit=4f0c1d2");
    const verify = async (annotation: string) =>
      await run(
        peer("cosign"),
        [
          ...["verify", "--key", "cosign.pub", "--insecure-ignore-tlog=true"],
          ...["-a", annotation, bed.reference],
        ],
        bed.options,
      );
    const accepted = await verify("commit=4f0c1d2");
    expect(accepted).toMatchObject({ exitCode: 0 });
    expect(accepted.stdout).toContain(bed.digest);
    expect((await verify("commit=other")).exitCode).not.toBe(0);
  });

  test("cosign verifies what floe attests, by each of its names and by none other", async ({
    signal,
  }) => {
    await using bed = await bench(openRegistry, signal);
    for (const [type, document] of Object.entries(DOCUMENTS)) {
      expect((await bed.verify(type)).exitCode, type).not.toBe(0);
      await writeFile(join(bed.cwd, "p.json"), JSON.stringify(document));
      const attest = ["artifact", "attest", bed.reference, "--key", "cosign.key"];
      await bed.floe(...attest, "--type", type, "--predicate", "p.json");
      const accepted = await bed.verify(type);
      expect([type, accepted.exitCode, accepted.stderr]).toEqual([type, 0, expect.anything()]);
      const [line = ""] = accepted.stdout.trim().split("\n");
      const { payload }: { payload: string } = JSON.parse(line);
      const { predicate }: { predicate: { Data?: string } } = JSON.parse(atob(payload));
      expect(type === "custom" ? JSON.parse(predicate.Data ?? "") : predicate).toEqual(document);
    }
    const tree = await runPeer("cosign", ["tree", bed.reference], bed.options);
    const discover = ["discover", "--plain-http", "--format", "json", bed.reference];
    const found: Discovered = JSON.parse(await runPeer("oras", discover, bed.options));
    expect(found.referrers).toHaveLength(Object.keys(DOCUMENTS).length);
    for (const { digest } of found.referrers) expect(tree).toContain(digest);
    expect(new Set(found.referrers.map((one) => one.annotations?.[TYPE_ANNOTATION]))).toContain(
      REVIEW,
    );
  });

  test("cosign verifies the SBOMs that floe attaches, and each image of an index", async ({
    signal,
  }) => {
    await using bed = await bench(openRegistry, signal);
    const key = ["--key", "cosign.key"];
    for (const [type, document] of [
      ["spdxjson", SPDX] as const,
      ["cyclonedx", CYCLONEDX] as const,
    ]) {
      await writeFile(join(bed.cwd, "sbom.json"), JSON.stringify(document));
      await bed.floe("artifact", "sbom", bed.reference, "--file", "sbom.json", ...key);
      expect(await bed.verify(type)).toMatchObject({ exitCode: 0 });
    }
    const other = await pushCraneImage(`${bed.repository}:v1.1.0`, bed.options);
    const index = `${bed.repository}:v2.0.0`;
    const append = ["index", "append", "-m", bed.reference, "-m", `${bed.repository}@${other}`];
    await runPeer("crane", [...append, "-t", index], bed.options);
    const child = `${bed.repository}@${other}`;
    await bed.floe("artifact", "sign", index, ...key);
    expect(await bed.verify(undefined, index)).toMatchObject({ exitCode: 0 });
    expect((await bed.verify(undefined, child)).exitCode).not.toBe(0);
    await bed.floe("artifact", "sign", index, ...key, "--recursive");
    expect(await bed.verify(undefined, child)).toMatchObject({ exitCode: 0 });
  });

  test("floe lists and verifies what cosign signs and attests", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    await using others = await tempFolder();
    const cosign = { ...bed.options, cwd: others.path };
    const { publicKeyPem } = await cosignGenerateKeyPair(cosign);
    await writeFile(join(bed.cwd, "other.pub"), publicKeyPem);
    await cosignSign(bed.reference, cosign);
    await cosignAttest(bed.reference, "spdxjson", SPDX, cosign);
    await cosignAttest(bed.reference, REVIEW, {}, cosign);

    const listed = await bed.floe("artifact", "referrers", bed.reference, "-o", "json");
    const rows: { annotations: Record<string, string> }[] = JSON.parse(listed);
    expect(new Set(rows.map(({ annotations }) => annotations[TYPE_ANNOTATION]))).toEqual(
      new Set([REVIEW, "https://sigstore.dev/cosign/sign/v1", "https://spdx.dev/Document"]),
    );
    const key = ["--key", "other.pub"];
    await bed.floe("artifact", "verify", bed.reference, ...key);
    const show = ["artifact", "sbom", bed.reference, "--show", "-o", "json"];
    expect(JSON.parse(await bed.floe(...show, ...key))).toMatchObject([
      { signature: "verified", signer: "other.pub", format: "SPDX", components: 1 },
    ]);
    expect(JSON.parse(await bed.floe(...show, "--key", "cosign.pub"))).toMatchObject([
      { signature: "untrusted", reason: expect.stringMatching(/^WRONG_KEY/) },
    ]);
  });

  test("floe shows an SBOM that oras attached, as one that nobody signed", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    await writeFile(join(bed.cwd, "sbom.json"), JSON.stringify(SPDX));
    const attach = ["attach", "--plain-http", "--artifact-type", "application/spdx+json"];
    const file = "sbom.json:application/spdx+json";
    await runPeer("oras", [...attach, bed.reference, file], bed.options);
    const show = ["artifact", "sbom", bed.reference, "--show", "-o", "json"];
    expect(JSON.parse(await bed.floe(...show))).toMatchObject([
      { type: "application/spdx+json", signature: "unsigned", signer: null },
    ]);
  });

  test("eight attestations at a time by floe: eight are there", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    await writeFile(join(bed.cwd, "p.json"), "{}");
    const types = Array.from({ length: 8 }, (_, n) => `${REVIEW}/${n}`);
    const what = ["--predicate", "p.json", "--key", "cosign.key"];
    await Promise.all(
      types.map((type) => bed.floe("artifact", "attest", bed.reference, ...what, "--type", type)),
    );
    for (const type of types) expect(await bed.verify(type)).toMatchObject({ exitCode: 0 });
  });

  test("cosign signs with the key that floe made", async ({ signal }) => {
    await using bed = await bench(openRegistry, signal);
    await cosignSign(bed.reference, bed.options);
    await bed.floe("artifact", "verify", bed.reference, "--key", "cosign.pub");
    expect(await readFile(join(bed.cwd, "cosign.key"), "utf8")).toMatch(
      /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/,
    );
  });
});
