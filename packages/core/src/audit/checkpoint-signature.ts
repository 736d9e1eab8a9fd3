import { createHash, createPublicKey, verify } from "node:crypto";
import { canonicalJson } from "../model/canonical-json.ts";
import { digestOf, inTotoDigest, isInTotoDigest } from "../model/digest.ts";
import type { CallOptions, Signer, TrustedSigner, Verifier } from "../ports/index.ts";
import { type Checkpoint, checkpointText, parseCheckpoint } from "./checkpoint.ts";
import { type NoteSignature, parseNote, type SignedNote, writeNote } from "./signed-note.ts";
import { readSignedPayload } from "./signed-payload.ts";

const CHECKPOINT_PREDICATE_TYPE = "https://floe.dev/attestation/checkpoint/v1";
/** Behind type 0xff, for signatures without an assigned type (C2SP signed-note, "Signature types"): a sigstore bundle. */
const BUNDLE_TYPE = "floe.dev/sigstore-bundle/v1";
const KEY_ID_BYTES = 4;

/**
 * Signs a checkpoint: with an ECDSA key as C2SP signed-note type 0x02, which stock tools verify; by any other signer with a
 * sigstore bundle over the text's digest.
 */
export async function signCheckpoint(
  checkpoint: Checkpoint,
  signer: Signer,
  options: CallOptions,
): Promise<string> {
  const text = checkpointText(checkpoint);
  const bytes = new TextEncoder().encode(text);
  const name = checkpoint.origin;
  if (signer.signBytes && signer.signer.method === "key") {
    // The key ID of this type is the start of the hash of the SPKI, which is what the key is known by here as well.
    const keyId = Buffer.from(signer.signer.keyId.slice("sha256:".length), "hex");
    const signature = await signer.signBytes(bytes, options);
    return writeNote({
      text,
      signatures: [{ name, keyId: keyId.subarray(0, KEY_ID_BYTES), signature }],
    });
  }
  const statement = canonicalJson({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name, digest: inTotoDigest(digestOf(bytes)) }],
    predicateType: CHECKPOINT_PREDICATE_TYPE,
    predicate: { size: checkpoint.size, root: checkpoint.root },
  });
  const signature = await signer.sign(new TextEncoder().encode(statement), options);
  return writeNote({ text, signatures: [{ name, keyId: bundleKeyId(name), signature }] });
}

/** What a checkpoint's signatures came to. */
export type CheckpointVerdict =
  | { readonly ok: true; readonly checkpoint: Checkpoint; readonly signedBy: string }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Name of the ledger that it is of, by its own word; `null`: it is no checkpoint. */
      readonly origin: string | null;
      /** Signed with a certificate about this very text; who that is was not judged, or is not trusted. */
      readonly byCertificate: boolean;
    };

/** Verifies a signed checkpoint against those who are trusted for the ledger. Never throws for bad input. */
export function verifyCheckpoint(
  note: string,
  trusted: readonly TrustedSigner[],
  verifier: Verifier,
): CheckpointVerdict {
  const parsed = parseNote(note);
  const checkpoint = parsed && parseCheckpoint(parsed.text);
  if (!parsed || !checkpoint)
    return {
      ...{ ok: false, origin: null, byCertificate: false },
      reason: "it is not a checkpoint (C2SP signed note)",
    };
  const text = new TextEncoder().encode(parsed.text);
  for (const signature of parsed.signatures) {
    if (signature.name !== checkpoint.origin) continue;
    const signedBy =
      byKey(text, signature, trusted) ?? byBundle(text, signature, trusted, verifier);
    if (signedBy !== null) return { ok: true, checkpoint, signedBy };
  }
  const { origin } = checkpoint;
  return {
    ...{ ok: false, origin, byCertificate: parsed.signatures.some(isByCertificate(origin, text)) },
    reason: "nobody who is trusted for the ledger has signed it",
  };
}

/** A signature of a note by a trusted ECDSA key, with that key; `null`: it has none. */
export function keySignatureOf(
  { text, signatures }: SignedNote,
  trusted: readonly TrustedSigner[],
): { readonly signature: Uint8Array; readonly publicKey: string } | null {
  const bytes = new TextEncoder().encode(text);
  const origin = parseCheckpoint(text)?.origin;
  for (const { name, keyId, signature } of signatures) {
    if (name !== origin) continue;
    const signer = signerOf(bytes, { keyId, signature }, trusted);
    if (signer) return { signature, publicKey: signer.publicKey };
  }
  return null;
}

/** The verdict about a note's signature that is a bundle, by somebody who is trusted; `null`: it has none. */
export function provenBundle(
  note: string,
  trusted: readonly TrustedSigner[],
  verifier: Verifier,
): { readonly time: Date | null; readonly logged: boolean } | null {
  const parsed = parseNote(note);
  const origin = parsed && parseCheckpoint(parsed.text)?.origin;
  if (!parsed || !origin) return null;
  const text = new TextEncoder().encode(parsed.text);
  for (const { name, keyId, signature } of parsed.signatures) {
    if (name !== origin || Buffer.compare(bundleKeyId(name), keyId) !== 0) continue;
    const verdict = verifier.verifyBundle(signature, trusted);
    if (verdict.ok && isAbout(verdict.statement, text)) return verdict;
  }
  return null;
}

function byKey(
  text: Uint8Array,
  signature: NoteSignature,
  trusted: readonly TrustedSigner[],
): string | null {
  return signerOf(text, signature, trusted)?.name ?? null;
}

function signerOf(
  text: Uint8Array,
  { keyId, signature }: Pick<NoteSignature, "keyId" | "signature">,
  trusted: readonly TrustedSigner[],
): Extract<TrustedSigner, { method: "key" }> | null {
  for (const signer of trusted) {
    if (signer.method !== "key") continue;
    const key = createPublicKey(signer.publicKey);
    if (key.asymmetricKeyType !== "ec") continue;
    const id = createHash("sha256")
      .update(key.export({ type: "spki", format: "der" }))
      .digest();
    if (Buffer.compare(id.subarray(0, KEY_ID_BYTES), keyId) !== 0) continue;
    if (verify("sha256", text, { key, dsaEncoding: "der" }, signature)) return signer;
  }
  return null;
}

function byBundle(
  text: Uint8Array,
  { name, keyId, signature }: NoteSignature,
  trusted: readonly TrustedSigner[],
  verifier: Verifier,
): string | null {
  if (Buffer.compare(bundleKeyId(name), keyId) !== 0) return null;
  const verdict = verifier.verifyBundle(signature, trusted);
  if (!verdict.ok) return null;
  return isAbout(verdict.statement, text) ? verdict.name : null;
}

function isByCertificate(origin: string, text: Uint8Array) {
  return ({ name, keyId, signature }: NoteSignature): boolean => {
    if (name !== origin || Buffer.compare(bundleKeyId(name), keyId) !== 0) return false;
    const signed = readSignedPayload(signature);
    return signed?.byCertificate === true && isAbout(signed.payload, text);
  };
}

function isAbout(statement: Uint8Array, text: Uint8Array): boolean {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(statement));
  } catch {
    return false;
  }
  const { predicateType, subject } = (json ?? {}) as {
    readonly predicateType?: unknown;
    readonly subject?: unknown;
  };
  const [only] = (Array.isArray(subject) ? subject : []) as ({
    readonly digest?: unknown;
  } | null)[];
  return (
    predicateType === CHECKPOINT_PREDICATE_TYPE && isInTotoDigest(only?.digest, digestOf(text))
  );
}

function bundleKeyId(name: string): Uint8Array {
  const hash = createHash("sha256")
    .update(`${name}\n`)
    .update(Uint8Array.of(0xff))
    .update(BUNDLE_TYPE);
  return hash.digest().subarray(0, KEY_ID_BYTES);
}
