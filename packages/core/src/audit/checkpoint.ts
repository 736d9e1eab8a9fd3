import { type Digest, digestHex, isDigest } from "../model/digest.ts";

/** What a checkpoint says of a ledger: so many events it had, and which. */
export interface Checkpoint {
  /** Name of the ledger, `urn:floe:ledger:ENV:UUID`. */
  readonly origin: string;
  /** Number of events. */
  readonly size: number;
  /** Root of the Merkle tree over the events' leaf hashes, in the order in which they count. */
  readonly root: Digest;
  /**
   * Where writers cannot be serialised, events may still turn up beside others: then the events that this one goes by,
   * itself included, are what the checkpoint is about. `null` where there is one order.
   */
  readonly head: Digest | null;
}

const HEAD = /^head (?<digest>sha256:[0-9a-f]{64})$/;
const SIZE = /^(?:0|[1-9][0-9]{0,14})$/;
const ROOT_BYTES = 32;

/** Writes the text of a checkpoint (C2SP tlog-checkpoint, "Note text"). */
export function checkpointText({ origin, size, root, head }: Checkpoint): string {
  const base64 = Buffer.from(digestHex(root), "hex").toString("base64");
  return `${origin}\n${size}\n${base64}\n${head === null ? "" : `head ${head}\n`}`;
}

/** Reads the text of a checkpoint; `null`: it is none. Lines that another version adds are left alone. */
export function parseCheckpoint(text: string): Checkpoint | null {
  const [origin = "", size = "", root = "", ...more] = text.replace(/\n$/, "").split("\n");
  const hash = Buffer.from(root, "base64");
  if (origin === "" || !SIZE.test(size) || hash.byteLength !== ROOT_BYTES) return null;
  if (hash.toString("base64") !== root || more.includes("")) return null;
  const head = more.map((line) => HEAD.exec(line)?.groups?.["digest"]).find(isDigest) ?? null;
  return { origin, size: Number(size), root: `sha256:${hash.toString("hex")}` as Digest, head };
}
