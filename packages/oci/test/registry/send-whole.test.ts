import { describe, expect, test } from "vitest";
import { blob, patterned } from "./blob-fixture.ts";
import { codeOf, openStore, REPO } from "./open-store.ts";

const signal = new AbortController().signal;
const absent = { signal, absent: true };
const bytes = patterned(2000);
const descriptor = blob(bytes);
const other = patterned(2001);

describe("a small blob that nobody can have sent before", () => {
  test("is sent in one request", async () => {
    await using opened = await openStore();
    await opened.store.putBlob(descriptor, bytes, absent);
    expect(opened.trace()).toEqual(["POST blobs/uploads/"]);
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
  });

  test("goes on in the upload that a registry begins instead, which is asked for at once from then on", async () => {
    await using opened = await openStore({ singlePost: false });
    await opened.store.putBlob(descriptor, bytes, absent);
    await opened.store.putBlob(blob(other), other, absent);
    expect(opened.trace().map((line) => line.replace(/[0-9a-f-]{36}$/, ""))).toEqual([
      "POST blobs/uploads/",
      "PUT blobs/uploads/",
      "POST blobs/uploads/",
      "PUT blobs/uploads/",
    ]);
    expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    expect(opened.registry.blob(REPO, blob(other).digest)).toEqual(other);
    expect(opened.registry.uploadCount(REPO)).toBe(0);
  });

  test.for([400, 405, 411, 415, 501])(
    "is uploaded the usual way where one request is answered %i",
    async (status) => {
      await using opened = await openStore();
      opened.registry.faults.add({
        match: { method: "POST" },
        action: { kind: "status", status },
      });
      await opened.store.putBlob(descriptor, bytes, absent);
      expect(opened.trace().map((line) => line.slice(0, 4))).toEqual(["POST", "POST", "PUT "]);
      expect(opened.registry.blob(REPO, descriptor.digest)).toEqual(bytes);
    },
  );

  test("is not sent twice when only the answer was lost", async () => {
    await using opened = await openStore();
    opened.registry.faults.add({ match: { method: "POST" }, action: { kind: "drop-answer" } });
    await opened.store.putBlob(descriptor, bytes, absent);
    expect(opened.trace().map((line) => line.slice(0, 4))).toEqual(["POST", "HEAD"]);
    expect(opened.registry.writes).toBe(1);
  });

  test("is never stored with other bytes", async () => {
    await using opened = await openStore();
    const call = opened.store.putBlob(descriptor, other, absent);
    expect(await codeOf(call)).toBe("FLOE_DIGEST_MISMATCH");
    expect(opened.registry.writes).toBe(0);
  });
});

test("a blob of more than 64 KiB is not sent before the registry has begun the upload", async () => {
  await using opened = await openStore();
  const large = patterned(64 * 1024 + 1);
  await opened.store.putBlob(blob(large), large, absent);
  expect(opened.registry.requests[0]?.query).toBe("");
});
