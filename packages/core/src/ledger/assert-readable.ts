import type { AuditBackend } from "../contract/index.ts";
import { FloeError } from "../errors/index.ts";
import type { VerifiedEvent } from "./verify-event.ts";

/**
 * Makes sure that an event can be read back before it is appended: one that cannot would close the ledger for
 * everybody, for good.
 * @throws {FloeError} FLOE_LEDGER_UNAVAILABLE - larger than the store of the ledger takes
 * @throws {FloeError} FLOE_KEY_INVALID - nobody could check its signature
 */
export function assertReadable(
  bytes: Uint8Array,
  kind: string,
  audit: AuditBackend,
  verify: (bytes: Uint8Array, where: string) => VerifiedEvent,
): void {
  const { maxEventBytes } = audit.capabilities();
  if (bytes.byteLength > maxEventBytes) {
    throw new FloeError({
      code: "FLOE_LEDGER_UNAVAILABLE",
      message: `the ${kind} has ${bytes.byteLength} bytes, and the ledger takes at most ${maxEventBytes}`,
      hint: "Nothing was changed. Shorten what was given with it, such as --reason or --operator.",
    });
  }
  try {
    verify(bytes, `the ${kind} that is about to be appended`);
  } catch (cause) {
    throw new FloeError({
      code: "FLOE_KEY_INVALID",
      message: `nobody could check the signature of this ${kind}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "The manifest knows the signing key as no identity, and its public key was not handed in with it.",
      cause,
    });
  }
}
