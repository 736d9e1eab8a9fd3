import { isFloeError } from "@floe/core/errors";
import { type Descriptor, isDigest } from "@floe/core/model";
import type {
  ArtifactStore,
  CallOptions,
  ReadSbom,
  SbomReader,
  TrustedSigner,
  Verifier,
} from "@floe/core/ports";
import { own } from "../encoding/json-object.ts";
import { listComponents } from "../predicate/list-components.ts";
import { MAX_PREDICATE_BYTES } from "../predicate/parse-predicate.ts";
import { type AttachedSbom, readSboms } from "./read-sboms.ts";

/**
 * Makes the reader of what SBOMs list. Those that somebody who is trusted has signed go before all others; the content of
 * one that nobody signed is read only where there is no better one, and is labelled.
 */
export function createSbomReader(parts: {
  readonly verifier: Verifier;
  readonly trusted: readonly TrustedSigner[];
}): SbomReader {
  return {
    async readSboms(store, artifact, options) {
      const { sboms, omitted } = await readSboms({ store, artifact, ...parts }, options);
      const best = (["verified", "untrusted", "unsigned"] as const)
        .map((status) => sboms.filter(({ signature }) => signature.status === status))
        .find((group) => group.length > 0);
      const read: ReadSbom[] = [];
      for (const sbom of best ?? []) read.push(await readOne(store, sbom, options));
      return { sboms: read, complete: omitted === 0 };
    },
  };
}

async function readOne(
  store: ArtifactStore,
  { referrer, signature, document }: AttachedSbom,
  options: CallOptions,
): Promise<ReadSbom> {
  const content =
    signature.status === "unsigned" ? await readUnsigned(store, referrer, options) : document;
  return {
    referrer: referrer.digest,
    signature: signature.status,
    signer: signature.status === "verified" ? signature.signer : null,
    components: listComponents(content),
  };
}

// Attached as a file: the document is the one layer. Anything else is a form that nobody can be sure to read right.
async function readUnsigned(
  store: ArtifactStore,
  referrer: Descriptor,
  options: CallOptions,
): Promise<unknown> {
  const manifest = await store.getManifest(referrer.digest, options);
  const layers = own(parseJson(manifest?.bytes), "layers");
  const [layer] = Array.isArray(layers) ? (layers as unknown[]) : [];
  const [mediaType, digest, size] = ["mediaType", "digest", "size"].map((key) => own(layer, key));
  if (typeof mediaType !== "string" || !isDigest(digest) || typeof size !== "number") return null;
  if (!Number.isSafeInteger(size) || size > MAX_PREDICATE_BYTES) return null;
  try {
    const capped = { ...options, maxBytes: MAX_PREDICATE_BYTES };
    return parseJson(await store.getBlob({ mediaType, digest, size }, capped));
  } catch (cause) {
    // A document that is lost or damaged is one that cannot be read; trouble with the registry is for the caller.
    if (isFloeError(cause, "FLOE_ARTIFACT_NOT_FOUND") || isFloeError(cause, "FLOE_DIGEST_MISMATCH"))
      return null;
    throw cause;
  }
}

function parseJson(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
