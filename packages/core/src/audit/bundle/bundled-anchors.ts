import type { TrustedSigner, Verifier } from "../../ports/index.ts";
import type { GivenCheckpoint } from "../anchors/judge-anchors.ts";
import { type LinkedLedger, rootOf } from "../check-links.ts";
import { verifyCheckpoint } from "../checkpoint-signature.ts";
import type { CompactRange } from "../compact-range.ts";
import { type AuditFinding, type AuditVerdict, judged, notChecked } from "../verdict.ts";
import type { BundledLedger } from "./read-bundle.ts";

const RESTORE = "Compare with a copy that you trust.";

/** Holds checkpoints against a bundled ledger: those that came with it, and those that were kept elsewhere. */
export function anchorBundle(
  ledger: BundledLedger,
  { events }: LinkedLedger,
  range: CompactRange | null,
  given: readonly GivenCheckpoint[],
  trusted: readonly TrustedSigner[],
  verifier: Verifier,
): AuditVerdict {
  const all = [
    ...given.map((one) => ({ ...one, kept: true })),
    ...ledger.checkpoints.map((one) => ({ ...one, kept: false })),
  ];
  if (all.length > 0 && trusted.length === 0)
    return notChecked("there is a checkpoint, and no key that you trust to check it with");
  if (!range) return notChecked("what stands for the pruned events cannot be believed");
  const count = range.size + events.length;
  const findings: AuditFinding[] = [];
  const covered: string[] = [];
  const older: string[] = [];
  let outside = false;
  let byCertificate = false;
  const found = (code: AuditFinding["code"], seq: number | null, what: string): void => {
    findings.push({ seq, hash: null, code, what, fix: RESTORE });
  };
  for (const { name, note, kept } of all) {
    const verdict = verifyCheckpoint(note, trusted, verifier);
    const origin = verdict.ok ? verdict.checkpoint.origin : verdict.origin;
    const others = origin !== null && !origin.startsWith(`urn:floe:ledger:${ledger.environment}:`);
    // A file may hold a checkpoint of another environment; that is no contradiction.
    if (kept && others && origin !== ledger.chain) continue;
    if (!verdict.ok && verdict.byCertificate) byCertificate = true;
    else if (!verdict.ok)
      found("FLOE_CHECKPOINT_INVALID", null, `the checkpoint of ${name}: ${verdict.reason}`);
    else if (origin !== ledger.chain)
      found(
        "FLOE_CHECKPOINT_INVALID",
        null,
        `the checkpoint of ${name} is of the ledger ${origin}, and this one is ${ledger.chain}`,
      );
    else {
      const { checkpoint, signedBy } = verdict;
      const { size } = checkpoint;
      const root = rootOf(checkpoint, events, range);
      if (size < range.size)
        older.push(
          `the checkpoint of ${name} counts ${size} events, which were pruned: hold it against the archive`,
        );
      else if (root === checkpoint.root) {
        covered.push(`${size} of ${count} events, as ${signedBy} signed (${name})`);
        outside ||= kept;
      } else if (root === null && size > count)
        found(
          "FLOE_LEDGER_TAMPERED",
          count,
          `it is gone: the checkpoint of ${name} counts ${size} events, and there are ${count}`,
        );
      else
        found(
          "FLOE_LEDGER_TAMPERED",
          null,
          `the first ${size} events are not those that ${signedBy} signed a checkpoint of (${name})`,
        );
    }
  }
  if (findings.length > 0) return judged(findings, "");
  if (byCertificate)
    return notChecked("a checkpoint is signed with a certificate, which is not judged offline");
  if (covered.length === 0 && older.length > 0) return notChecked(older.join("; "));
  if (covered.length === 0)
    return notChecked("no checkpoint: cutting off the newest events would not show");
  const notes = outside
    ? []
    : [
        "the checkpoint came with the bundle: whoever made it could have taken an older one. Give one that you kept with --checkpoint",
      ];
  return judged([], covered.join("; "), [...older, ...notes]);
}
