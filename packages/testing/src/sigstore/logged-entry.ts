import { createHash } from "node:crypto";

/**
 * The entry that Rekor version 1 logs for a proposed `dsse` entry: hashes and signatures. The mock would log the proposal as
 * it is, which verifiers refuse.
 */
export function loggedEntry(proposed: string): object {
  const entry = JSON.parse(proposed) as {
    kind?: string;
    spec?: { proposedContent?: { envelope: string; verifiers: string[] } };
  };
  const content = entry.spec?.proposedContent;
  if (entry.kind !== "dsse" || content === undefined) return entry;
  const envelope = JSON.parse(content.envelope) as {
    payload: string;
    signatures: { sig: string }[];
  };
  const hash = (bytes: string | Buffer) => ({
    algorithm: "sha256",
    value: createHash("sha256").update(bytes).digest("hex"),
  });
  return {
    apiVersion: "0.0.1",
    kind: "dsse",
    spec: {
      envelopeHash: hash(content.envelope),
      payloadHash: hash(Buffer.from(envelope.payload, "base64")),
      signatures: envelope.signatures.map(({ sig }, index) => ({
        signature: sig,
        verifier: content.verifiers[index],
      })),
    },
  };
}
