import { FloeError } from "../errors/index.ts";
import type { BundleVerdict } from "../ports/index.ts";

/**
 * Tells trouble with the trusted root apart from a bad signature: nothing is known of the bundle then, and what is not known
 * must not be stepped over as if a stranger had written it.
 * @throws {FloeError} FLOE_TRUST_ROOT_UNAVAILABLE - the bundle could not be judged
 */
export function assertJudged(verdict: BundleVerdict, where: string): void {
  if (verdict.ok || verdict.code !== "TRUST_ROOT_UNAVAILABLE") return;
  throw new FloeError({
    code: "FLOE_TRUST_ROOT_UNAVAILABLE",
    message: `${where} is signed with a certificate, and ${verdict.reason}`,
    hint: "Try again when the network is there, or pin a trusted root: artifacts.verification.trust_root: { file: trusted_root.json }.",
  });
}
