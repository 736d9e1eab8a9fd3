import type { GateReport } from "@floe/core/plugin";
import { endOfString } from "@floe/gate-kit";

/** Fields in which secret scanners show the secret itself: gitleaks 8 and 7. */
const SHOWN = /"(?:Secret|Match|Line|line|offender)"\s*:\s*(?=")/g;

/** Code around a finding, in SARIF. */
const SNIPPET = /"text"\s*:\s*(?=")/g;

/**
 * Takes secrets out of the reports of secret scanners, before anything is judged or kept: also out of reports that are
 * cut off or damaged, which are no JSON.
 */
export function redactReport({ bytes }: Pick<GateReport, "bytes">): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  const gitleaks = /"(?:Secret|offender|Match)"\s*:/.test(text);
  const sarif = /"name"\s*:\s*"(?:gitleaks|trufflehog|detect-secrets)/i.test(text);
  if (!gitleaks && !sarif) return bytes;
  const redacted = replaceStrings(text, SHOWN);
  return Buffer.from(sarif ? replaceStrings(redacted, SNIPPET) : redacted);
}

/** Replaces the string behind each key; one that does not end, up to the end of the text. */
function replaceStrings(text: string, keys: RegExp): string {
  const parts: string[] = [];
  let at = 0;
  keys.lastIndex = 0;
  for (let key = keys.exec(text); key !== null; key = keys.exec(text)) {
    const start = keys.lastIndex;
    const end = endOfString(text, start);
    parts.push(text.slice(at, start), '"REDACTED"');
    at = end === -1 ? text.length : end;
    keys.lastIndex = at;
  }
  return `${parts.join("")}${text.slice(at)}`;
}
