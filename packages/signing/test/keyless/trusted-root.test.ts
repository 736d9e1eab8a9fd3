import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TrustRootConfig } from "@floe/core/manifest";
import type { TrustedSigner } from "@floe/core/ports";
import { startSigstore, type TestSigstore } from "@floe/testing";
// The parts alone: the whole package takes the network over for all of the process.
import { tufHandlers } from "@tufjs/repo-mock/dist/handler.js";
import { initializeTUFRepo } from "@tufjs/repo-mock/dist/repo.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createKeySigner,
  createVerifier,
  loadKeylessEngine,
  publicKeyPem,
} from "../../src/index.ts";
import { engineOf, STATEMENT, signerOf, trust } from "./keyless-loop.ts";
import { pinned } from "./pinned.ts";

const call = { signal: AbortSignal.timeout(120_000) };

interface RootPart {
  publicKey?: Record<string, unknown>;
  validFor?: unknown;
}

type RootJson = Record<
  "tlogs" | "ctlogs" | "certificateAuthorities" | "timestampAuthorities",
  RootPart[]
>;

let sigstore: TestSigstore;
let bundle: Uint8Array;
let cacheDir: string;

beforeAll(async () => {
  sigstore = await startSigstore();
  bundle = await (await signerOf(sigstore)).sign(STATEMENT, call);
  cacheDir = await mkdtemp(join(tmpdir(), "floe-tuf-"));
});

afterAll(async () => {
  await sigstore[Symbol.asyncDispose]();
  await rm(cacheDir, { recursive: true, force: true });
});

/** A TUF repository on 127.0.0.1 that has the instance's trusted root. */
async function startTuf(
  trustedRoot: string,
): Promise<
  AsyncDisposable & { readonly url: string; readonly root: Uint8Array; readonly requests: string[] }
> {
  const repo = initializeTUFRepo([{ name: "trusted_root.json", content: trustedRoot }]);
  const handlers = new Map(
    tufHandlers(repo, { metadataPathPrefix: "" }).map((handler) => [handler.path, handler.fn]),
  );
  const requests: string[] = [];
  const server: Server = createServer((request, response) => {
    requests.push(request.url ?? "");
    const answer = handlers.get(request.url ?? "")?.();
    response.statusCode = answer?.statusCode ?? 404;
    response.end(answer?.response ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    root: Buffer.from(JSON.stringify(repo.rootMeta.toJSON())),
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function mirror(url: string, root: Uint8Array): TrustRootConfig {
  return { from: "tuf", mirror: url, root: pinned(root, "/root.json"), cacheDir: null };
}

describe("a TUF mirror", () => {
  test("gives the trusted root, begun with the pinned one", async () => {
    await using tuf = await startTuf(sigstore.trustedRoot);
    const trustRoot = mirror(tuf.url, tuf.root);
    const engine = await loadKeylessEngine({ trustRoot, cacheDir, ...call });
    expect(engine.trustRoot).toMatchObject({ available: true, source: `tuf:${tuf.url}` });
    expect(createVerifier({ keyless: engine }).verifyBundle(bundle, [trust()]).ok).toBe(true);
    // What is cached saves requests the next time.
    const first = tuf.requests.length;
    await loadKeylessEngine({ trustRoot, cacheDir, ...call });
    expect(tuf.requests.length - first).toBeLessThan(first);
  });

  test("is not believed with another pinned root, whatever is cached of it", async () => {
    await using tuf = await startTuf(sigstore.trustedRoot);
    await using other = await startTuf(sigstore.trustedRoot);
    await loadKeylessEngine({ trustRoot: mirror(tuf.url, tuf.root), cacheDir, ...call });
    const engine = await loadKeylessEngine({
      trustRoot: mirror(tuf.url, other.root),
      cacheDir,
      ...call,
    });
    expect(engine.trustRoot).toMatchObject({
      available: false,
      reason: expect.stringContaining("does not verify"),
    });
    expect(createVerifier({ keyless: engine }).verifyBundle(bundle, [trust()])).toMatchObject({
      code: "TRUST_ROOT_UNAVAILABLE",
    });
  });

  test("is not replaced by what somebody wrote into the cache", async () => {
    await using tuf = await startTuf(sigstore.trustedRoot);
    await using evil = await startTuf("evil");
    const own = await mkdtemp(join(cacheDir, "own-"));
    const trustRoot = mirror(tuf.url, tuf.root);
    await loadKeylessEngine({ trustRoot, cacheDir: own, ...call });
    for (const entry of await readdir(own, { recursive: true, withFileTypes: true }))
      if (entry.isFile())
        await writeFile(
          join(entry.parentPath, entry.name),
          entry.name === "root.json" ? evil.root : "evil",
        );
    const engine = await loadKeylessEngine({ trustRoot, cacheDir: own, ...call });
    expect(engine.trustRoot).toMatchObject({ available: true });
    expect(createVerifier({ keyless: engine }).verifyBundle(bundle, [trust()]).ok).toBe(true);
  });

  test("that is gone is trouble, never another root, also when it was cached", async () => {
    const tuf = await startTuf(sigstore.trustedRoot);
    const trustRoot = mirror(tuf.url, tuf.root);
    await loadKeylessEngine({ trustRoot, cacheDir, ...call });
    await tuf[Symbol.asyncDispose]();
    const engine = await loadKeylessEngine({ trustRoot, cacheDir, ...call });
    expect(engine.trustRoot).toMatchObject({
      available: false,
      reason: expect.stringContaining("cannot be reached (ECONNREFUSED)"),
    });
  });

  test("is read by several at a time", async () => {
    await using tuf = await startTuf(sigstore.trustedRoot);
    const trustRoot = mirror(tuf.url, tuf.root);
    const own = await mkdtemp(join(cacheDir, "shared-"));
    const engines = await Promise.all(
      Array.from({ length: 8 }, () => loadKeylessEngine({ trustRoot, cacheDir: own, ...call })),
    );
    expect(engines.every((engine) => engine.trustRoot.available)).toBe(true);
    const left = await readdir(own, { recursive: true });
    expect(left.filter((name) => name.includes(".run-"))).toEqual([]);
  });

  test("says that its metadata cannot be kept", async () => {
    await using tuf = await startTuf(sigstore.trustedRoot);
    const file = join(cacheDir, "file");
    await writeFile(file, "");
    const trustRoot = mirror(tuf.url, tuf.root);
    const engine = await loadKeylessEngine({ trustRoot, cacheDir: file, ...call });
    expect(engine.trustRoot).toMatchObject({
      available: false,
      reason: expect.stringMatching(/folder for TUF metadata cannot be written \(E[A-Z]+\)/),
    });
  });
});

describe("without a trusted root", () => {
  test("nothing is judged, with the reason, and keys are judged all the same", async () => {
    const none = await engineOf('{"mediaType":"text/plain"}');
    expect(none.trustRoot).toMatchObject({ available: false });
    const verifier = createVerifier({ keyless: none });
    expect(verifier.verifyBundle(bundle, [trust()])).toMatchObject({
      ok: false,
      code: "TRUST_ROOT_UNAVAILABLE",
      reason: expect.stringContaining("not a trusted root"),
    });
    expect(createVerifier().verifyBundle(bundle, [trust()])).toMatchObject({
      ok: false,
      code: "TRUST_ROOT_UNAVAILABLE",
    });
    const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const signed = await createKeySigner({ privateKey: keys.privateKey }).sign(STATEMENT, call);
    const key: TrustedSigner = {
      method: "key",
      name: "k",
      publicKey: publicKeyPem(keys.publicKey),
    };
    expect(verifier.verifyBundle(signed, [key, trust()])).toMatchObject({ ok: true, name: "k" });
  });

  test.each<[string, (root: RootJson) => void, string]>([
    [
      "a log without a beginning",
      (root) => delete root.tlogs[0]?.publicKey?.["validFor"],
      "validFor.start",
    ],
    [
      "a certificate log without a beginning",
      (root) => delete root.ctlogs[0]?.publicKey?.["validFor"],
      "validFor.start",
    ],
    [
      "an authority without a beginning",
      (root) => delete root.certificateAuthorities[0]?.validFor,
      "validFor.start",
    ],
    [
      "a timestamp authority without a beginning",
      (root) => delete root.timestampAuthorities[0]?.validFor,
      "validFor.start",
    ],
    ["no authority", (root) => root.certificateAuthorities.splice(0), "no certificate authority"],
    [
      "a key that is none",
      (root) => Object.assign(root.tlogs[0]?.publicKey ?? {}, { rawBytes: "AAAA" }),
      "cannot be read",
    ],
  ])("a root with %s is refused as a whole", async (_, change, reason) => {
    const root = JSON.parse(sigstore.trustedRoot) as RootJson;
    change(root);
    const { trustRoot } = await engineOf(JSON.stringify(root));
    expect(trustRoot).toMatchObject({ available: false, reason: expect.stringContaining(reason) });
  });

  test("the installed root is there, says how old it is, and knows nothing of a private instance", async () => {
    const embedded = await loadKeylessEngine({
      trustRoot: { from: "embedded" },
      cacheDir: "/nonexistent",
      ...call,
    });
    expect(embedded.trustRoot).toMatchObject({
      available: true,
      source: expect.stringMatching(/^embedded \(TUF root \d+, which expires \d{4}-\d\d-\d\d\)$/),
      sha256: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    });
    expect(createVerifier({ keyless: embedded }).verifyBundle(bundle, [trust()])).toMatchObject({
      ok: false,
      code: "UNTRUSTED_ROOT",
    });
  });
});
