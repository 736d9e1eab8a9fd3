import type { GateReport } from "@floe/core/plugin";

/** Fields in which secret scanners show the secret itself: gitleaks 8 and 7. */
const SHOWN = /("(?:Secret|Match|Line|line|offender)"\s*:\s*)"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|$)/g;

/** Code around a finding, in SARIF. */
const SNIPPET = /("text"\s*:\s*)"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|$)/g;

/**
 * Takes secrets out of the reports of secret scanners, before anything is judged or kept: also out of reports that are
 * cut off or damaged, which are no JSON.
 */
export function redactReport({ bytes }: Pick<GateReport, "bytes">): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const gitleaks = /"(?:Secret|offender|Match)"\s*:/.test(text);
  const sarif = /"name"\s*:\s*"(?:gitleaks|trufflehog|detect-secrets)/i.test(text);
  if (!gitleaks && !sarif) return bytes;
  const redacted = text.replace(SHOWN, '$1"REDACTED"');
  return Buffer.from(sarif ? redacted.replace(SNIPPET, '$1"REDACTED"') : redacted);
}
