import type { KeylessEngine, KeylessProof } from "./keyless-engine.ts";

/** What judges certificates while there is no trusted root: nothing is judged, and keys do not suffer from it. */
export function engineWithoutRoot(source: string, reason: string): KeylessEngine {
  const proof: KeylessProof = {
    ok: false,
    code: "TRUST_ROOT_UNAVAILABLE",
    reason: `the trusted root${source === "" ? "" : ` (${source})`} cannot be had: ${reason}`,
  };
  return {
    trustRoot: { available: false, source, reason },
    matchesRegex: null,
    prove: () => proof,
    evidenceOf: () => ({ time: null, logged: false }),
  };
}
