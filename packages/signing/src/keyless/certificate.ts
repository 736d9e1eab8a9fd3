import { EXTENSION_OID_SCT, X509Certificate } from "@sigstore/core";

/** What a certificate of a sigstore authority says; nothing of it is proven. */
export interface SigningCertificate {
  readonly issuer: string;
  readonly subject: string;
  readonly hasSct: boolean;
  readonly parsed: X509Certificate;
}

// https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
const ISSUER_V1 = "1.3.6.1.4.1.57264.1.1";
const ISSUER_V2 = "1.3.6.1.4.1.57264.1.8";
const USER_NAME = "1.3.6.1.4.1.57264.1.7";
const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3";

/**
 * Reads a signing certificate: exactly one name, the OIDC issuer, for code signing and no authority. Text says why it is
 * none. Never throws.
 */
export function readCertificate(
  der: Uint8Array,
): { readonly ok: true; readonly certificate: SigningCertificate } | { ok: false; reason: string } {
  try {
    const parsed = X509Certificate.parse(Buffer.from(der));
    const problem = problemOf(parsed);
    if (problem !== null) return { ok: false, reason: problem };
    const issuer = issuerOf(parsed);
    if (issuer === null) return { ok: false, reason: "its certificate names no OIDC issuer" };
    const subject = subjectOf(parsed);
    if (subject === null)
      return { ok: false, reason: "its certificate does not name exactly one subject" };
    const hasSct = parsed.extension(EXTENSION_OID_SCT) !== undefined;
    return { ok: true, certificate: { issuer, subject, hasSct, parsed } };
  } catch {
    return { ok: false, reason: "its certificate cannot be read" };
  }
}

function problemOf(certificate: X509Certificate): string | null {
  if (certificate.isCA || certificate.extBasicConstraints?.isCA === true)
    return "its certificate is that of an authority, not of a signer";
  const usages = certificate.extension(EXTENDED_KEY_USAGE)?.valueObj.subs[0]?.subs ?? [];
  return usages.some((usage) => usage.toOID() === CODE_SIGNING)
    ? null
    : "its certificate is not for signing code";
}

function issuerOf(certificate: X509Certificate): string | null {
  const current = certificate.extension(ISSUER_V2)?.valueObj.subs[0]?.value;
  const value = current ?? certificate.extension(ISSUER_V1)?.value;
  return value === undefined || value.length === 0 ? null : utf8(value);
}

/** URI, e-mail address or user name: Fulcio writes one, and of two nobody could say which one was meant. */
function subjectOf(certificate: X509Certificate): string | null {
  const names = certificate.extension(SUBJECT_ALTERNATIVE_NAME)?.valueObj.subs[0]?.subs ?? [];
  const [name] = names;
  if (name === undefined || names.length !== 1) return null;
  if (name.tag.isContextSpecific(0x06) || name.tag.isContextSpecific(0x01))
    return name.value.length === 0 ? null : utf8(name.value);
  if (!name.tag.isContextSpecific(0x00) || name.subs[0]?.toOID() !== USER_NAME) return null;
  const value = name.subs[1]?.subs[0]?.value;
  return value === undefined || value.length === 0 ? null : utf8(value);
}

function utf8(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
