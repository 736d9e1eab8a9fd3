import { createPublicKey } from "node:crypto";
import type { CallOptions, KeySignature, LogVerdict, TransparencyLog } from "@floe/core/ports";
import { parseAnyBundle } from "../bundle/parse-bundle.ts";
import type { KeylessEngine } from "../keyless/keyless-engine.ts";

/** What a log is opened with. */
export interface RekorLogOptions {
  /** Base URL of a Rekor version 1. */
  readonly url: string;
  /** Loads, once, what judges the log's proofs by the trusted root. */
  readonly engine: (options: CallOptions) => Promise<KeylessEngine>;
}

/** Bytes; a real one has about four thousand. */
const MAX_BUNDLE_BYTES = 64 * 1024;

/**
 * A Rekor log of version 1 (`hashedrekord` 0.0.1): for signatures by a key over bytes. Entries are verified offline by the
 * logs of the trusted root, as those of keyless signatures are.
 */
export function createRekorLog({ url, engine }: RekorLogOptions): TransparencyLog {
  async function verify(
    bytes: Uint8Array,
    signed: KeySignature,
    options: CallOptions,
  ): Promise<LogVerdict> {
    const refused = (reason: string): LogVerdict => ({ ok: false, reason, unjudged: false });
    if (bytes.byteLength > MAX_BUNDLE_BYTES) return refused("it is larger than any log entry");
    const parsed = parseAnyBundle(bytes);
    if (!parsed.ok) return refused(parsed.reason);
    const { bundle } = parsed;
    if (bundle.content.kind !== "message" || bundle.logEntries === 0)
      return refused("it has no entry of a log");
    if (Buffer.compare(bundle.content.signature, signed.signature) !== 0)
      return refused("it is about another signature");
    const keyless = await engine(options);
    const { trustRoot } = keyless;
    if (!trustRoot.available)
      return {
        ok: false,
        reason: `the trusted root (${trustRoot.source}) cannot be had: ${trustRoot.reason}`,
        unjudged: true,
      };
    const key = createPublicKey(signed.publicKey);
    const { logged, time } = keyless.evidenceOf(bundle, key, signed.message);
    return logged
      ? { ok: true, time }
      : refused("its log entry does not verify by any log of the trusted root");
  }

  return {
    verify,
    async log(signed, options) {
      // Whoever only verifies needs none of what speaks to a log.
      const { logSignature } = await import("./log-signature.ts");
      const bytes = await logSignature(url, signed, options);
      const verdict = await verify(bytes, signed, options);
      if (verdict.ok) return bytes;
      throw Object.assign(new Error(`what the log ${url} gave cannot be used: ${verdict.reason}`), {
        failure: "unavailable",
        hint: "Check the anchor's url, and artifacts.verification.trust_root, which has to name this log.",
      });
    },
  };
}
