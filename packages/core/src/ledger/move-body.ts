import { z } from "zod";
import { DigestText, Seq, Time } from "./event-values.ts";

/** Where a ledger's events are, as its genesis pins it. */
const Place = {
  backend: z.string(),
  location: z.string(),
  slots: z.string().min(1).max(1000).optional(),
  mode: z.enum(["slot", "own-tag"]),
};

/** The end of a ledger in the place that it was moved from. */
export const Continues = z.looseObject({
  ...Place,
  /** Number and leaf hash of the genesis there. */
  first: Seq,
  genesis: DigestText,
  /** Number and leaf hash of the newest event that the ledger has there. */
  seq: Seq,
  hash: DigestText,
  /** How many events the ledger had until then, in all places. */
  size: z.int().min(1),
});
export type Continues = z.infer<typeof Continues>;

const To = {
  ...Place,
  /** Number and leaf hash of the genesis with which the ledger goes on there. */
  first: Seq,
  genesis: DigestText,
};

/** Where a ledger goes on, as a `move` says it. */
export const MoveTo = z.looseObject(To);

/** The move in a ledger's state. */
export const Moved = z.looseObject({
  ...To,
  operation: z.string(),
  seq: Seq,
  at: Time,
  by: z.string(),
});
export type Moved = z.infer<typeof Moved>;
