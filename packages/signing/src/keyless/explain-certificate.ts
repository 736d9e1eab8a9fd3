import type { X509Certificate } from "@sigstore/core";
import type { TrustMaterial } from "@sigstore/verify";
import type { BundleProblem } from "../bundle/parse-bundle.ts";

/**
 * Says why a certificate that was refused is not good, without parsing anybody's error: by whom it is, when it lived, and
 * what is left. Nothing is accepted by what is found here.
 */
export function explainCertificate(
  certificate: X509Certificate,
  times: readonly Date[],
  { certificateAuthorities }: TrustMaterial,
): BundleProblem {
  const issuers = certificateAuthorities.filter(({ certChain }) =>
    certChain.some((issuer) => isIssuedBy(certificate, issuer)),
  );
  if (issuers.length === 0)
    return refused(
      "UNTRUSTED_ROOT",
      "its certificate is by no authority of the trusted root; is it of another sigstore instance?",
    );
  const outside = times.find((time) => !certificate.validForDate(time));
  if (outside !== undefined) {
    const life = `${certificate.notBefore.toISOString()} to ${certificate.notAfter.toISOString()}`;
    const reason = `signed at ${outside.toISOString()}, and its certificate is valid from ${life}`;
    return refused("CERT_EXPIRED_AT_SIGNING", reason);
  }
  const isTrustedThen = issuers.some(({ validFor, certChain }) =>
    times.every(
      (time) =>
        validFor.start <= time &&
        time <= validFor.end &&
        certChain.every((issuer) => issuer.validForDate(time)),
    ),
  );
  return isTrustedThen
    ? refused("SCT_MISSING", "its certificate is in no certificate log of the trusted root")
    : refused("UNTRUSTED_ROOT", "the authority of its certificate was not trusted at that time");
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return issuer.subject.equals(certificate.issuer) && certificate.verify(issuer);
  } catch {
    return false;
  }
}

function refused(code: BundleProblem["code"], reason: string): BundleProblem {
  return { ok: false, code, reason };
}
