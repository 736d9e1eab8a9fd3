import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { describe, expect, test } from "vitest";
import { createHostStates, createRegistryStore } from "../../src/index.ts";
import { createTransport, DEFAULT_TIMEOUTS } from "../../src/transport/create-transport.ts";
import { registryTls } from "../../src/transport/registry-tls.ts";
import type { ClientCertificate } from "../../src/transport/tls-settings.ts";
import { codeOf, errorOf } from "../registry/open-store.ts";
import { selfSigned } from "./self-signed.ts";

const signal = new AbortController().signal;
const HOST = "registry.example:5000";

async function openFolder() {
  const dir = await mkdtemp(join(tmpdir(), "floe-tls-"));
  return {
    dir,
    async write(path: string, text: string) {
      await mkdir(join(dir, path, ".."), { recursive: true });
      await writeFile(join(dir, path), text);
      return join(dir, path);
    },
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  };
}

describe("registryTls", () => {
  test("reads the files that the environment names", async () => {
    await using folder = await openFolder();
    const mine = selfSigned();
    const env = {
      FLOE_REGISTRY_CA_FILE: await folder.write("ca.pem", selfSigned().cert),
      FLOE_REGISTRY_CLIENT_CERT_FILE: await folder.write("me.pem", mine.cert),
      FLOE_REGISTRY_CLIENT_KEY_FILE: await folder.write("me.key", mine.key),
      FLOE_REGISTRY_CLIENT_KEY_PASSPHRASE: "open sesame",
    };
    const found = await registryTls(env, HOST, { signal, systemDir: folder.dir });
    expect(found.ca).toContain("BEGIN CERTIFICATE");
    expect(found.clientCertificate).toEqual({ ...mine, passphrase: "open sesame" });
  });

  test("finds docker's certs.d: the user's before the system's, of this host and port only", async () => {
    await using folder = await openFolder();
    const [user, system, other] = [selfSigned(), selfSigned(), selfSigned()];
    await folder.write(`home/.docker/certs.d/${HOST}/ca.crt`, user.cert);
    await folder.write(`etc/certs.d/${HOST}/ca.crt`, system.cert);
    await folder.write(`etc/certs.d/${HOST}/client.cert`, system.cert);
    await folder.write(`etc/certs.d/${HOST}/client.key`, system.key);
    await folder.write("etc/certs.d/other.example/ca.crt", other.cert);
    const options = { signal, systemDir: join(folder.dir, "etc") };
    const env = { HOME: join(folder.dir, "home") };
    expect(await registryTls(env, HOST, options)).toEqual({
      ca: user.cert,
      clientCertificate: system,
    });
    expect(await registryTls({}, "other.example", options)).toEqual({ ca: other.cert });
    expect(await registryTls(env, "registry.example", options)).toEqual({});
    for (const host of ["..", "../other.example", ""]) {
      expect(await registryTls({}, host, options)).toEqual({});
    }
  });

  test.for([
    ["absent", null],
    ["a folder", "folder"],
    ["no PEM", "hello"],
    ["too large", `-----BEGIN ${"x".repeat(1024 * 1024)}`],
  ] as const)("a named file that is %s is an error", async ([, content]) => {
    await using folder = await openFolder();
    const path = join(folder.dir, "ca.pem");
    if (content === "folder") await mkdir(path);
    else if (content !== null) await writeFile(path, content);
    const call = registryTls({ FLOE_REGISTRY_CA_FILE: path }, HOST, { signal });
    const error = await errorOf(call);
    expect(error.code).toBe("FLOE_SECRET_UNREADABLE");
    expect(error.message).toContain("FLOE_REGISTRY_CA_FILE");
  });

  test("a certificate without its key is an error", async () => {
    await using folder = await openFolder();
    await folder.write(`certs.d/${HOST}/client.cert`, selfSigned().cert);
    const call = registryTls({}, HOST, { signal, systemDir: folder.dir });
    expect(await codeOf(call)).toBe("FLOE_SECRET_UNREADABLE");
  });
});

describe("mutual TLS", () => {
  /** A server that wants a certificate of `trusted` and answers the key fingerprint of what it got, or `none`. */
  async function startServer(required: boolean) {
    const own = selfSigned();
    const client = selfSigned();
    const server = createServer(
      { ...own, ca: client.cert, requestCert: true, rejectUnauthorized: required },
      (request, response) => {
        const shown = (request.socket as TLSSocket).getPeerCertificate();
        response.end(shown.fingerprint256 === undefined ? "none" : "shown");
      },
    );
    server.on("tlsClientError", () => {});
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return {
      url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`),
      ca: own.cert,
      client,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((closed) => server.close(closed));
      },
    };
  }

  async function get(
    url: URL,
    options: { ca: string; registry: URL; clientCertificate?: ClientCertificate },
  ): Promise<string> {
    const transport = createTransport({ timeouts: DEFAULT_TIMEOUTS, tlsVerify: true, ...options });
    try {
      const answer = await transport.send({ method: "GET", url, headers: {}, signal });
      let text = "";
      for await (const chunk of answer.stream) text += String(chunk);
      return text;
    } finally {
      transport.close();
    }
  }

  test("the registry sees the client certificate, another origin does not", async () => {
    await using server = await startServer(false);
    const { url, ca, client } = server;
    const elsewhere = new URL("https://127.0.0.1:1/");
    expect(await get(url, { ca, registry: url, clientCertificate: client })).toBe("shown");
    expect(await get(url, { ca, registry: elsewhere, clientCertificate: client })).toBe("none");
  });

  test("a registry that wants a certificate and gets none says so in the end", async () => {
    await using server = await startServer(true);
    const { url, ca, client } = server;
    expect(await get(url, { ca, registry: url, clientCertificate: client })).toBe("shown");
    const error = await errorOf(get(url, { ca, registry: url }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
  });

  test("a key that is none or of another certificate is an error, and shows nothing of it", async () => {
    await using server = await startServer(true);
    const { url, ca, client } = server;
    for (const key of ["-----BEGIN PRIVATE KEY-----\nhunter2\n", selfSigned().key]) {
      const clientCertificate = { cert: client.cert, key };
      const error = await errorOf(get(url, { ca, registry: url, clientCertificate }));
      expect(error.code).toBe("FLOE_SECRET_UNREADABLE");
      expect(`${error.message}${error.stack}`).not.toContain("hunter2");
    }
  });
});

describe("tlsVerify: false", () => {
  test("warns once for each registry of the process, and only where TLS is spoken", () => {
    const lines: string[] = [];
    const logger = { warn: (line: string) => lines.push(line) };
    const hosts = createHostStates();
    const base = { tlsVerify: false, logger, hosts };
    createRegistryStore({ uri: "oci://one.example/a", ...base });
    createRegistryStore({ uri: "oci://one.example/b", ...base });
    createRegistryStore({ uri: "oci://two.example/a", ...base });
    createRegistryStore({ uri: "oci://127.0.0.1:5000/a", ...base });
    createRegistryStore({ uri: "oci://three.example/a", logger, hosts });
    expect(lines).toEqual([
      expect.stringContaining("one.example"),
      expect.stringContaining("two.example"),
    ]);
  });
});
