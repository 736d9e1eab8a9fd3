import type { FaultAction, RegistryOptions } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { blob, collect, patterned } from "./blob-fixture.ts";
import { codeOf, openStore } from "./open-store.ts";

const signal = new AbortController().signal;
const large = patterned(600_000);
const descriptor = blob(large);
const GET = { method: "GET" };
const timeouts = { connectMs: 2000, headersMs: 150, idleMs: 150, bodyMs: 2000 };

async function openFull(options: RegistryOptions = {}) {
  const opened = await openStore(options, { timeouts });
  await opened.store.putBlob(descriptor, large, { signal });
  const ranges = () =>
    opened.registry.requests
      .filter(({ method }) => method === "GET")
      .map(({ headers }) => headers["range"]);
  const read = () => collect(opened.store.openBlob(descriptor, { signal }));
  return { ...opened, ranges, read };
}

describe("a blob whose stream breaks off", () => {
  // Rows 1 and 2.
  test.for<FaultAction>([
    { kind: "truncate", bytes: 400_000 },
    { kind: "stall-body", bytes: 400_000 },
  ])("goes on where it was after %j", async (action) => {
    await using opened = await openFull();
    opened.registry.faults.add({ match: GET, action });
    expect(await opened.read()).toEqual(large);
    const [first, second, ...others] = opened.ranges();
    expect([first, others]).toEqual([undefined, []]);
    // What was underway when the connection broke may be lost; nothing that arrived is asked for again.
    expect(Number(/^bytes=(\d+)-$/.exec(String(second))?.[1])).toBeGreaterThan(0);
  });

  test("goes on several times, also through answers that are no blob", async () => {
    await using opened = await openFull();
    for (const action of [
      { kind: "truncate", bytes: 300_000 },
      { kind: "status", status: 503 },
      { kind: "truncate", bytes: 100_000 },
      { kind: "drop" },
    ] as const) {
      opened.registry.faults.add({ match: GET, action });
    }
    expect(await opened.read()).toEqual(large);
  });

  test("is read again from the beginning where the registry knows no ranges, and given out once", async () => {
    await using opened = await openFull({ blobRanges: false });
    opened.registry.faults.add({ match: GET, action: { kind: "truncate", bytes: 400_000 } });
    expect(await opened.read()).toEqual(large);
  });

  // Row 3.
  test("is checked as a whole", async () => {
    await using opened = await openFull();
    opened.registry.faults.add({ match: GET, action: { kind: "truncate", bytes: 400_000 } });
    opened.registry.faults.add({ match: GET, action: { kind: "flip-byte" } });
    expect(await codeOf(opened.read())).toBe("FLOE_DIGEST_MISMATCH");
  });

  test("ends when it does not get on", async () => {
    await using opened = await openFull();
    opened.registry.faults.add({ match: GET, action: { kind: "truncate", bytes: 0 }, times: 99 });
    expect(await codeOf(opened.read())).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(opened.ranges()).toHaveLength(3);
  });

  test("ends when it gets on by crumbs only", async () => {
    await using opened = await openFull();
    const action = { kind: "truncate", bytes: 1000 } as const;
    opened.registry.faults.add({ match: GET, action, times: 999 });
    expect(await codeOf(opened.read())).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(opened.ranges().length).toBeLessThanOrEqual(21);
  });

  test.for(["bytes 500000-599999/600000", "nonsense", ""])(
    "is not taken up with a Content-Range of %j",
    async (range) => {
      await using opened = await openFull();
      opened.registry.faults.add({ match: GET, action: { kind: "truncate", bytes: 100_000 } });
      const headers = { "content-range": range };
      opened.registry.faults.add({ match: GET, action: { kind: "headers", headers } });
      expect(await codeOf(opened.read())).toBe("FLOE_REGISTRY_RESPONSE_INVALID");
    },
  );
});

describe("the length of a blob", () => {
  // Rows 4 and 6.
  test.for([599_999, 600_001])("is refused at once when %i are announced", async (length) => {
    await using opened = await openFull();
    const headers = { "content-length": String(length) };
    const action = { kind: "headers", headers } as const;
    opened.registry.faults.add({ match: GET, action, times: 9 });
    const given: Uint8Array[] = [];
    const reading = (async () => {
      for await (const piece of opened.store.openBlob(descriptor, { signal })) given.push(piece);
    })();
    expect(await codeOf(reading)).toBe("FLOE_DIGEST_MISMATCH");
    expect(given).toEqual([]);
  });

  // Row 5.
  test("need not be announced", async () => {
    await using opened = await openFull();
    const headers = { "transfer-encoding": "chunked" };
    opened.registry.faults.add({ match: GET, action: { kind: "headers", headers } });
    expect(await opened.read()).toEqual(large);
  });

  // Row 4.
  test("is counted where it is not announced", async () => {
    await using opened = await openFull();
    const headers = { "transfer-encoding": "chunked" };
    const body = patterned(600_001);
    const action = { kind: "status", status: 200, headers, body } as const;
    opened.registry.faults.add({ match: GET, action });
    expect(await codeOf(opened.read())).toBe("FLOE_DIGEST_MISMATCH");
  });
});
