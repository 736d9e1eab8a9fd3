import { createHash, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Checkpoint, checkpointText, parseCheckpoint } from "../../src/audit/checkpoint.ts";
import { signCheckpoint, verifyCheckpoint } from "../../src/audit/checkpoint-signature.ts";
import { parseNote, writeNote } from "../../src/audit/signed-note.ts";
import { digestOf } from "../../src/model/digest.ts";
import type { Signer, TrustedSigner, Verifier } from "../../src/ports/index.ts";

const call = { signal: new AbortController().signal };
const checkpoint: Checkpoint = {
  origin: "urn:floe:ledger:prod:1",
  size: 42,
  root: digestOf("root"),
  head: null,
};
const noBundles: Verifier = {
  verifyBundle: () => ({ ok: false, code: "MALFORMED_BUNDLE", reason: "none here" }),
};

function keyed(): { readonly signer: Signer; readonly trusted: TrustedSigner } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const keyId = `sha256:${createHash("sha256").update(spki).digest("hex")}`;
  return {
    signer: {
      signer: { method: "key", keyId },
      sign: () => Promise.reject(new Error("statements are not signed here")),
      signBytes: async (bytes) => sign("sha256", bytes, privateKey),
    },
    trusted: {
      method: "key",
      name: "release",
      publicKey: String(publicKey.export({ type: "spki", format: "pem" })),
    },
  };
}

describe("a checkpoint", () => {
  test("is the text of C2SP tlog-checkpoint, and reads back", () => {
    const text = checkpointText(checkpoint);
    expect(text.split("\n")).toEqual([
      "urn:floe:ledger:prod:1",
      "42",
      Buffer.from(digestOf("root").slice(7), "hex").toString("base64"),
      "",
    ]);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    const graph = { ...checkpoint, head: digestOf("head") };
    expect(parseCheckpoint(checkpointText(graph))).toEqual(graph);
  });

  test("counts when somebody who is trusted signed exactly this text", async () => {
    const { signer, trusted } = keyed();
    const note = await signCheckpoint(checkpoint, signer, call);
    expect(verifyCheckpoint(note, [trusted], noBundles)).toEqual({
      ok: true,
      checkpoint,
      signedBy: "release",
    });
    expect(note).toMatch(/\n\n— urn:floe:ledger:prod:1 [A-Za-z0-9+/=]+\n$/);
  });

  test("does not count when anything of it was changed, or nobody who is trusted signed it", async () => {
    const { signer, trusted } = keyed();
    const note = await signCheckpoint(checkpoint, signer, call);
    const stranger = keyed();
    for (const bad of [
      note.replace("\n42\n", "\n41\n"),
      note.replace("prod", "dev"),
      note.replace("\n\n", "\nextra\n\n"),
      await signCheckpoint(checkpoint, stranger.signer, call),
      note.slice(0, -20),
      "",
      "nothing",
    ])
      expect(verifyCheckpoint(bad, [trusted], noBundles)).toMatchObject({ ok: false });
  });

  test("never throws, whatever it is read from", () => {
    const { trusted } = keyed();
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const note of [text, `a\n1\n${text}\n\n— a ${text}\n`])
          expect(verifyCheckpoint(note, [trusted], noBundles).ok).toBe(false);
      }),
    );
  });
});

describe("a signed note", () => {
  test("is taken apart at its last empty line", () => {
    const signature = { name: "k", keyId: Uint8Array.of(1, 2, 3, 4), signature: Uint8Array.of(5) };
    const note = writeNote({ text: "one\n\ntwo\n", signatures: [signature] });
    expect(parseNote(note)).toEqual({
      text: "one\n\ntwo\n",
      signatures: [{ name: "k", keyId: Buffer.from([1, 2, 3, 4]), signature: Buffer.from([5]) }],
    });
  });
});
