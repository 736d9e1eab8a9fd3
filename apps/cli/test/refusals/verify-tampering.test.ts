import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ArtifactStore, Signer } from "@floe/core";
import { type Digest, digestOf, isDigest, MEDIA_TYPES } from "@floe/core/model";
import { createRegistryStore } from "@floe/oci";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Json } from "../bed/floe.ts";
import { go, type RegistryPlace, registryPlace } from "../crash/place.ts";
import { aWorld } from "../review/a-world.ts";

interface RecordManifest {
  readonly layers: readonly { readonly digest: string; readonly size: number }[];
  readonly subject: unknown;
}

// The tests of one registry take turns: each begins with the same contents.
const TURNS = { concurrent: false };

/** A registry with v1.0.0 in dev and staging, and v1.1.0 in dev. */
async function promoted(referrers: boolean): Promise<RegistryPlace> {
  const place = await registryPlace({
    versions: ["v1.0.0", "v1.1.0"],
    settings: { referrers },
  });
  for (const [version, to] of [
    ["v1.0.0", "dev"],
    ["v1.0.0", "staging"],
    ["v1.1.0", "dev"],
  ] as const) {
    const run = await place.run("promote", version, "--to", to);
    if (run.code !== 0) throw new Error(run.stderr);
  }
  return place;
}

async function verify(
  place: RegistryPlace,
  ...args: string[]
): Promise<{ readonly code: number | null; readonly json: Json; readonly found: string[] }> {
  const run = await place.run("platform", "verify", ...args, "-o", "json");
  const checks = (run.json["checks"] ?? []) as readonly Json[];
  const found = checks.flatMap(({ check, environment, status }) =>
    status === "failed" ? [`${String(environment)} ${String(check)}`] : [],
  );
  return { code: run.code, json: run.json, found };
}

/** What somebody with push rights does, past floe: a tag is set to bytes. */
async function overwrite(
  store: ArtifactStore,
  tag: string,
  bytes: Uint8Array,
  mediaType: string = MEDIA_TYPES.ociManifest,
): Promise<Digest> {
  await store.moveTag(tag, { bytes, mediaType }, go);
  return digestOf(bytes);
}

async function bytesOf(store: ArtifactStore, reference: string): Promise<Uint8Array> {
  const found = await store.getManifest(reference, go);
  if (!found) throw new Error(`there is no ${reference}`);
  return found.bytes;
}

/** The record of what an environment runs, as its ledger names it. */
async function recordOf(
  place: RegistryPlace,
  environment: string,
): Promise<{ readonly tag: string; readonly digest: string }> {
  const { json } = await verify(place, "--env", environment);
  const [step] = json["path"] as readonly Json[];
  return { tag: `floe-rec.${String(step?.["operation"])}`, digest: String(step?.["record"]) };
}

describe.each([true, false])(
  "on a registry (referrers API: %s), verify catches",
  TURNS,
  (referrers) => {
    let place: RegistryPlace;
    let restore: () => void;
    beforeAll(async () => {
      place = await promoted(referrers);
      restore = place.save();
    });
    beforeEach(() => restore());
    afterAll(async () => await place[Symbol.asyncDispose]());

    test("nothing where nothing was touched", async () => {
      expect(await verify(place, "--env", "staging")).toMatchObject({ code: 0, found: [] });
    });

    test("a record that was edited: 18", async () => {
      const store = place.open();
      const { tag } = await recordOf(place, "staging");
      const manifest = JSON.parse(
        Buffer.from(await bytesOf(store, tag)).toString(),
      ) as RecordManifest;
      const [layer] = manifest.layers;
      if (!layer || !isDigest(layer.digest)) throw new Error("no layer");
      const blob = {
        mediaType: MEDIA_TYPES.sigstoreBundle,
        digest: layer.digest,
        size: layer.size,
      };
      const bundle = JSON.parse(Buffer.from(await store.getBlob(blob, go)).toString()) as {
        dsseEnvelope: { payload: string };
      };
      const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
      const lying = payload.replace('"operator":"release"', '"operator":"somebody"');
      expect(lying).not.toBe(payload);
      bundle.dsseEnvelope.payload = Buffer.from(lying).toString("base64");
      const bytes = Buffer.from(JSON.stringify(bundle));
      const edited = { ...blob, digest: digestOf(bytes), size: bytes.byteLength };
      await store.putBlob(edited, bytes, go);
      await overwrite(store, tag, Buffer.from(JSON.stringify({ ...manifest, layers: [edited] })));
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging record"]]);
    });

    test("the record of another environment, replayed: 18", async () => {
      const store = place.open();
      const { tag } = await recordOf(place, "staging");
      const [dev] = (
        (await verify(place, "--env", "staging")).json["path"] as readonly Json[]
      ).slice(1);
      await overwrite(store, tag, await bytesOf(store, `floe-rec.${String(dev?.["operation"])}`));
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging record"]]);
    });

    test("the record of an earlier promotion of the same digest, replayed: 18", async () => {
      const store = place.open();
      const earlier = await recordOf(place, "staging");
      expect((await place.run("promote", "v1.0.0", "--to", "staging", "--force")).code).toBe(0);
      const later = await recordOf(place, "staging");
      expect(later.tag).not.toBe(earlier.tag);
      await overwrite(store, later.tag, await bytesOf(store, earlier.tag));
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging record"]]);
    });

    test("a record transplanted onto another digest, with all its tags: 18", async () => {
      const store = place.open();
      const { tag } = await recordOf(place, "staging");
      const evil = await store.resolve("v1.1.0", go);
      const record = JSON.parse(Buffer.from(await bytesOf(store, tag)).toString()) as object;
      const artifact = await bytesOf(store, "v1.1.0");
      const { mediaType, digest, size } = evil ?? { mediaType: "", digest: "", size: 0 };
      const moved = { ...record, subject: { mediaType, digest, size } };
      await overwrite(store, tag, Buffer.from(JSON.stringify(moved)));
      for (const name of ["latest-staging", "v1.0.0-staging", "v1.0.0"])
        await overwrite(store, name, artifact, mediaType);
      const run = await verify(place, "--env", "staging");
      expect(run.code).toBe(18);
      expect(new Set(run.found)).toEqual(new Set(["staging tags", "staging record"]));
      // The other digest itself was never there.
      expect((await verify(place, String(digest), "--env", "staging")).code).toBe(18);
    });

    test("a whole repository transplanted to another one: 18; named as a copy it is one", async () => {
      const uri = `oci://${place.registry.host}/acme/other`;
      const [from, to] = [place.open(), createRegistryStore({ uri })];
      // As a tool does that knows nothing of floe: everything, byte for byte.
      const copied = new Set<string>();
      const copy = async (reference: string): Promise<void> => {
        const found = await from.getManifest(reference, go);
        if (!found) return;
        const {
          config,
          layers = [],
          manifests = [],
        } = JSON.parse(Buffer.from(found.bytes).toString()) as Record<
          string,
          { digest: Digest; size: number; mediaType: string }[]
        > & {
          config?: { digest: Digest; size: number; mediaType: string };
        };
        for (const child of manifests) await copy(child.digest);
        for (const blob of config ? [config, ...layers] : layers)
          if (!copied.has(blob.digest)) {
            await to.putBlob(blob, await from.getBlob(blob, go), go);
            copied.add(blob.digest);
          }
        const input = { bytes: found.bytes, mediaType: found.descriptor.mediaType };
        if (isDigest(reference)) await to.putManifest(input, go);
        else await to.moveTag(reference, input, go);
      };
      for (const tag of (await from.listTags(go)).sort()) await copy(tag);
      for (const version of ["v1.0.0", "v1.1.0"]) {
        const artifact = await from.resolve(version, go);
        for (const { digest } of artifact ? await from.referrers(artifact.digest, go) : [])
          await copy(digest);
      }
      const path = join(place.dir, "manifest.yaml");
      const manifest = readFileSync(path, "utf8");
      const asCopy = await verify(place, "--env", "staging", "-r", uri);
      expect([asCopy.code, asCopy.found]).toEqual([0, []]);
      expect(asCopy.json["checks"]).toContainEqual(
        expect.objectContaining({ check: "place", status: "warning" }),
      );
      writeFileSync(path, manifest.replaceAll("/acme/app", "/acme/other"));
      const run = await verify(place, "--env", "staging");
      writeFileSync(path, manifest);
      expect([run.code, run.found]).toEqual([18, ["staging place"]]);
    });

    test("a latest tag that was moved without floe: 18", async () => {
      const store = place.open();
      const found = await store.getManifest("v1.1.0", go);
      if (!found) throw new Error("it is gone");
      await overwrite(store, "latest-staging", found.bytes, found.descriptor.mediaType);
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging tags"]]);
      expect(run.json["error"]).toMatchObject({ code: "FLOE_LEDGER_DRIFT" });
    });

    test("an environment or version tag that was moved without floe: 18", async () => {
      const store = place.open();
      const found = await store.getManifest("v1.1.0", go);
      if (!found) throw new Error("it is gone");
      for (const tag of ["v1.0.0-dev", "v1.0.0"]) {
        const before = await bytesOf(store, tag);
        await overwrite(store, tag, found.bytes, found.descriptor.mediaType);
        const run = await verify(place, "--env", "staging");
        expect([tag, run.code]).toEqual([tag, 18]);
        await overwrite(store, tag, before, found.descriptor.mediaType);
      }
      expect((await verify(place, "--env", "staging")).code).toBe(0);
    });

    test("a verdict of another environment in the place of the summary: 18", async () => {
      const store = place.open();
      const path = (await verify(place, "--env", "staging")).json["path"] as readonly Json[];
      const [staging, dev] = path.map((step) => `floe-vsa.${String(step["operation"])}`);
      await overwrite(store, String(staging), await bytesOf(store, String(dev)));
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging summary"]]);
    });

    test("a ledger whose beginning is gone: 18", async () => {
      await place.open().deleteTag("floe-ledger.staging", go);
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["staging ledger"]]);
    });

    test("the ledger of the environment before, when it is gone: 18", async () => {
      await place.open().deleteTag("floe-ledger.dev", go);
      const run = await verify(place, "--env", "staging");
      expect([run.code, run.found]).toEqual([18, ["dev ledger"]]);
    });
  },
);

describe("verify does not take an operator's word", () => {
  const gates = { policy_compliance: true };
  const environments = [{ name: "dev", gates, authorization: { allowed_operators: ["release"] } }];

  /** A signer who changes what floe has it sign: an operator with a program of their own. */
  function changing(signer: Signer, change: (text: string) => string): Signer {
    return {
      signer: signer.signer,
      sign: async (statement, options) =>
        await signer.sign(Buffer.from(change(Buffer.from(statement).toString("utf8"))), options),
    };
  }

  test("for gates that never ran: a required one that is not in the record is 6", async () => {
    await using world = await aWorld({ environments });
    await world.publish("v1.0.0");
    const release = world.signers["release"];
    if (!release) throw new Error("nobody is release");
    const signers = world.signers as Record<string, Signer>;
    signers["release"] = changing(release, (text) =>
      text.includes('"https://floe.dev/attestation/promotion/v1"')
        ? text.replace(/"gate_results":\[.*?\],"ledger"/, '"gate_results":[],"ledger"')
        : text,
    );
    await world.promote("v1.0.0", "dev");
    const found = await world.floe().verify({ environment: "dev" });
    expect(found.trusted).toBe(false);
    expect(found.blocking).toMatchObject([
      {
        code: "FLOE_VERIFY_UNTRUSTED",
        exitCode: 6,
        message: expect.stringContaining("policy_compliance is missing"),
      },
    ]);
  });

  test("for another policy than the intent names: 18", async () => {
    await using world = await aWorld({ environments });
    await world.publish("v1.0.0");
    const release = world.signers["release"];
    if (!release) throw new Error("nobody is release");
    const signers = world.signers as Record<string, Signer>;
    signers["release"] = changing(release, (text) =>
      text.includes('"https://floe.dev/attestation/promotion/v1"')
        ? text.replace(/"policy_digest":"sha256:[0-9a-f]{8}/, '"policy_digest":"sha256:00000000')
        : text,
    );
    await world.promote("v1.0.0", "dev");
    const found = await world.floe().verify({ environment: "dev" });
    expect(found.blocking[0]).toMatchObject({
      code: "FLOE_RECORD_INVALID",
      message: expect.stringContaining("policy_digest"),
    });
  });

  test("for events of somebody who may not change the environment: 18", async () => {
    await using world = await aWorld({ environments });
    await world.publish("v1.0.0");
    await world.promote("v1.0.0", "dev");
    const head = (await world.events("dev")).at(-1);
    if (!head) throw new Error("no events");
    await world
      .forge("mallory", {
        ...head.event,
        ...{ seq: head.event.seq + 1, size: head.event.size + 1, prev: head.hash, kind: "unlock" },
        ...{ body: { reason: "x" }, actor: { identity: "release", method: "key" } },
      })
      .catch(() => null);
    const found = await world.floe().verify({ environment: "dev" });
    expect(found.trusted).toBe(false);
    expect(found.blocking[0]).toMatchObject({ exitCode: 18 });
  });
});
