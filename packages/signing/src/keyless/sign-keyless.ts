import { createPublicKey, verify } from "node:crypto";
import { FloeError } from "@floe/core/errors";
import type { SigstoreServices } from "@floe/core/manifest";
import { canonicalJson, MEDIA_TYPES } from "@floe/core/model";
import type { CallOptions } from "@floe/core/ports";
import { bundleToJSON } from "@sigstore/bundle";
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from "@sigstore/sign";
import { preAuthEncoding } from "../bundle/pae.ts";
import { parseBundle } from "../bundle/parse-bundle.ts";
import { abortable } from "./abortable.ts";
import { readCertificate } from "./certificate.ts";
import type { IdentityToken } from "./identity-token.ts";
import { serviceError } from "./service-error.ts";

/** What to sign, as whom, and by which services. */
export interface KeylessSigning {
  readonly statement: Uint8Array;
  readonly token: IdentityToken;
  readonly services: SigstoreServices;
}

/** Of one request; the services are asked again twice. */
const TIMEOUT_MS = 20_000;

/**
 * Signs a statement with a new key that the certificate authority binds to the token's subject, has it logged and stamped,
 * and returns a bundle v0.3 as cosign reads it: the envelope's signature has no `keyid`, also in what the log commits to.
 * @throws {FloeError} FLOE_SIGNING_SERVICE_FAILED - a service cannot be reached, refuses, or gives something else than asked
 */
export async function signKeyless(
  { statement, token, services }: KeylessSigning,
  { signal }: CallOptions,
): Promise<Uint8Array> {
  const request = { retry: { retries: 2 }, timeout: TIMEOUT_MS };
  const { fulcioUrl, rekorUrl, tsaUrl } = services;
  const signer = new FulcioSigner({
    ...request,
    fulcioBaseURL: fulcioUrl,
    identityProvider: { getToken: async () => token.raw },
  });
  const witnesses = [
    ...(rekorUrl === null ? [] : [new RekorWitness({ ...request, rekorBaseURL: rekorUrl })]),
    ...(tsaUrl === null ? [] : [new TSAWitness({ ...request, tsaBaseURL: tsaUrl })]),
  ];
  const builder = new DSSEBundleBuilder({ signer, witnesses, certificateChain: false });
  let bundle: Uint8Array;
  try {
    const artifact = { data: Buffer.from(statement), type: MEDIA_TYPES.inToto };
    const made = await abortable(builder.create(artifact), signal);
    bundle = new TextEncoder().encode(canonicalJson(bundleToJSON(made)));
  } catch (error) {
    signal.throwIfAborted();
    throw serviceError(error, services, token.raw);
  }
  const problem = problemOf(bundle, statement, token, services);
  if (problem === null) return bundle;
  throw new FloeError({
    code: "FLOE_SIGNING_SERVICE_FAILED",
    message: problem,
    hint: "Nothing was written. Check artifacts.signing (fulcio_url, rekor_url, tsa_url) and how the authority maps the issuer's tokens to names.",
  });
}

/** What a signature of these services must be, before anything relies on it. */
function problemOf(
  bytes: Uint8Array,
  statement: Uint8Array,
  token: IdentityToken,
  { fulcioUrl, rekorUrl, tsaUrl }: SigstoreServices,
): string | null {
  const parsed = parseBundle(bytes);
  if (!parsed.ok) return `what the services made is no bundle: ${parsed.reason}`;
  const { material, content, logEntries, timestamps } = parsed.bundle;
  if (material.kind !== "certificate") return `${fulcioUrl} gave no certificate`;
  const read = readCertificate(material.der);
  if (!read.ok) return `${fulcioUrl} gave a certificate that cannot be used: ${read.reason}`;
  const { issuer, subject, hasSct, parsed: certificate } = read.certificate;
  if (issuer !== token.issuer || subject !== token.subject)
    return `${fulcioUrl} gave a certificate for ${subject} (${issuer}), and the token is of ${token.subject} (${token.issuer})`;
  if (!hasSct) return `${fulcioUrl} does not put its certificates into a certificate log`;
  if (rekorUrl !== null && logEntries !== 1) return `${rekorUrl} gave no log entry`;
  if (tsaUrl !== null && timestamps !== 1) return `${tsaUrl} gave no timestamp`;
  const key = createPublicKey({ key: certificate.publicKey, format: "der", type: "spki" });
  const message = preAuthEncoding(MEDIA_TYPES.inToto, statement);
  return verify("sha256", message, key, content.signature)
    ? null
    : `${fulcioUrl} gave a certificate for another key`;
}
