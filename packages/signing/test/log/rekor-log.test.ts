import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { startSigstore } from "@floe/testing";
import { describe, expect, test } from "vitest";
import { createRekorLog, publicKeyPem } from "../../src/index.ts";
import { engineWithoutRoot } from "../../src/keyless/engine-without-root.ts";
import { engineOf } from "../keyless/keyless-loop.ts";

const call = { signal: AbortSignal.timeout(60_000) };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

function signed(text: string, key: KeyObject = privateKey) {
  const message = bytes(text);
  return { message, signature: sign("sha256", message, key), publicKey: publicKeyPem(key) };
}

/** The bundle with other members in its log entry. */
function changed(bundle: Uint8Array, change: Readonly<Record<string, unknown>>): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(bundle)) as {
    readonly verificationMaterial: { readonly tlogEntries: readonly object[] };
  };
  const { verificationMaterial: material } = json;
  const tlogEntries = material.tlogEntries.map((entry) => ({ ...entry, ...change }));
  return bytes(JSON.stringify({ ...json, verificationMaterial: { ...material, tlogEntries } }));
}

describe("createRekorLog", () => {
  test("logs a signature, and gives a bundle that is verified without the log", async () => {
    await using sigstore = await startSigstore();
    const engine = await engineOf(sigstore.trustedRoot);
    const log = createRekorLog({ url: sigstore.url, engine: async () => engine });
    const one = signed("a checkpoint\n");
    const before = Math.floor(Date.now() / 1000) * 1000;
    const bundle = await log.log(one, call);
    expect(sigstore.requests).toEqual(["POST /api/v1/log/entries"]);
    const verdict = await log.verify(bundle, one, call);
    expect(verdict).toMatchObject({ ok: true });
    expect((verdict.ok && verdict.time?.getTime()) || 0).toBeGreaterThanOrEqual(before);
    // It is there once: who asks again is given what is there.
    expect(await log.log(one, call)).toEqual(bundle);
    expect(sigstore.requests).toHaveLength(3);
  });

  test("believes no entry of another message, key, signature, log, or one that was changed", async () => {
    await using sigstore = await startSigstore();
    await using other = await startSigstore();
    const engine = await engineOf(sigstore.trustedRoot);
    const log = createRekorLog({ url: sigstore.url, engine: async () => engine });
    const one = signed("a checkpoint\n");
    const bundle = await log.log(one, call);
    const again = signed("a checkpoint\n");
    const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    for (const [what, reason] of [
      [{ ...one, message: bytes("another\n") }, "does not verify by any log"],
      [{ ...one, publicKey: publicKeyPem(stranger) }, "does not verify by any log"],
      [again, "is about another signature"],
    ] as const)
      expect(await log.verify(bundle, what, call)).toEqual({
        ...{ ok: false, unjudged: false },
        reason: expect.stringContaining(reason),
      });

    const changes: Parameters<typeof changed>[1][] = [
      { integratedTime: "1" },
      { inclusionPromise: { signedEntryTimestamp: "MEQCIA==" } },
      { inclusionProof: null },
      { canonicalizedBody: Buffer.from("{}").toString("base64") },
      { logIndex: "7" },
    ];
    for (const change of changes) {
      const verdict = await log.verify(changed(bundle, change), one, call);
      expect([change, verdict.ok, !verdict.ok && verdict.unjudged]).toEqual([change, false, false]);
    }
    for (const text of ["", "{}", "[]", "x".repeat(100_000)])
      expect(await log.verify(bytes(text), one, call)).toMatchObject({ ok: false });

    const elsewhere = await engineOf(other.trustedRoot);
    const foreign = createRekorLog({ url: sigstore.url, engine: async () => elsewhere });
    expect(await foreign.verify(bundle, one, call)).toMatchObject({ ok: false, unjudged: false });
    // What a log gives that the trusted root does not know is not kept.
    await expect(foreign.log(signed("a second one\n"), call)).rejects.toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("does not verify by any log of the trusted root"),
    });
    const rootless = engineWithoutRoot("file:root.json", "it is gone");
    const blind = createRekorLog({ url: sigstore.url, engine: async () => rootless });
    expect(await blind.verify(bundle, one, call)).toEqual({
      ...{ ok: false, unjudged: true },
      reason: "the trusted root (file:root.json) cannot be had: it is gone",
    });
  });

  test("says what a log answers that refuses, and that one cannot be reached", async () => {
    const sigstore = await startSigstore();
    const engine = await engineOf(sigstore.trustedRoot);
    const log = createRekorLog({ url: sigstore.url, engine: async () => engine });
    sigstore.fail("/api/v1/log/entries", { status: 400, body: '{"message":"no such kind"}' });
    await expect(log.log(signed("x\n"), call)).rejects.toMatchObject({
      failure: "unavailable",
      message: expect.stringMatching(/^the log http:\/\/127\.0\.0\.1:\d+ answered 400/),
    });
    await sigstore[Symbol.asyncDispose]();
    await expect(log.log(signed("x\n"), call)).rejects.toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("cannot be reached"),
    });
  });
});
