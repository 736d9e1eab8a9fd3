import { isFloeError } from "@floe/core/errors";
import { type Digest, digestOf, EMPTY_BLOB, EMPTY_DESCRIPTOR, MEDIA_TYPES } from "@floe/core/model";
import type { ManifestInput } from "@floe/core/ports";
import { describe, expect, it } from "vitest";
import { createMemoryStore, type MemoryStore } from "../src/memory-store.ts";

const call = { signal: AbortSignal.timeout(60_000) };

function manifest(name: string, subject?: { digest: Digest; size: number }): ManifestInput {
  const json = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: "application/vnd.example",
    config: EMPTY_DESCRIPTOR,
    layers: [],
    ...(subject ? { subject: { mediaType: MEDIA_TYPES.ociManifest, ...subject } } : {}),
    annotations: { name },
  };
  return { mediaType: MEDIA_TYPES.ociManifest, bytes: Buffer.from(JSON.stringify(json)) };
}

async function storeWithConfig(options: Parameters<typeof createMemoryStore>[0] = {}) {
  const store = createMemoryStore(options);
  await store.reopen().putBlob(EMPTY_DESCRIPTOR, EMPTY_BLOB, call);
  return store;
}

async function outcome(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "fine",
    (error: unknown) => (isFloeError(error) ? error.code : String(error)),
  );
}

async function race(store: MemoryStore): Promise<string[]> {
  const results = await Promise.all(
    ["a", "b", "c"].map((name) => store.createTag("v1.0.0", manifest(name), call)),
  );
  return results.map((result) => result.status).sort();
}

describe("createMemoryStore", () => {
  it("gives back the bytes, by tag and by digest, whatever the caller does to its copy", async () => {
    const store = await storeWithConfig();
    const input = manifest("a");
    await store.createTag("v1.0.0", input, call);
    const read = await store.getManifest("v1.0.0", call);
    expect(read?.bytes).toEqual(new Uint8Array(input.bytes));
    read?.bytes.fill(0);
    expect((await store.getManifest(digestOf(input.bytes), call))?.bytes).toEqual(
      new Uint8Array(input.bytes),
    );
    expect(await store.resolve("v9.9.9", call)).toBeNull();
  });

  it("lets exactly one of several racing writers create a tag", async () => {
    expect(await race(await storeWithConfig())).toEqual(["created", "taken", "taken"]);
  });

  it("lets two writers believe that they won when tag creation is compare-then-put", async () => {
    const first = await storeWithConfig({ tagCreation: "compare-then-put" });
    const firstDone = Promise.withResolvers<void>();
    const second = first.reopen({ onWrite: () => firstDone.promise });
    const late = second.createTag("v1.0.0", manifest("late"), call);
    expect((await first.createTag("v1.0.0", manifest("early"), call)).status).toBe("created");
    firstDone.resolve();
    expect((await late).status).toBe("created");
  });

  it("never overwrites an immutable tag, neither by createTag nor by attach", async () => {
    const store = await storeWithConfig();
    const subject = { digest: digestOf("x"), size: 1 };
    await store.attach(manifest("a", subject), { ...call, tag: "floe-rec.1" });
    const before = store.tags();
    expect((await store.createTag("floe-rec.1", manifest("b"), call)).status).toBe("taken");
    expect(
      await outcome(store.attach(manifest("b", subject), { ...call, tag: "floe-rec.1" })),
    ).toBe("FLOE_TAG_IMMUTABLE");
    expect(
      await outcome(store.attach(manifest("a", subject), { ...call, tag: "floe-rec.1" })),
    ).toBe("fine");
    expect(store.tags()).toEqual(before);
  });

  it("moves a tag only from where the caller expects it to be", async () => {
    const store = await storeWithConfig();
    const first = manifest("a");
    expect(await store.moveTag("latest-prod", first, { ...call, expect: null })).toEqual({
      status: "moved",
      previous: null,
    });
    expect(
      await outcome(store.moveTag("latest-prod", manifest("b"), { ...call, expect: null })),
    ).toBe("FLOE_TAG_MOVED");
    expect(
      await store.moveTag("latest-prod", manifest("b"), {
        ...call,
        expect: digestOf(first.bytes),
      }),
    ).toEqual({ status: "moved", previous: digestOf(first.bytes) });
  });

  it("takes a tag that somebody else has already moved to the same digest for moved", async () => {
    const store = await storeWithConfig();
    const { digest } = await store.putManifest(manifest("a"), call);
    await store.moveTag("latest-prod", manifest("b"), call);
    const now = digestOf(manifest("b").bytes);
    for (const expected of [digest, null])
      expect(
        await store.moveTag("latest-prod", manifest("b"), { ...call, expect: expected }),
      ).toEqual({ status: "unchanged", previous: now });
  });

  it("finds referrers by what the manifests say, also for a subject that is not there", async () => {
    const store = await storeWithConfig();
    const subject = { digest: digestOf("absent"), size: 6 };
    const a = await store.attach(manifest("a", subject), call);
    const b = await store.putManifest(manifest("b", subject), call);
    await store.putManifest(manifest("c"), call);
    const found = await store.referrers(subject.digest, call);
    expect(new Set(found.map((entry) => entry.digest))).toEqual(new Set([a.digest, b.digest]));
    expect(found[0]?.artifactType).toBe("application/vnd.example");
  });

  it("refuses manifests whose blobs are absent and blobs that are not their digest", async () => {
    const store = createMemoryStore();
    expect(await outcome(store.putManifest(manifest("a"), call))).toBe(
      "FLOE_REGISTRY_RESPONSE_INVALID",
    );
    expect(await outcome(store.putBlob(EMPTY_DESCRIPTOR, Buffer.from("[]"), call))).toBe(
      "FLOE_DIGEST_MISMATCH",
    );
    expect(await store.hasBlob(EMPTY_DESCRIPTOR.digest, call)).toBe(false);
  });

  it("crashes at the Nth write without writing it, and another handle sees what was written", async () => {
    const kinds: string[] = [];
    const store = await storeWithConfig({
      onWrite: (ordinal, what) => {
        kinds.push(`${ordinal} ${what.kind} ${what.target}`);
        if (ordinal >= 2) throw new Error("power cut");
      },
    });
    await store.createTag("v1.0.0", manifest("a"), call);
    expect(await outcome(store.createTag("v1.0.0-dev", manifest("a"), call))).toBe(
      "Error: power cut",
    );
    expect(kinds).toEqual(["1 tag v1.0.0", "2 tag v1.0.0-dev"]);
    const next = store.reopen();
    expect(Object.keys(next.tags())).toEqual(["v1.0.0"]);
    expect((await next.createTag("v1.0.0-dev", manifest("a"), call)).status).toBe("created");
  });

  it("loses an answer after the write when afterWrite throws", async () => {
    const store = await storeWithConfig({
      afterWrite: () => {
        throw new Error("connection reset");
      },
    });
    expect(await outcome(store.createTag("v1.0.0", manifest("a"), call))).toBe(
      "Error: connection reset",
    );
    expect((await store.createTag("v1.0.0", manifest("a"), call)).status).toBe("unchanged");
  });

  it("fails the calls that it is told to fail, until told otherwise", async () => {
    const store = await storeWithConfig();
    const end = store.fail(({ operation }) => operation === "referrers");
    expect(await outcome(store.referrers(digestOf("x"), call))).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(await outcome(store.resolve("v1.0.0", call))).toBe("fine");
    end();
    expect(await outcome(store.referrers(digestOf("x"), call))).toBe("fine");
  });

  it("stops when the signal is aborted and counts what was asked of it", async () => {
    const store = await storeWithConfig();
    await store.createTag("v1.0.0", manifest("a"), call);
    expect(store.stats).toEqual({ requests: 1, writes: 1 });
    expect(await outcome(store.listTags({ signal: AbortSignal.abort(new Error("stop")) }))).toBe(
      "Error: stop",
    );
  });

  it("deletes a manifest with its tags, once, and it is no referrer any more", async () => {
    const writes: string[] = [];
    const store = await storeWithConfig({
      onWrite: (_, { kind }) => {
        writes.push(kind);
      },
    });
    const subject = manifest("subject");
    await store.createTag("v1.0.0", subject, call);
    const { digest, size } = await store.putManifest(subject, call);
    const record = await store.attach(manifest("record", { digest, size }), call);
    await store.createTag("kept", subject, call);
    expect(await store.deleteManifest?.(record.digest, call)).toBe(true);
    expect(await store.referrers(digest, call)).toEqual([]);
    expect(await store.deleteManifest?.(digest, call)).toBe(true);
    expect(store.tags()).toEqual({});
    expect(await store.resolve(digest, call)).toBeNull();
    const before = writes.length;
    expect(await store.deleteManifest?.(digest, call)).toBe(false);
    expect([writes.length, writes.at(-1)]).toEqual([before, "delete"]);
  });
});
