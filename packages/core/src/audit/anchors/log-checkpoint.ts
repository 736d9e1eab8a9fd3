import { FloeError, isFloeError } from "../../errors/index.ts";
import type { CallOptions, TrustedSigner, Verifier } from "../../ports/index.ts";
import { provenBundle } from "../checkpoint-signature.ts";
import { describeLog, type LogAnchor } from "./log-anchor.ts";
import { logEntriesOf, loggable, withLogEntry } from "./logged-note.ts";
import { orError } from "./read-anchors.ts";
import type { AnchoredCopy } from "./spread-checkpoint.ts";

/** A note, and how it went with the log. */
export interface LoggedNote {
  /** With the log's entry, where it is in the log. */
  readonly note: string;
  readonly copy: AnchoredCopy;
}

/** Puts a signed checkpoint into a log, unless it is there. A log that fails stands in no other place's way. */
export async function logCheckpoint(
  note: string,
  log: LogAnchor,
  {
    trusted,
    verifier,
  }: { readonly trusted: readonly TrustedSigner[]; readonly verifier: Verifier },
  options: CallOptions,
): Promise<LoggedNote> {
  const about = { name: log.name, kind: "rekor", location: log.url };
  const ended = (status: AnchoredCopy["status"], error: FloeError | null = null) => ({
    note,
    copy: { ...about, status, error },
  });
  const signed = loggable(note, trusted);
  if (!signed) {
    // Who signs with a certificate has had that signature logged when it was made.
    if (provenBundle(note, trusted, verifier)?.logged === true) return ended("unchanged");
    return ended("failed", notLoggable(log));
  }
  const bundle = await orError(async () => {
    for (const entry of logEntriesOf(note))
      if ((await log.verify(entry, signed, options)).ok) return null;
    return await log.log(signed, options);
  });
  if (isFloeError(bundle)) return ended("failed", bundle);
  if (bundle === null) return ended("unchanged");
  return {
    note: withLogEntry(note, log.host, bundle),
    copy: { ...about, status: "written", error: null },
  };
}

function notLoggable(log: LogAnchor): FloeError {
  return new FloeError({
    code: "FLOE_ANCHOR_UNAVAILABLE",
    message: `${describeLog(log)} takes no checkpoint that is signed so`,
    hint: "Sign checkpoints with an ECDSA key, or with a certificate whose signatures are logged; or take the log out of audit.anchors.",
    details: { anchor: log.name },
  });
}
