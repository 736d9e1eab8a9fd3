import { createServer } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { digestOf } from "@floe/core/model";
import { type FaultAction, startRegistry } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createHostStates, createRegistryStore, trustedHosts } from "../../src/index.ts";
import { createTransport, DEFAULT_TIMEOUTS } from "../../src/transport/create-transport.ts";
import { guardLookup } from "../../src/transport/guard-lookup.ts";
import { codeOf, errorOf } from "../registry/open-store.ts";

const signal = new AbortController().signal;
const bytes = Buffer.from("content");
const descriptor = { mediaType: "a/b", digest: digestOf(bytes), size: bytes.length };
const REFUSED = "FLOE_REGISTRY_RESPONSE_INVALID";

/** A resolver that answers each name's addresses in turn, and stays with the last. */
function resolver(names: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname);
    const given = names[hostname] ?? [];
    const nth = asked.filter((name) => name === hostname).length;
    const address = given[Math.min(nth, given.length) - 1];
    if (address === undefined) {
      callback(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), "", 0);
      return;
    }
    const addresses = address.split("+").map((one) => ({
      address: one,
      family: one.includes(":") ? 6 : 4,
    }));
    if (options.all === true) callback(null, addresses);
    else callback(null, addresses[0]?.address ?? "", addresses[0]?.family ?? 4);
  };
  return { asked, lookup };
}

/** Where a hostile registry would like floe to go. */
async function startSecret() {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    request.resume().once("end", () => response.end(bytes));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

describe("trustedHosts", () => {
  test("reads names with commas or spaces between them", () => {
    const env = { FLOE_REGISTRY_TRUSTED_HOSTS: " auth.test, cdn.test  s3.test," };
    expect(trustedHosts(env)).toEqual(["auth.test", "cdn.test", "s3.test"]);
    expect(trustedHosts({})).toEqual([]);
  });
});

// Rows 22 to 24: names that lead into the network that floe runs in.
describe("a name with a private address", () => {
  test.for([
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "0.0.0.0",
    "::1",
    "::",
    "fe80::1%eth0",
    "fd00::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::169.254.169.254",
    "93.184.216.34+127.0.0.1",
  ])("%s is not connected to", async (address) => {
    const { lookup } = resolver({ "cdn.test": [address] });
    const transport = createTransport({
      timeouts: DEFAULT_TIMEOUTS,
      tlsVerify: true,
      registry: new URL("http://registry.test"),
      lookup,
    });
    for (const url of ["http://cdn.test:9/", "https://cdn.test:9/"]) {
      const call = transport.send({ method: "GET", url: new URL(url), headers: {}, signal });
      const error = await errorOf(call);
      expect(error.code).toBe(REFUSED);
      expect(error.message).toContain("cdn.test");
      expect(error.hint).toContain("FLOE_REGISTRY_TRUSTED_HOSTS");
    }
    transport.close();
  });

  async function openPair(
    names: Readonly<Record<string, readonly string[]>>,
    trustedHosts: string[] = [],
  ) {
    const registry = await startRegistry();
    const port = Number(new URL(registry.url).port);
    const { asked, lookup } = resolver({ "registry.test": ["127.0.0.1"], ...names });
    const store = createRegistryStore({
      uri: `oci://registry.test:${port}/acme/app`,
      insecure: true,
      hosts: createHostStates(),
      retry: { maxAttempts: 1 },
      trustedHosts,
      lookup,
    });
    return {
      registry,
      store,
      asked,
      async [Symbol.asyncDispose]() {
        await store[Symbol.asyncDispose]?.();
        await registry.close();
      },
    };
  }

  const lead = (location: string, status: number): FaultAction => ({
    kind: "status",
    status,
    headers: { location },
  });

  test("is fine for the registry itself and for nobody that it leads to", async () => {
    await using secret = await startSecret();
    await using it = await openPair({ "cdn.test": ["127.0.0.1"] });
    const there = `http://cdn.test:${secret.port}/x`;
    await it.store.putBlob(descriptor, bytes, { signal });
    it.registry.faults.add({ match: { method: "GET" }, action: lead(there, 307) });
    expect(await codeOf(it.store.getBlob(descriptor, { signal }))).toBe(REFUSED);
    it.registry.faults.add({ match: { method: "POST" }, action: lead(there, 202) });
    const other = { ...descriptor, digest: digestOf(Buffer.from("other")), size: 5 };
    const upload = it.store.putBlob(other, Buffer.from("other"), { signal });
    expect(await codeOf(upload)).toBe(REFUSED);
    const challenge = `Bearer realm="${there}",service="x"`;
    it.registry.faults.add({
      match: {},
      action: { kind: "status", status: 401, headers: { "www-authenticate": challenge } },
    });
    expect(await codeOf(it.store.resolve("v1", { signal }))).toBe(REFUSED);
    const link = `<http://cdn.test:${secret.port}/more>; rel="next"`;
    it.registry.faults.add({
      match: { path: /tags/ },
      action: { kind: "headers", headers: { link } },
    });
    expect(await codeOf(it.store.listTags({ signal }))).toBe(REFUSED);
    expect(secret.seen).toEqual([]);
  });

  test("is refused although the name had a public one when it was first asked for", async () => {
    await using secret = await startSecret();
    // The first answer leads nowhere; the second is the rebinding.
    await using it = await openPair({ "cdn.test": ["192.0.2.1+2001:db8::1", "127.0.0.1"] });
    const there = `http://cdn.test:${secret.port}/x`;
    it.registry.faults.add({ match: { method: "GET" }, action: lead(there, 307), times: 2 });
    const controller = new AbortController();
    const first = it.store.getBlob(descriptor, { signal: controller.signal });
    while (!it.asked.includes("cdn.test")) await new Promise((done) => setTimeout(done, 5));
    controller.abort(new Error("enough"));
    await expect(first).rejects.toThrow();
    expect(await codeOf(it.store.getBlob(descriptor, { signal }))).toBe(REFUSED);
    expect(it.asked.filter((name) => name === "cdn.test")).toHaveLength(2);
    expect(secret.seen).toEqual([]);
  });

  test("is fine for a host that the user named", async () => {
    await using secret = await startSecret();
    await using it = await openPair({ "cdn.test": ["127.0.0.1"] }, ["CDN.test"]);
    const there = `http://cdn.test:${secret.port}/x`;
    it.registry.faults.add({ match: { method: "GET" }, action: lead(there, 307) });
    expect(Buffer.from(await it.store.getBlob(descriptor, { signal }))).toEqual(bytes);
  });

  test.for([
    { registry: ["10.0.0.9"], leadsTo: "10.1.2.3", connects: true },
    { registry: ["fd00::9"], leadsTo: "192.168.7.7", connects: true },
    { registry: ["10.0.0.9"], leadsTo: "169.254.169.254", connects: false },
    { registry: ["10.0.0.9"], leadsTo: "127.0.0.1", connects: false },
    { registry: ["93.184.216.34"], leadsTo: "10.1.2.3", connects: false },
    { registry: ["127.0.0.1"], leadsTo: "10.1.2.3", connects: false },
    // Once it was somewhere else: then it is not believed to be on the same network.
    { registry: ["93.184.216.34", "10.0.0.9"], leadsTo: "10.1.2.3", connects: false },
    { registry: ["10.0.0.9", "93.184.216.34", "10.0.0.9"], leadsTo: "10.1.2.3", connects: false },
  ])("of $leadsTo: a registry at $registry may lead there: $connects", async (row) => {
    const { lookup } = resolver({ "registry.test": row.registry, "auth.test": [row.leadsTo] });
    const guarded = guardLookup(lookup, { registry: "registry.test", isTrusted: () => false });
    const ask = (name: string) =>
      new Promise((done) => guarded(name, { all: true }, (error) => done(error === null)));
    for (const _ of row.registry) expect(await ask("registry.test")).toBe(true);
    expect(await ask("auth.test")).toBe(row.connects);
  });

  test("a name that does not exist stays what it is", async () => {
    await using it = await openPair({});
    it.registry.faults.add({ match: {}, action: lead("http://nowhere.test/x", 307) });
    const error = await errorOf(it.store.getBlob(descriptor, { signal }));
    expect(error.code).toBe("FLOE_REGISTRY_UNAVAILABLE");
    expect(error.message).toContain("not known");
  });
});
