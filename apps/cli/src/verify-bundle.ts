import { createReadStream } from "node:fs";
import type { LedgerAudit, VerifyBundleRequest } from "@floe/core";
import { FloeError } from "@floe/core/errors";
import { readCheckpoint, readTrustedKey } from "./read-checkpoint.ts";

/** What `audit verify --bundle` is asked. */
export interface BundleFlags {
  readonly bundle: string;
  readonly env?: string | undefined;
  /** Files of public keys, or ids of keys that are in the bundle. */
  readonly trust?: readonly string[] | undefined;
  readonly checkpoint?: readonly string[] | undefined;
}

const KEY_ID = /^sha256:[0-9a-f]{64}$/;

/**
 * Verifies an audit bundle. Needs no manifest and asks no registry.
 * @throws {FloeError} FLOE_AUDIT_BUNDLE_INVALID - it is none
 * @throws {FloeError} FLOE_USAGE_INVALID - a file cannot be read
 */
export async function verifyBundle(
  flags: BundleFlags,
  signal: AbortSignal,
): Promise<LedgerAudit[]> {
  const [{ verifyAuditBundle }, { createVerifier }] = await Promise.all([
    import("@floe/core"),
    import("@floe/signing"),
  ]);
  const given = flags.trust ?? [];
  const request: VerifyBundleRequest = {
    name: flags.bundle,
    chunks: createReadStream(flags.bundle, { signal }),
    environment: flags.env,
    trusted: (
      await Promise.all(given.filter((one) => !KEY_ID.test(one)).map(readTrustedKey))
    ).filter((signer) => signer.method === "key"),
    trustedIds: given.filter((one) => KEY_ID.test(one)),
    checkpoints: await Promise.all((flags.checkpoint ?? []).map(readCheckpoint)),
  };
  try {
    return await verifyAuditBundle(request, createVerifier());
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause && "code" in cause)) throw cause;
    throw new FloeError({
      code: "FLOE_USAGE_INVALID",
      message: `${flags.bundle} cannot be read: ${String(cause.code)}`,
      hint: "Give the path of a file that floe audit bundle has written.",
      cause,
    });
  }
}
