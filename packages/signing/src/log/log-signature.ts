import { createHash, createPublicKey } from "node:crypto";
import { canonicalJson } from "@floe/core/model";
import type { CallOptions, KeySignature } from "@floe/core/ports";
import { type Bundle, bundleToJSON, toMessageSignatureBundle } from "@sigstore/bundle";
import { RekorWitness } from "@sigstore/sign";
import { show } from "../encoding/json-object.ts";
import { abortable } from "../keyless/abortable.ts";
import { answerOf } from "../keyless/service-error.ts";

/** Of one request; the log is asked again once. */
const TIMEOUT_MS = 10_000;

/**
 * Puts a signature into a Rekor log of version 1 and gives the sigstore bundle v0.3 with the log's entry, canonical JSON. One
 * that is there already is given as it is there. Nothing of it is verified yet.
 * @throws as an audit backend does, `failure: unavailable` - the log cannot be reached, or refuses
 */
export async function logSignature(
  url: string,
  { message, signature, publicKey }: KeySignature,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  const key = createPublicKey(publicKey);
  const spki = key.export({ type: "spki", format: "der" });
  const bundle: Bundle = toMessageSignatureBundle({
    digest: createHash("sha256").update(message).digest(),
    signature: Buffer.from(signature),
    keyHint: createHash("sha256").update(spki).digest("base64"),
    certificateChain: false,
  });
  const request = { retry: { retries: 1 }, timeout: TIMEOUT_MS };
  const witness = new RekorWitness({ ...request, rekorBaseURL: url });
  const pem = key.export({ type: "spki", format: "pem" }).toString();
  try {
    const made = await abortable(witness.testify(bundle.content, pem), signal);
    bundle.verificationMaterial.tlogEntries = made.tlogEntries ?? [];
    return new TextEncoder().encode(canonicalJson(bundleToJSON(bundle)));
  } catch (error) {
    signal.throwIfAborted();
    throw unavailable(url, error);
  }
}

/** The log's own words are shown short and escaped. */
function unavailable(url: string, error: unknown): Error {
  const { status, words, network } = answerOf(error);
  const said = words === null ? "" : `: ${show(words, 200)}`;
  const what =
    status === null
      ? network === null
        ? "gave an answer that cannot be used"
        : `cannot be reached (${network})`
      : `answered ${status}${said}`;
  return Object.assign(new Error(`the log ${url} ${what}`), {
    failure: "unavailable",
    hint: "Try again; if it stays, check the url of the anchor.",
    cause: error,
  });
}
