import { digestOf, parseDigest } from "@floe/core/model";
import { describe, expect, test } from "vitest";
import { verifyStream } from "../../src/registry/verify-stream.ts";
import { blob, collect, pieces } from "./blob-fixture.ts";
import { codeOf, errorOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;

const bytes = new TextEncoder().encode("some bytes of a blob");
const descriptor = blob(bytes);

describe("putBlob", () => {
  test("looks, starts an upload and puts; what is known to be there costs nothing more", async () => {
    await using opened = await openStore();
    await opened.store.putBlob(descriptor, bytes, { signal });
    await opened.store.putBlob(descriptor, bytes, { signal });
    expect(opened.trace()[0]).toBe(`HEAD blobs/${descriptor.digest}`);
    expect(opened.trace()[1]).toBe("POST blobs/uploads/");
    expect(opened.trace()).toHaveLength(3);
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    expect(opened.store.stats).toEqual({ requests: 3, writes: 1 });
    await opened.another().putBlob(descriptor, bytes, { signal });
    expect(opened.trace()).toHaveLength(4);
  });

  test.for([true, false])(
    "streams a large blob; absolute locations: %s",
    async (absoluteLocations) => {
      await using opened = await openStore({ absoluteLocations });
      const large = new Uint8Array(3_000_000).map((_, at) => at % 251);
      const described = blob(large);
      await opened.store.putBlob(described, () => pieces(large, 65_536), { signal });
      expect(digestOf(opened.registry.blob(REPO, described.digest) ?? "")).toBe(described.digest);
      expect(digestOf(await collect(opened.store.openBlob(described, { signal })))).toBe(
        described.digest,
      );
    },
  );

  test("an empty blob can be stored and read", async () => {
    await using opened = await openStore();
    const empty = blob(new Uint8Array());
    await opened.store.putBlob(empty, new Uint8Array(), { signal });
    expect(await opened.store.getBlob(empty, { signal })).toHaveLength(0);
  });

  test.for([
    ["other bytes", { ...descriptor, digest: digestOf("other") }],
    ["too few bytes", { ...descriptor, size: bytes.length + 1 }],
    ["too many bytes", { ...descriptor, size: bytes.length - 1 }],
  ] as const)("a source with %s never becomes a blob", async ([, wrong]) => {
    await using opened = await openStore();
    for (const source of [bytes, () => pieces(bytes)]) {
      const call = opened.store.putBlob(wrong, source, { signal });
      expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
    }
    expect(opened.registry.writes).toBe(0);
  });

  test("bytes are held back until they are judged, whatever the source sends after them", async () => {
    await using opened = await openStore();
    const wrong = { ...descriptor, digest: digestOf("other") };
    let seen = 0;
    const source = async function* () {
      yield bytes;
      yield new Uint8Array();
      seen += 1;
      yield new Uint8Array();
    };
    // The registry would complain as well; it must not even get the chance to take them.
    const taken: Uint8Array[] = [];
    const drained = (async () => {
      for await (const piece of verifyStream(source(), wrong)) taken.push(piece);
    })();
    expect(await codeOf(drained)).toBe("FLOE_DIGEST_MISMATCH");
    expect([seen, taken]).toEqual([1, []]);
    expect(await codeOf(opened.store.putBlob(wrong, source, { signal }))).toBe(
      "FLOE_DIGEST_MISMATCH",
    );
  });

  // Row 38.
  test("an upload that is aborted is cancelled, and nothing is stored", async () => {
    await using opened = await openStore();
    const controller = new AbortController();
    const reason = new Error("enough");
    const source = async function* () {
      yield bytes.subarray(0, 3);
      controller.abort(reason);
      yield bytes.subarray(3);
    };
    const call = opened.store.putBlob(descriptor, source, { signal: controller.signal });
    await expect(call).rejects.toBe(reason);
    expect(opened.trace().at(-1)).toMatch(/^DELETE blobs\/uploads\//);
    expect([opened.registry.writes, opened.registry.uploadCount(REPO)]).toEqual([0, 0]);
  });

  test("a large source is asked for its pieces only as fast as they leave", async () => {
    await using opened = await openStore();
    const size = 512 * 1024 * 1024;
    const piece = new Uint8Array(1024 * 1024);
    let pulled = 0;
    const source = async function* () {
      for (; pulled < 512; pulled += 1) yield piece;
    };
    opened.registry.faults.add({ match: { method: "PUT" }, action: { kind: "stall-upload" } });
    const controller = new AbortController();
    const wrong = { ...descriptor, size };
    const uploads = { chunkedAboveBytes: size };
    const call = opened.another({ uploads }).putBlob(wrong, source, { signal: controller.signal });
    await expect.poll(() => pulled, { timeout: 5000 }).toBeGreaterThan(0);
    let before = -1;
    while (before !== pulled) {
      before = pulled;
      await new Promise((later) => setTimeout(later, 100));
    }
    controller.abort();
    await expect(call).rejects.toThrow();
    expect(pulled).toBeLessThan(64);
  });

  test("a source that throws ends the call with what it threw", async () => {
    await using opened = await openStore();
    const failing = async function* () {
      yield bytes.subarray(0, 3);
      throw new RangeError("disk on fire");
    };
    const call = opened.store.putBlob(descriptor, failing, { signal });
    await expect(call).rejects.toThrow(RangeError);
    expect(opened.registry.writes).toBe(0);
  });

  // Rows 33 and 35.
  test.for([
    ["POST", { kind: "drop" }],
    ["POST", { kind: "status", status: 502 }],
    ["PUT", { kind: "drop" }],
    ["PUT", { kind: "drop-answer" }],
    ["PUT", { kind: "status", status: 500, apply: true }],
    ["PUT", { kind: "status", status: 429, retryAfter: 1 }],
  ] as const)("an upload whose %s meets %j is started again", async ([method, action]) => {
    await using opened = await openStore();
    opened.registry.faults.add({ match: { method }, action });
    let opens = 0;
    const source = () => {
      opens += 1;
      return pieces(bytes);
    };
    await opened.store.putBlob(descriptor, source, { signal });
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    expect(opened.registry.writes).toBe(1);
    expect(opens).toBeGreaterThan(0);
  });

  // Row 43.
  test("a proxy's limit on uploads is explained", async () => {
    await using opened = await openStore();
    const action = { kind: "status", status: 413, body: "<html>too large</html>" } as const;
    opened.registry.faults.add({ match: { method: "PUT" }, action });
    const error = await errorOf(opened.store.putBlob(descriptor, bytes, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(error.hint).toContain("proxy");
    expect(error.message).not.toContain("html");
  });
});

describe("reading blobs", () => {
  test("hasBlob asks the registry", async () => {
    await using opened = await openStore();
    expect(await opened.store.hasBlob(descriptor.digest, { signal })).toBe(false);
    await opened.store.putBlob(descriptor, bytes, { signal });
    expect(await opened.store.hasBlob(descriptor.digest, { signal })).toBe(true);
  });

  test("getBlob refuses what is larger than asked for, before it asks", async () => {
    await using opened = await openStore();
    const call = opened.store.getBlob(descriptor, { signal, maxBytes: 3 });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(opened.trace()).toEqual([]);
  });

  test("a blob that is not there is not found", async () => {
    await using opened = await openStore();
    const call = opened.store.getBlob(descriptor, { signal });
    expect(await codeOf(call)).toBe("FLOE_ARTIFACT_NOT_FOUND");
  });

  test.for([{ kind: "flip-byte" }, { kind: "truncate" }, { kind: "drop" }] as const)(
    "getBlob overcomes one %j",
    async (action) => {
      await using opened = await openStore();
      await opened.store.putBlob(descriptor, bytes, { signal });
      opened.registry.faults.add({ match: { method: "GET" }, action });
      expect(new Uint8Array(await opened.store.getBlob(descriptor, { signal }))).toEqual(bytes);
    },
  );

  // Rows 1, 2, 3 and 7.
  test.for([
    [{ kind: "flip-byte" }, "FLOE_DIGEST_MISMATCH"],
    [{ kind: "truncate" }, "FLOE_REGISTRY_UNAVAILABLE"],
    [
      { kind: "headers", headers: { "content-encoding": "gzip" } },
      "FLOE_REGISTRY_RESPONSE_INVALID",
    ],
  ] as const)("a blob with %j is never complete", async ([action, code]) => {
    await using opened = await openStore();
    await opened.store.putBlob(descriptor, bytes, { signal });
    opened.registry.faults.add({ match: { method: "GET" }, action, times: 99 });
    expect(await codeOf(opened.store.getBlob(descriptor, { signal }))).toBe(code);
    expect(await codeOf(collect(opened.store.openBlob(descriptor, { signal })))).toBe(code);
  });

  // Row 11.
  test("a blob may have a sha512 digest, which is checked like the other", async () => {
    await using opened = await openStore();
    const { createHash } = process.getBuiltinModule("node:crypto");
    const digest = parseDigest(`sha512:${createHash("sha512").update(bytes).digest("hex")}`);
    const long = { ...descriptor, digest };
    await opened.store.putBlob(long, bytes, { signal });
    expect(await opened.store.hasBlob(digest, { signal })).toBe(true);
    expect(new Uint8Array(await opened.store.getBlob(long, { signal }))).toEqual(bytes);
    expect(await collect(opened.store.openBlob(long, { signal }))).toEqual(bytes);
    const fault = { match: { method: "GET" }, action: { kind: "flip-byte" }, times: 9 } as const;
    opened.registry.faults.add(fault);
    const code = "FLOE_DIGEST_MISMATCH";
    expect(await codeOf(opened.store.getBlob(long, { signal }))).toBe(code);
    expect(await codeOf(collect(opened.store.openBlob(long, { signal })))).toBe(code);
    const absent = { ...long, digest: parseDigest(digest.replace(/.{4}$/, "0000")) };
    expect(await codeOf(opened.store.putBlob(absent, bytes, { signal }))).toBe(code);
    expect(opened.registry.blobCount(REPO)).toBe(1);
  });

  // Rows 4 and 6.
  test("a blob that is longer or shorter than its descriptor says is refused", async () => {
    await using opened = await openStore();
    await opened.store.putBlob(descriptor, bytes, { signal });
    for (const size of [bytes.length - 1, bytes.length + 1]) {
      const call = opened.store.getBlob({ ...descriptor, size }, { signal });
      expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
    }
  });

  test("leaving a stream early closes its connection", async () => {
    await using opened = await openStore();
    const large = new Uint8Array(2_000_000);
    await opened.store.putBlob(blob(large), large, { signal });
    for await (const chunk of opened.store.openBlob(blob(large), { signal })) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    expect(await opened.store.hasBlob(digestOf(large), { signal })).toBe(true);
  });

  test("an abort in the middle of a blob ends the stream with the abort's reason", async () => {
    await using opened = await openStore();
    await opened.store.putBlob(descriptor, bytes, { signal });
    opened.registry.faults.add({ match: { method: "GET" }, action: { kind: "stall-body" } });
    const controller = new AbortController();
    const call = collect(opened.store.openBlob(descriptor, { signal: controller.signal }));
    const reason = new Error("enough");
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
  });
});
