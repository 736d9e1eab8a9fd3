import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { aProject, go, type Project } from "./bed/a-project.ts";
import type { Json } from "./bed/floe.ts";
import { type ReadStatement, readStatement } from "./bed/read-statement.ts";
import { registryPlace } from "./crash/place.ts";
import { aWorld } from "./review/a-world.ts";

const VSA = "https://slsa.dev/verification_summary/v1";

interface Blob {
  readonly digest: string;
  readonly mediaType: string;
}

function blobText(project: Project, digest: string): string {
  return project.read(`.floe/registry/blobs/${digest.replace(":", "/")}`);
}

async function summaryOf(project: Project, promoted: Json): Promise<ReadStatement> {
  return await readStatement(project, `floe-vsa.${String(promoted["promotion_id"])}`);
}

describe("a promotion leaves a verification summary", () => {
  test("that is signed by the operator and says what SLSA asks for, bound to environment and policy", async () => {
    await using project = await aProject();
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    const { statement, predicate, verified, manifest } = await summaryOf(project, run.json);
    expect(verified).toBe(true);
    const record = await readStatement(project, `floe-rec.${String(run.json["promotion_id"])}`);
    const policyDigest = String(record.predicate["policy_digest"]);
    const sha256 = policyDigest.replace("sha256:", "");
    const [recordLayer] = record.manifest["layers"] as Blob[];
    const repository = "oci-layout:./.floe/registry";
    expect(statement).toMatchObject({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: VSA,
      subject: [{ digest: { sha256: String(run.json["artifact_digest"]).replace("sha256:", "") } }],
    });
    expect(predicate).toEqual({
      verifier: { id: "https://floe.dev/verifier/v1", version: { floe: expect.any(String) } },
      timeVerified: expect.stringMatching(/^\d{4}-.*Z$/),
      resourceUri: `${repository}?environment=dev`,
      policy: { uri: `${repository}@${policyDigest}`, digest: { sha256 } },
      inputAttestations: [
        {
          uri: `${repository}@${String((run.json["record"] as Json)["digest"])}`,
          digest: { sha256: recordLayer?.digest.replace("sha256:", "") },
        },
      ],
      verificationResult: "PASSED",
      verifiedLevels: [
        "SLSA_BUILD_LEVEL_UNEVALUATED",
        "FLOE_PROMOTED_TO_dev",
        "FLOE_SIGNATURE_VERIFIED",
      ],
      slsaVersion: "1.1",
    });
    expect((manifest["config"] as Blob).digest).toBe(policyDigest);
    const referrers = await project.store.referrers(
      (await project.store.resolve("v1.0.0", go))?.digest ?? ("" as never),
      go,
    );
    const types = referrers.map(
      ({ annotations }) => annotations?.["dev.sigstore.bundle.predicateType"],
    );
    expect(types.filter((type) => type === VSA)).toHaveLength(1);
  });

  test("that does not say that a signature was verified where none had to be", async () => {
    await using project = await aProject({ verification: { enforcement: "off" } });
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    const { predicate } = await summaryOf(project, run.json);
    expect(predicate["verifiedLevels"]).toEqual([
      "SLSA_BUILD_LEVEL_UNEVALUATED",
      "FLOE_PROMOTED_TO_dev",
    ]);
  });

  test("also with --force, and a rollback leaves none", async () => {
    await using project = await aProject({ versions: ["v1.0.0", "v1.1.0"] });
    await project.promote("v1.0.0", "dev");
    await project.promote("v1.1.0", "dev");
    const forced = await project.done("promote", "v1.0.0", "--to", "dev", "--force", "-o", "json");
    expect((await summaryOf(project, forced.json)).verified).toBe(true);
    await project.done("rollback", "--env", "dev", "--reason", "it is slow");
    const summaries = Object.keys(await project.tags()).filter((tag) =>
      tag.startsWith("floe-vsa."),
    );
    expect(summaries).toHaveLength(3);
    expect((await project.done("artifact", "list")).stdout).not.toContain("floe-vsa");
  });
});

describe("the resolved policy", () => {
  test("is stored beside the record under its own digest, and is what the manifest requires", async () => {
    await using project = await aProject({
      environments: [
        {
          name: "dev",
          gates: { policy_compliance: true, lint: { required: false, command: ["true"] } },
        },
      ],
    });
    const run = await project.done("promote", "v1.0.0", "--to", "dev", "-o", "json");
    const tag = `floe-rec.${String(run.json["promotion_id"])}`;
    const { manifest, predicate } = await readStatement(project, tag);
    const config = manifest["config"] as Blob;
    expect(config).toMatchObject({
      mediaType: "application/vnd.floe.policy.v1+json",
      digest: predicate["policy_digest"],
    });
    const text = blobText(project, config.digest);
    expect(`sha256:${createHash("sha256").update(text).digest("hex")}`).toBe(config.digest);
    expect(JSON.parse(text)).toMatchObject({
      gates: { policy_compliance: { required: true }, lint: { required: false } },
      verification: { enforcement: "enforce" },
      approvals: null,
    });
  });

  test.each([true, false])(
    "is sent once, and a summary costs no list of its own (referrers API: %s)",
    async (referrers) => {
      await using place = await registryPlace({
        versions: ["v1.0.0", "v1.1.0"],
        settings: { referrers },
      });
      const promote = async (version: string): Promise<readonly string[]> => {
        const before = place.registry.requests.length;
        const run = await place.run("promote", version, "--to", "dev");
        expect(run.code, run.stderr).toBe(0);
        return place.registry.requests
          .slice(before)
          .map(({ method, path }) => `${method} ${path.replace(/^\/v2\/acme\/app\//, "")}`);
      };
      const uploads = (requests: readonly string[]): number =>
        requests.filter((request) => request === "POST blobs/uploads/").length;
      const first = await promote("v1.0.0");
      const second = await promote("v1.1.0");
      // Record and summary, and at first the policy.
      expect([uploads(first), uploads(second)]).toEqual([3, 2]);
      const lists = second.filter((request) => /^PUT manifests\/sha256-/.test(request));
      expect(lists).toHaveLength(referrers ? 0 : 1);
    },
  );
});

describe("a summary that an interrupted run left due", () => {
  test("is signed by whoever finishes the promotion", async () => {
    await using world = await aWorld();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    const store = world.store.reopen({
      onWrite(_, what) {
        if (!what.target.startsWith("floe-vsa.")) return;
        store.fail(() => true);
        throw new Error("killed");
      },
    });
    const run = world.floe({ store, runsOn: "dead" }).promote({ version: "v1.0.0", to: "prod" });
    await expect(run).rejects.toThrow();
    expect(world.store.tags()["latest-prod"]).toBeUndefined();
    const { recovered } = await world.floe({ who: "alice" }).reconcile({ environment: "prod" });
    expect(recovered).toMatchObject([{ result: "succeeded", version: "v1.0.0" }]);
    const tags = Object.keys(world.store.tags()).filter((tag) => tag.startsWith("floe-vsa."));
    expect(tags).toHaveLength(3);
    expect(world.store.tags()["latest-prod"]).toBe(world.store.tags()["v1.0.0"]);
  });

  test("is not taken for granted when something else stands under its tag", async () => {
    await using world = await aWorld();
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev", "staging");
    const store = world.store.reopen({
      onWrite(_, what) {
        if (!what.target.startsWith("floe-vsa.")) return;
        store.fail(() => true);
        throw new Error("killed");
      },
    });
    const run = world.floe({ store, runsOn: "dead" }).promote({ version: "v1.0.0", to: "prod" });
    await expect(run).rejects.toThrow();
    const intent = (await world.events("prod")).find(({ event }) => event.kind === "intent");
    const other = Object.keys(world.store.tags()).find((tag) => tag.startsWith("floe-vsa."));
    const raw = await world.store.getManifest(other ?? "", go);
    if (!raw || !intent) throw new Error("nothing there");
    // A genuine summary of another environment: the verdict of staging, offered for prod.
    const copy = { bytes: raw.bytes, mediaType: raw.descriptor.mediaType };
    await world.store.createTag(`floe-vsa.${intent.event.operation}`, copy, go);
    await expect(world.floe().reconcile({ environment: "prod" })).rejects.toMatchObject({
      code: "FLOE_RECORD_INVALID",
    });
  });
});
