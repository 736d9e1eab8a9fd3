import { digestOf } from "@floe/core/model";
import { buildArtifact, type FaultAction, pushArtifact } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createHostStates, createRegistryStore } from "../../src/index.ts";
import { blob, collect, patterned } from "./blob-fixture.ts";
import { codeOf, errorOf, messagesOf, openStore, REPO } from "./open-store.ts";
import { drip, startStrangeServer } from "./start-strange-server.ts";

const signal = new AbortController().signal;
const INVALID = "FLOE_REGISTRY_RESPONSE_INVALID";
const MISMATCH = "FLOE_DIGEST_MISMATCH";
const UNAVAILABLE = "FLOE_REGISTRY_UNAVAILABLE";
const bytes = patterned(50_000);
const timeouts = { connectMs: 2000, headersMs: 300, idleMs: 150, bodyMs: 1000 };

/** A blob of the registry's own making: these bytes with these headers. */
function served(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): FaultAction {
  return { kind: "status", status: 200, body, headers };
}

function openStrange(host: string) {
  return createRegistryStore({
    uri: `oci://${host}/${REPO}`,
    hosts: createHostStates(),
    retry: { maxAttempts: 1 },
    timeouts,
  });
}

describe("a blob that is not what it should be", () => {
  const flipped = Uint8Array.from(bytes);
  flipped[25_000] = (flipped[25_000] ?? 0) ^ 1;

  test.for<[string, FaultAction, string]>([
    ["row 1: shorter, and announced so", served(bytes.subarray(0, 20_000)), MISMATCH],
    ["row 2: cut off", { kind: "truncate" }, UNAVAILABLE],
    ["row 3: one bit is another", served(flipped), MISMATCH],
    ["row 4: longer", served(Buffer.concat([bytes, bytes])), MISMATCH],
    [
      "row 5: longer without saying",
      served(Buffer.concat([bytes, bytes]), { "transfer-encoding": "chunked" }),
      MISMATCH,
    ],
    [
      "row 6: announced as longer than it is",
      served(bytes, { "content-length": "60000" }),
      MISMATCH,
    ],
    [
      "row 6: announced as shorter than it is",
      served(bytes, { "content-length": "40000" }),
      MISMATCH,
    ],
    ["row 7: compressed", served(bytes, { "content-encoding": "gzip" }), INVALID],
    [
      "row 7: compressed in an unknown way",
      served(bytes, { "content-encoding": "\u009b31m" }),
      INVALID,
    ],
    ["a page of something else", served(Buffer.from("<html>login</html>")), MISMATCH],
  ])("%s", async ([, action, code]) => {
    await using it = await openStore({}, { timeouts, circuitBreaker: { enabled: false } });
    await it.store.putBlob(blob(bytes), bytes, { signal });
    it.registry.faults.add({ match: { method: "GET", path: /blobs/ }, action, times: 99 });
    const error = await errorOf(it.store.getBlob(blob(bytes), { signal }));
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/\p{Cc}/u);
    const stream = collect(it.store.openBlob(blob(bytes), { signal }));
    expect(await codeOf(stream)).toBe(code);
  });

  test("row 5: without a length it is read all the same", async () => {
    await using it = await openStore();
    const action = served(bytes, { "transfer-encoding": "chunked" });
    it.registry.faults.add({ match: { method: "GET" }, action });
    expect(new Uint8Array(await it.store.getBlob(blob(bytes), { signal }))).toEqual(bytes);
  });

  test("row 7: nothing compressed is ever asked for", async () => {
    await using it = await openStore();
    await it.store.putBlob(blob(bytes), bytes, { signal });
    await it.store.getBlob(blob(bytes), { signal });
    for (const { headers } of it.registry.requests) {
      expect(headers["accept-encoding"]).toBe("identity");
    }
  });
});

describe("a registry's claims about a digest", () => {
  const other = digestOf(Buffer.from("other"));

  // Row 15.
  test.for<[string, string, string]>([
    ["another digest", other, MISMATCH],
    ["no digest", "latest", INVALID],
    ["two of them", `${other}, ${other}`, INVALID],
    ["in upper case", other.toUpperCase(), INVALID],
    ["terminal orders", "sha256:\u009b2J", INVALID],
    ["a very long one", `sha256:${"a".repeat(10_000)}`, INVALID],
  ])("%s on a manifest that is read by tag", async ([, digest, code]) => {
    await using it = await openStore();
    await pushArtifact(it.registry, REPO, "v1");
    const action = { kind: "content-digest", digest } as const;
    it.registry.faults.add({ match: { method: "GET", path: /manifests/ }, action, times: 9 });
    const error = await errorOf(it.store.getManifest("v1", { signal }));
    expect(error.code).toBe(code);
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message.length).toBeLessThan(600);
  });

  test.for([
    ["two headers that differ", [other, digestOf(Buffer.from("{}"))]],
    ["the same header twice", [digestOf(Buffer.from("{}")), digestOf(Buffer.from("{}"))]],
  ] as const)("row 15: %s are no answer, whichever of them is right", async ([, digests]) => {
    const lines = digests.map((digest) => `docker-content-digest: ${digest}\r\n`).join("");
    const type = "content-type: application/vnd.oci.image.manifest.v1+json";
    await using server = await startStrangeServer((socket, request) => {
      const body = request.startsWith("HEAD") ? "" : "{}";
      socket.write(`HTTP/1.1 200 OK\r\n${lines}${type}\r\ncontent-length: 2\r\n\r\n${body}`);
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.getManifest("v1", { signal }))).toBe(INVALID);
    expect(await codeOf(store.resolve("v1", { signal }))).toBe(INVALID);
    await store[Symbol.asyncDispose]?.();
  });

  test("row 15: a header with a line break in it is no answer at all", async () => {
    await using server = await startStrangeServer((socket) => {
      socket.end(
        "HTTP/1.1 200 OK\r\ndocker-content-digest: sha256:a\nset-cookie: x=y\rz\r\ncontent-length: 0\r\n\r\n",
      );
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.getManifest("v1", { signal }))).toBe(INVALID);
    await store[Symbol.asyncDispose]?.();
  });

  // Row 16.
  test("is not needed: without one a HEAD is made good by what it names", async () => {
    await using it = await openStore();
    const { digest } = await pushArtifact(it.registry, REPO, "v1");
    const action = { kind: "content-digest", digest: null } as const;
    it.registry.faults.add({ match: { path: /manifests/ }, action, times: 9 });
    expect((await it.store.resolve("v1", { signal }))?.digest).toBe(digest);
  });

  // Row 18.
  test("a PUT that names another digest is not believed to have worked, and a lie in a HEAD is found", async () => {
    await using it = await openStore();
    await pushArtifact(it.registry, REPO, null);
    const built = buildArtifact({ layers: [{ content: `${REPO}:null` }] });
    it.registry.faults.add({
      match: { method: "PUT" },
      action: { kind: "content-digest", digest: other },
    });
    expect(await codeOf(it.store.putManifest(built, { signal }))).toBe(MISMATCH);
  });
});

describe("errors of a registry", () => {
  test.for<[string, FaultAction, RegExp]>([
    [
      "row 47: a page of HTML is not quoted",
      { kind: "status", status: 502, body: "<html><script>x</script>" },
      /answered 502$/,
    ],
    [
      "row 47: terminal orders are taken out",
      {
        kind: "status",
        status: 400,
        body: JSON.stringify({
          errors: [{ code: "\u001b[31mBAD", message: "\u001b]0;owned\u0007a\u001b[2Jb\nc" }],
        }),
      },
      /answered 400 BAD: a b c$/,
    ],
    [
      "row 47: long words are cut",
      { kind: "status", status: 400, body: "y".repeat(60_000) },
      /answered 400: y{300}…$/,
    ],
    [
      "row 47: bytes that are no text",
      { kind: "status", status: 400, body: Uint8Array.of(255, 0, 254) },
      /answered 400/,
    ],
  ])("%s", async ([, action, message]) => {
    await using it = await openStore({}, { retry: { maxAttempts: 1 } });
    it.registry.faults.add({ match: {}, action, times: 9 });
    const error = await errorOf(it.store.getManifest("v1", { signal }));
    expect(error.message).toMatch(message);
    expect(messagesOf(error)).not.toContain("\u001b");
  });

  test("row 47: a body without end is not read to its end", async () => {
    await using server = await startStrangeServer((socket) => {
      socket.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 1073741824\r\n\r\n");
      drip(socket, "z".repeat(16_384));
    });
    const store = openStrange(server.host);
    const error = await errorOf(store.getManifest("v1", { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_REFUSED");
    while (server.open > 0) await new Promise((done) => setTimeout(done, 5));
    await store[Symbol.asyncDispose]?.();
  });

  // Row 43.
  test("413 says what to do", async () => {
    await using it = await openStore();
    const action = { kind: "status", status: 413, body: "<html>nginx</html>" } as const;
    it.registry.faults.add({ match: { method: "PUT" }, action, times: 9 });
    const error = await errorOf(it.store.putBlob(blob(bytes), bytes, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(error.hint).toContain("limit");
    expect(it.registry.blobCount(REPO)).toBe(0);
  });

  // Row 30.
  test("501 and 505 are not repeated, 403 neither", async () => {
    for (const status of [501, 505, 403]) {
      await using it = await openStore();
      it.registry.faults.add({ match: {}, action: { kind: "status", status }, times: 9 });
      await errorOf(it.store.getManifest("v1", { signal }));
      expect(it.registry.requests).toHaveLength(1);
    }
  });
});

describe("answers that are too large", () => {
  // Rows 9 and 25: bodies and headers.
  test.for<[string, () => string, string]>([
    ["one header of 10 MB", () => `x: ${"y".repeat(10_000_000)}\r\n\r\n`, INVALID],
    ["headers without number", () => "x: y\r\n".repeat(100_000), INVALID],
    ["a status line without end", () => "a".repeat(1_000_000), INVALID],
    [
      "a manifest of white space",
      () => `content-length: 5000000\r\n\r\n${" ".repeat(5_000_000)}`,
      "FLOE_REGISTRY_LIMIT_EXCEEDED",
    ],
  ])("%s", async ([, make, code]) => {
    await using server = await startStrangeServer((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${make()}`);
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.getManifest("v1", { signal }))).toBe(code);
    await store[Symbol.asyncDispose]?.();
  });

  // Row 27.
  test("a token without end", async () => {
    await using tokens = await startStrangeServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n{"token":"\r\n');
      drip(socket, `400\r\n${"t".repeat(0x400)}\r\n`);
    });
    await using it = await openStore({}, { retry: { maxAttempts: 1 } });
    const challenge = `Bearer realm="http://${tokens.host}/token",service="x"`;
    it.registry.faults.add({
      match: {},
      action: { kind: "status", status: 401, headers: { "www-authenticate": challenge } },
    });
    const call = it.store.resolve("v1", { signal });
    expect(await codeOf(call)).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
  });

  // Row 39.
  test("a list of more than 1000 pages", async () => {
    await using server = await startStrangeServer((socket) => {
      const body = '{"name":"acme/app","tags":[]}';
      const link = `</v2/acme/app/tags/list?last=${server.seen.length}>; rel="next"`;
      socket.write(
        `HTTP/1.1 200 OK\r\nlink: ${link}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
    });
    const store = openStrange(server.host);
    expect(await codeOf(store.listTags({ signal }))).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED");
    expect(server.seen).toHaveLength(1000);
    await store[Symbol.asyncDispose]?.();
  });
});
