import { z } from "zod";
import { DigestText, Seq, Time } from "./event-values.ts";

/** The event with which a ledger begins once everything before it was removed. */
const Kept = {
  seq: Seq,
  /** Leaf hash of the event. */
  hash: DigestText,
  /** How many events the ledger has with it. */
  size: z.int().min(2),
};

/** The event that a ledger begins with from then on. */
export const KeptEvent = z.looseObject(Kept);

/** Roots of the perfect trees over the removed events' leaf hashes, the largest first (RFC 6962 section 2.1). */
export const Frontier = z.array(DigestText).min(1).max(53);

/** The checkpoint that covers what was removed. */
export const Covering = z.looseObject({
  size: z.int().min(1),
  root: DigestText,
  /** Where writers cannot be serialised: the event that the checkpoint goes by. */
  head: DigestText.optional(),
});

/** The file that the removed events are in. */
export const Archive = z.looseObject({ digest: DigestText, size: z.int().min(1) });

/** Tags that were adopted by removed events: no record says where they are from. */
export const AdoptedTags = z
  .array(z.looseObject({ tag: z.string(), digest: DigestText }))
  .max(5000);

/** The pruning in a ledger's state: the newest. */
export const Pruned = z.looseObject({
  ...Kept,
  /** Slot of the event that says so. */
  by_seq: Seq,
  operation: z.string(),
  at: Time,
  by: z.string(),
});
export type Pruned = z.infer<typeof Pruned>;
