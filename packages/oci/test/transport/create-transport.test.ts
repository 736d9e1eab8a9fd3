import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { isFloeError } from "@floe/core/errors";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import {
  createTransport,
  DEFAULT_TIMEOUTS,
  type TransportOptions,
} from "../../src/transport/create-transport.ts";
import { followRedirects } from "../../src/transport/follow-redirects.ts";
import { readBody } from "../../src/transport/read-body.ts";
import { selfSigned } from "./self-signed.ts";

const signal = new AbortController().signal;

async function get(url: string, options: Partial<TransportOptions> = {}): Promise<string> {
  const timeouts = { ...DEFAULT_TIMEOUTS, headersMs: 300, idleMs: 300, bodyMs: 600 };
  const transport = createTransport({ timeouts, tlsVerify: true, ...options });
  try {
    const request = { method: "GET", url: new URL(url), headers: {}, signal };
    const answer = await transport.send(request);
    const limits = { signal, idleMs: 300, totalMs: 600, maxBytes: 1000 };
    return `${answer.status} ${Buffer.from(await readBody(answer, limits)).toString()}`;
  } catch (error) {
    if (!isFloeError(error)) throw error;
    return `${error.code} ${JSON.stringify(error.details?.["retryable"])}`;
  } finally {
    transport.close();
  }
}

/** A server that says the given bytes to everybody, and after a pause, over and over, `drip`. */
async function startRaw(answer: string, drip = "") {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(answer);
      if (drip === "") return;
      const timer = setInterval(() => socket.write(drip), 50);
      socket.once("close", () => clearInterval(timer));
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe("TLS", () => {
  test("a certificate is checked, unless it is of a given authority or checking is off", async () => {
    const tls = selfSigned();
    await using registry = await startRegistry({ tls });
    const url = `${registry.url}/v2/`;
    expect(await get(url)).toBe("FLOE_REGISTRY_UNAVAILABLE false");
    expect(await get(url, { ca: tls.cert })).toBe("200 {}");
    expect(await get(url, { ca: selfSigned().cert })).toBe("FLOE_REGISTRY_UNAVAILABLE false");
    expect(await get(url, { tlsVerify: false })).toBe("200 {}");
  });

  test("https to a server that speaks http is an error that repeating does not help", async () => {
    await using registry = await startRegistry();
    const url = registry.url.replace("http:", "https:");
    expect(await get(url)).toBe("FLOE_REGISTRY_UNAVAILABLE false");
  });

  // Row 21.
  test("a redirect from https to http is refused", async () => {
    const tls = selfSigned();
    await using registry = await startRegistry({ tls });
    const headers = { location: "http://cdn.example/blob" };
    registry.faults.add({ match: {}, action: { kind: "status", status: 307, headers } });
    const transport = createTransport({ timeouts: DEFAULT_TIMEOUTS, tlsVerify: false });
    const url = new URL(registry.url);
    const call = followRedirects(
      transport,
      { method: "GET", url, headers: {}, signal },
      {
        authorization: "Basic secret",
        credentialOrigin: url.origin,
        registry: url,
        onAnswer: () => {},
        onRequest: () => {},
      },
    );
    await expect(call).rejects.toMatchObject({ code: "FLOE_REGISTRY_RESPONSE_INVALID" });
    transport.close();
  });
});

describe("strange peers", () => {
  test.for([
    ["SSH-2.0-OpenSSH_9.2\r\n", "FLOE_REGISTRY_RESPONSE_INVALID undefined"],
    [
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
      "FLOE_REGISTRY_RESPONSE_INVALID undefined",
    ],
    ["HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345", "FLOE_REGISTRY_UNAVAILABLE true"],
    [
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n123",
      "FLOE_REGISTRY_UNAVAILABLE true",
    ],
    ["HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n", "FLOE_REGISTRY_LIMIT_EXCEEDED undefined"],
    ["HTTP/1.1 2", "FLOE_REGISTRY_UNAVAILABLE true"],
  ])("%#: %j gives %s", async ([answer, expected]) => {
    await using server = await startRaw(answer ?? "");
    expect(await get(server.url)).toBe(expected);
  });

  test("a body that comes byte by byte is not waited for", async () => {
    await using server = await startRaw("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", "x");
    expect(await get(server.url)).toBe("FLOE_REGISTRY_UNAVAILABLE true");
  });

  test("a body without end is cut off at the limit", async () => {
    const chunk = `400\r\n${"x".repeat(0x400)}\r\n`;
    await using server = await startRaw(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
      chunk,
    );
    expect(await get(server.url)).toBe("FLOE_REGISTRY_LIMIT_EXCEEDED undefined");
  });
});
