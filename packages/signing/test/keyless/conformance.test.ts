import { describe, expect, it } from "vitest";
import { conformanceCases, hasConformanceCases, judgeCase } from "./conformance.ts";

/** Why each case that must be refused is refused. */
const REFUSED = new Map<string, string>([
  ["bundle-empty-certificate-chain_fail", "MALFORMED_BUNDLE"],
  ["bundle-from-wrong-instance_fail", "UNTRUSTED_ROOT"],
  ["bundle-invalid-base64-signature_fail", "MALFORMED_BUNDLE"],
  ["bundle-malformed-json_fail", "MALFORMED_BUNDLE"],
  ["bundle-negative-log-index_fail", "TLOG_MISSING"],
  ["bundle-unknown-version_fail", "UNSUPPORTED_FORMAT"],
  ["bundle-with-root-cert_fail", "MALFORMED_BUNDLE"],
  ["checkpoint-bad-keyhint_fail", "TLOG_MISSING"],
  ["checkpoint-wrong-roothash_fail", "TLOG_MISSING"],
  ["dsse-invalid-sig_fail", "SIGNATURE_INVALID"],
  ["dsse-mismatch-envelope_fail", "TLOG_MISSING"],
  ["dsse-mismatch-sig_fail", "TLOG_MISSING"],
  ["inclusion-proof-corrupted-hash_fail", "TLOG_MISSING"],
  ["incorrect-public-key_fail", "TLOG_MISSING"],
  ["integrated-time-in-future_fail", "CERT_EXPIRED_AT_SIGNING"],
  ["intoto-expired-certificate_fail", "CERT_EXPIRED_AT_SIGNING"],
  ["intoto-log-entry-mismatch_fail", "TLOG_MISSING"],
  ["intoto-missing-inclusion-proof_fail", "MALFORMED_BUNDLE"],
  ["intoto-set-outside-signing-cert-validity_fail", "CERT_EXPIRED_AT_SIGNING"],
  ["intoto-tsa-timestamp-outside-cert-validity_fail", "CERT_EXPIRED_AT_SIGNING"],
  ["invalid-checkpoint-signature_fail", "TLOG_MISSING"],
  ["invalid-ct-key_fail", "SCT_MISSING"],
  ["invalid-inclusion-proof_fail", "MALFORMED_BUNDLE"],
  ["managed-key-no-key_fail", "WRONG_MATERIAL"],
  ["managed-key-wrong-key_fail", "UNSUPPORTED_ALGORITHM"],
  ["message-digest-mismatch_fail", "TLOG_MISSING"],
  ["rekor2-checkpoint-missing-log-signature_fail", "TLOG_MISSING"],
  ["rekor2-checkpoint-missing-origin_fail", "TLOG_MISSING"],
  ["rekor2-checkpoint-missing-root-hash_fail", "TLOG_MISSING"],
  ["rekor2-checkpoint-missing-size_fail", "TLOG_MISSING"],
  ["rekor2-checkpoint-no-matching-signature_fail", "TLOG_MISSING"],
  ["rekor2-dsse-invalid-sig_fail", "SIGNATURE_INVALID"],
  ["rekor2-dsse-mismatch-envelope_fail", "TLOG_MISSING"],
  ["rekor2-dsse-mismatch-sig_fail", "TLOG_MISSING"],
  ["rekor2-no-inclusion-proof_fail", "MALFORMED_BUNDLE"],
  ["rekor2-no-timestamp_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-outside-trust-root-tsa-validity_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-outside-tsa-cert-validity_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-payload-mismatch_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail", "TIMESTAMP_MISSING"],
  ["rekor2-timestamp-with-incorrect-time_fail", "CERT_EXPIRED_AT_SIGNING"],
  ["set-invalid-signature_fail", "TLOG_MISSING"],
  ["signature-mismatch_fail", "SIGNATURE_INVALID"],
  ["trust-root-tlog-missing-validity-start_fail", "TRUST_ROOT_UNAVAILABLE"],
  ["wrong-hashedrekord-artifact_fail", "TLOG_MISSING"],
  ["wrong-hashedrekord-cert-and-sig_fail", "TLOG_MISSING"],
  ["wrong-hashedrekord-entry_fail", "TLOG_MISSING"],
  ["wrong-material_fail", "SIGNATURE_INVALID"],
]);

it("has the conformance cases where they are required", () => {
  expect(hasConformanceCases || process.env["FLOE_REQUIRE_SHARED"] !== "1").toBe(true);
  if (hasConformanceCases) expect(conformanceCases()).toHaveLength(70);
});

describe.runIf(hasConformanceCases)("the bundles of the sigstore conformance suite", () => {
  it.each(conformanceCases())("%s", async (name) => {
    expect(REFUSED.has(name)).toBe(name.endsWith("_fail"));
    expect(await judgeCase(name)).toBe(REFUSED.get(name) ?? "accepted");
  });
});
