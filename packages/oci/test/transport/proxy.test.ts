import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { digestOf } from "@floe/core/model";
import { startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import {
  createHostStates,
  createRegistryStore,
  type RegistryStoreOptions,
} from "../../src/index.ts";
import { codeOf, errorOf, messagesOf } from "../registry/open-store.ts";
import { selfSigned } from "./self-signed.ts";

const signal = new AbortController().signal;
const bytes = Buffer.from("content ".repeat(20_000));
const descriptor = { mediaType: "a/b", digest: digestOf(bytes), size: bytes.length };

/** A proxy that leads every host to one port of this machine. */
async function startProxy(port: number, status = 200) {
  const seen: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming);
    const { pathname, search } = new URL(incoming.url ?? "");
    const { method, headers } = incoming;
    const forwarded = request(
      { host: "127.0.0.1", port, method, headers, path: `${pathname}${search}` },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(forwarded);
  });
  server.on("connect", (incoming: IncomingMessage, socket: Socket) => {
    seen.push(incoming);
    sockets.add(socket);
    socket.on("error", () => {});
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const onward = connect(port, "127.0.0.1");
    sockets.add(onward);
    onward.on("error", () => {});
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

async function startTcp(handle: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    handle(socket);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function openThrough(options: Partial<RegistryStoreOptions>) {
  return createRegistryStore({
    uri: "oci://registry.test/acme/app",
    retry: { maxAttempts: 1 },
    hosts: createHostStates(),
    ...options,
  });
}

describe("a proxy", () => {
  test("is asked to connect for https, once per kept connection, with the credentials of its address", async () => {
    await using registry = await startRegistry({ tls: selfSigned() });
    await using proxy = await startProxy(Number(new URL(registry.url).port));
    const proxyEnv = { HTTPS_PROXY: `http://me:p%40ss@${proxy.host}` };
    const store = openThrough({ proxyEnv, tlsVerify: false });
    await store.putBlob(descriptor, bytes, { signal });
    expect(Buffer.from(await store.getBlob(descriptor, { signal })).equals(bytes)).toBe(true);
    expect(proxy.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "CONNECT registry.test:443",
    ]);
    expect(proxy.seen[0]?.headers["proxy-authorization"]).toBe(
      `Basic ${Buffer.from("me:p@ss").toString("base64")}`,
    );
    expect(registry.requests.length).toBeGreaterThan(3);
    for (const { headers } of registry.requests) {
      expect(headers["proxy-authorization"]).toBeUndefined();
      expect(headers["host"]).toBe("registry.test");
    }
    await store[Symbol.asyncDispose]?.();
  });

  test("does not take the registry's certificate on trust", async () => {
    const tls = selfSigned();
    await using registry = await startRegistry({ tls });
    await using proxy = await startProxy(Number(new URL(registry.url).port));
    const proxyEnv = { HTTPS_PROXY: `http://${proxy.host}` };
    for (const ca of [{}, { ca: tls.cert }]) {
      // With the authority known the name is still another: the certificate is for 127.0.0.1.
      const store = openThrough({ proxyEnv, ...ca });
      const error = await errorOf(store.resolve("v1", { signal }));
      expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
      expect(error.message).toContain("no trusted TLS connection");
      await store[Symbol.asyncDispose]?.();
    }
    expect(registry.requests).toEqual([]);
  });

  test("is asked for the whole address for http", async () => {
    await using registry = await startRegistry();
    await using proxy = await startProxy(Number(new URL(registry.url).port));
    const proxyEnv = { http_proxy: `me:secret@${proxy.host}` };
    const store = openThrough({ proxyEnv, insecure: true });
    await store.putBlob(descriptor, bytes, { signal });
    expect(Buffer.from(await store.getBlob(descriptor, { signal })).equals(bytes)).toBe(true);
    expect(proxy.seen[0]?.url).toBe(`http://registry.test/v2/acme/app/blobs/${descriptor.digest}`);
    for (const { headers } of proxy.seen) {
      expect(headers.host).toBe("registry.test");
      expect(headers["proxy-authorization"]).toMatch(/^Basic /);
    }
    await store[Symbol.asyncDispose]?.();
  });

  test("is never between floe and this machine, nor before a host in NO_PROXY", async () => {
    await using registry = await startRegistry();
    await using proxy = await startProxy(1);
    const store = createRegistryStore({
      uri: `oci://${registry.host}/acme/app`,
      proxyEnv: { ALL_PROXY: `http://${proxy.host}` },
    });
    expect(await store.resolve("v1", { signal })).toBeNull();
    expect(proxy.seen).toEqual([]);
    await store[Symbol.asyncDispose]?.();
  });

  test.for([
    [407, false],
    [403, false],
    [502, true],
  ] as const)(
    "that answers %d to CONNECT is named without its password, to be repeated: %s",
    async ([status, retryable]) => {
      await using proxy = await startProxy(1, status);
      const store = openThrough({ proxyEnv: { HTTPS_PROXY: `http://me:hunter2@${proxy.host}` } });
      const error = await errorOf(store.resolve("v1", { signal }));
      expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
      expect(error.message).toContain(
        `${proxy.host} answered ${status} to CONNECT registry.test:443`,
      );
      expect(error.hint).toContain("HTTPS_PROXY");
      expect(error.details?.["retryable"]).toBe(retryable);
      expect(messagesOf(error)).not.toMatch(/hunter2|bWU6aHVudGVyMg/);
      await store[Symbol.asyncDispose]?.();
    },
  );

  test.for<[string, (socket: Socket) => void]>([
    ["says nothing", () => {}],
    ["hangs up", (socket) => socket.end()],
    ["speaks no HTTP", (socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n\r\n")],
    [
      "sends headers without end",
      (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(50_000)}`),
    ],
    ["sends more than it may", (socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nmore")],
    ["says yes and then nothing", (socket) => socket.write("HTTP/1.1 200 OK\r\n\r\n")],
  ])("that %s is an error in time", async ([, handle]) => {
    await using proxy = await startTcp((socket) => socket.once("data", () => handle(socket)));
    const timeouts = { connectMs: 200 };
    const store = openThrough({ proxyEnv: { HTTPS_PROXY: `http://${proxy.host}` }, timeouts });
    expect(await codeOf(store.resolve("v1", { signal }))).toBe("FLOE_REGISTRY_UNAVAILABLE");
    await store[Symbol.asyncDispose]?.();
  });

  test("that says nothing can be called off, and is then let go", async () => {
    const { promise: isLetGo, resolve: letGo } = Promise.withResolvers<void>();
    await using proxy = await startTcp((socket) => socket.once("close", () => letGo()).resume());
    const store = openThrough({ proxyEnv: { HTTPS_PROXY: `http://${proxy.host}` } });
    const controller = new AbortController();
    const reason = new Error("enough");
    const call = store.resolve("v1", { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 50);
    await expect(call).rejects.toBe(reason);
    await store[Symbol.asyncDispose]?.();
    await isLetGo;
  });
});
