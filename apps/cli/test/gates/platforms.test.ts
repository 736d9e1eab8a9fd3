import { digestOf } from "@floe/core/model";
import { signArtifact } from "@floe/signing";
import { buildArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type World } from "../review/a-world.ts";
import { aCountingGate } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";

/** Publishes an index of platforms, `os/arch`, and what a builder attaches; gives the digest of each. */
async function publishIndex(world: World, version: string, platforms: readonly string[]) {
  const digests: Record<string, string> = {};
  const manifests = [];
  for (const name of [...platforms, "unknown/unknown"]) {
    const built = buildArtifact({ layers: [{ content: `${version} ${name}` }] });
    for (const blob of built.blobs) await world.store.putBlob(blob.descriptor, blob.bytes, go);
    await world.store.putManifest(built, go);
    const [os = "", architecture = ""] = name.split("/");
    const { mediaType, digest, size } = built.descriptor;
    manifests.push({ mediaType, digest, size, platform: { os, architecture } });
    digests[name] = digest;
  }
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }),
  );
  await world.store.createTag(version, { bytes, mediaType: INDEX }, go);
  const artifact = await world.store.getManifest(version, go);
  const signer = world.signers["artifact"];
  if (!artifact || !signer) throw new Error("it is not there");
  await signArtifact({ store: world.store, artifact, signer }, go);
  return { digest: digestOf(bytes), platforms: digests };
}

/** A gate whose report counts what a file says of the platform, and the platform's own digest. */
function perPlatform(platforms: unknown, arm64: number) {
  const script = [
    `n=1; [ "$FLOE_PLATFORM" = linux/arm64 ] && n=${arm64}`,
    'printf \'{"count": %s, "digest": "%s"}\' "$n" "$FLOE_ARTIFACT_DIGEST" > "$FLOE_GATE_DIR/count.json"',
  ].join("; ");
  return { command: script, shell: true, reports: ["${FLOE_GATE_DIR}/count.json"], platforms };
}

async function anIndexWorld(platforms: unknown, arm64: number, usesBaseline = false) {
  const environments = [{ name: "dev", gates: { count: perPlatform(platforms, arm64) } }];
  return await aWorld({ plugins: [aCountingGate({ usesBaseline })], environments });
}

async function planned(world: World) {
  const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev", dryRun: true });
  if (outcome.kind !== "would_succeed" && outcome.kind !== "blocked") throw new Error(outcome.kind);
  return outcome.plan?.gates.find(({ gate }) => gate === "count");
}

const BOTH = ["linux/amd64", "linux/arm64"];

describe("a gate with platforms", () => {
  test("judges each platform of an index, and the worst verdict is its own", async () => {
    await using world = await anIndexWorld("all", 11);
    await publishIndex(world, "v1.0.0", BOTH);
    expect(await planned(world)).toMatchObject({
      status: "failed",
      summary: "linux/arm64: 11 counted, 10 at most (worst of linux/amd64, linux/arm64)",
      reasons: [{ code: "TOO_MANY", message: "linux/arm64: 11 counted, 10 at most" }],
      details: {
        platforms: {
          "linux/amd64": { status: "passed", metrics: { count: 1 } },
          "linux/arm64": { status: "failed", metrics: { count: 11 } },
        },
      },
    });
  });

  test("judges only those that are listed", async () => {
    await using world = await anIndexWorld(["linux/amd64"], 11);
    await publishIndex(world, "v1.0.0", BOTH);
    expect(await planned(world)).toMatchObject({ status: "passed" });
  });

  test("is an error where the index has not what is listed", async () => {
    await using world = await anIndexWorld(["linux/s390x"], 1);
    await publishIndex(world, "v1.0.0", BOTH);
    expect(await planned(world)).toMatchObject({
      status: "error",
      error: { code: "PLATFORM_MISSING", message: expect.stringContaining("linux/amd64") },
    });
  });

  test("judges an artifact that is no index as it is", async () => {
    await using world = await anIndexWorld("all", 11);
    await world.publish("v1.0.0");
    expect(await planned(world)).toMatchObject({
      status: "passed",
      summary: "1 counted, 10 at most",
    });
  });

  test("keeps the report of each, judges them again, and compares each with its own", async () => {
    await using world = await anIndexWorld("all", 2, true);
    const { digest, platforms } = await publishIndex(world, "v1.0.0", BOTH);
    await world.promote("v1.0.0", "dev");
    const tag = Object.keys(world.store.tags()).find((name) => name.startsWith("floe-evd."));
    const { predicate, manifest, reports } = await readEvidence(world.store, tag ?? "");
    expect(manifest.subject.digest).toBe(digest);
    expect(reports).toEqual({
      "linux-amd64/count.json": `{"count": 1, "digest": "${platforms["linux/amd64"]}"}`,
      "linux-arm64/count.json": `{"count": 2, "digest": "${platforms["linux/arm64"]}"}`,
    });
    expect(predicate.runs).toMatchObject(
      BOTH.map((platform) => ({ platform, digest: platforms[platform], run: { exit_code: 0 } })),
    );
    await publishIndex(world, "v1.1.0", BOTH);
    await world.promote("v1.1.0", "dev");
    for (const version of ["v1.0.0", "v1.1.0"]) {
      const found = await world.floe().verifyGates({ version, environment: "dev" });
      expect(found.gates.find(({ gate }) => gate === "count")).toMatchObject({
        verdict: "same",
        problem: null,
      });
    }
    const environments = [{ name: "dev", gates: { count: perPlatform("all", 3) } }];
    const changed = await world.remake({ environments });
    await publishIndex(world, "v1.2.0", BOTH);
    const worse = await world
      .floe({ manifest: changed })
      .promote({ version: "v1.2.0", to: "dev", dryRun: true });
    expect(worse).toMatchObject({
      blocking: [{ message: expect.stringContaining("linux/arm64: 3 counted, 2 at most") }],
    });
  });
});
