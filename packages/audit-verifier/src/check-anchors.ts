import { rootOf } from "./check-chain.ts";
import { verifyCheckpoint } from "./checkpoint.ts";
import type { Range } from "./hashes.ts";
import type { BundledLedger } from "./read-bundle.ts";
import type { Link } from "./read-event.ts";
import { type Finding, judged, notChecked, tampered, type Verdict } from "./verdict.ts";
import type { TrustedKeys } from "./verify-bundle.ts";

/** A checkpoint that somebody kept. */
export interface GivenCheckpoint {
  /** Where it is from, for messages. */
  readonly name: string;
  readonly note: string;
}

/** Holds checkpoints against a ledger: those that came with it, and those that were kept elsewhere. */
export function checkAnchors(
  ledger: BundledLedger,
  links: readonly Link[],
  before: Range | null,
  trusted: TrustedKeys,
  given: readonly GivenCheckpoint[],
): Verdict {
  const findings: Finding[] = [];
  const covered: string[] = [];
  const notes: string[] = [];
  const older: string[] = [];
  let outside = false;
  let byCertificate = false;
  const checkpoints = [
    ...given.map((one) => ({ ...one, kept: true })),
    ...ledger.checkpoints.map((one) => ({ ...one, kept: false })),
  ];
  if (checkpoints.length > 0 && trusted.size === 0)
    return notChecked("there is a checkpoint, and no key that you trust to check it with");
  if (!before) return notChecked("what stands for the pruned events cannot be believed");
  const count = before.size + links.length;
  for (const { name, note, kept } of checkpoints) {
    const verdict = verifyCheckpoint(note, trusted);
    const origin = verdict.ok ? verdict.checkpoint.origin : verdict.origin;
    // A file may hold a checkpoint of another environment; that is no contradiction.
    const others = origin !== null && !origin.startsWith(`urn:floe:ledger:${ledger.environment}:`);
    if (kept && others && origin !== ledger.chain) continue;
    const invalid = (what: string): void => {
      const fix = "Find out who put it there; take one that you kept.";
      findings.push({ seq: null, hash: null, code: "FLOE_CHECKPOINT_INVALID", what, fix });
    };
    if (!verdict.ok && verdict.byCertificate) byCertificate = true;
    else if (!verdict.ok) invalid(`the checkpoint of ${name}: ${verdict.reason}`);
    else if (origin !== ledger.chain)
      invalid(`the checkpoint of ${name} is of the ledger ${origin}, and this is another`);
    else {
      const { checkpoint, signedBy } = verdict;
      const root = rootOf(checkpoint, links, before);
      const short = root === null && checkpoint.size > count;
      if (checkpoint.size < before.size)
        older.push(
          `the checkpoint of ${name} counts ${checkpoint.size} events, which were pruned: hold it against the archive`,
        );
      else if (root === checkpoint.root) {
        covered.push(`${checkpoint.size} of ${count} events, as ${signedBy} signed (${name})`);
        outside ||= kept;
      } else if (short)
        findings.push(
          tampered(
            count,
            null,
            `it is gone: the checkpoint of ${name} counts ${checkpoint.size} events, and there are ${count}`,
          ),
        );
      else
        findings.push(
          tampered(
            null,
            null,
            `the first ${checkpoint.size} events are not those that ${signedBy} signed a checkpoint of (${name})`,
          ),
        );
    }
  }
  if (findings.length > 0) return judged(findings, "");
  if (byCertificate)
    return notChecked("a checkpoint is signed with a certificate, which is not judged offline");
  if (covered.length === 0 && older.length > 0) return notChecked(older.join("; "));
  notes.push(...older);
  if (covered.length === 0)
    return notChecked("no checkpoint: cutting off the newest events would not show");
  if (!outside)
    notes.push(
      "the checkpoint came with the bundle: whoever made it could have taken an older one. Give one that you kept",
    );
  return judged([], covered.join("; "), notes);
}
