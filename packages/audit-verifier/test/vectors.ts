import { readFileSync } from "node:fs";
import type { LedgerAudit } from "@floe/core";
import { verifyAuditBundle } from "@floe/core";
import { createVerifier } from "@floe/signing";
import {
  type GivenCheckpoint,
  type LedgerAnswers,
  type PublicKey,
  readBundle,
  readPublicKey,
  verifyBundle,
} from "../src/index.ts";

/** A published test vector, as `vectors.json` lists it. */
export interface Vector {
  readonly name: string;
  readonly tampering: string;
  readonly checkpoint: boolean;
  readonly expect: Readonly<Record<string, Expected>>;
}

/** What a question has to be answered with. */
export interface Expected {
  readonly verdict: string;
  readonly seq: number | null;
}

/** The file of a vector, or what it is verified with. */
export function vectorFile(name: string): Buffer {
  return readFileSync(new URL(`../vectors/${name}`, import.meta.url));
}

/** The published vectors. */
export const vectors = JSON.parse(vectorFile("vectors.json").toString()) as readonly Vector[];

const keys = ["release", "alice"].map((name) => {
  const pem = vectorFile(`${name}.pub`).toString();
  const key = readPublicKey(pem);
  if (!key) throw new Error(`${name}.pub is no key`);
  return { name, pem, key };
});

/** How a bundle is verified: by both, with the same keys and checkpoints. */
export interface Given {
  readonly trusted?: readonly string[];
  readonly checkpoint?: boolean;
}

function checkpointsOf({ checkpoint = false }: Given): GivenCheckpoint[] {
  return checkpoint
    ? [{ name: "kept.checkpoint", note: vectorFile("kept.checkpoint").toString() }]
    : [];
}

function trustedOf({ trusted = ["release", "alice"] }: Given) {
  return keys.filter(({ name }) => trusted.includes(name));
}

/** What the standalone verifier says. @throws {NotABundle} it is none */
export function byVerifier(bytes: Uint8Array, given: Given = {}): LedgerAnswers[] {
  const trusted = new Map<string, { name: string; key: PublicKey }>(
    trustedOf(given).map(({ name, key }) => [key.id, { name, key }]),
  );
  return verifyBundle(readBundle([bytes]), { trusted, checkpoints: checkpointsOf(given) });
}

/** What floe says. @throws {FloeError} FLOE_AUDIT_BUNDLE_INVALID - it is none */
export async function byFloe(bytes: Uint8Array, given: Given = {}): Promise<LedgerAudit[]> {
  const trusted = trustedOf(given).map(({ name, pem: publicKey }) => ({
    method: "key" as const,
    name,
    publicKey,
  }));
  const request = { name: "the bundle", chunks: [bytes], trusted };
  return await verifyAuditBundle(
    { ...request, checkpoints: checkpointsOf(given) },
    createVerifier(),
  );
}

/** What of an answer two verifiers have to agree in: everything but the words. */
export function essence(answers: readonly (LedgerAnswers | LedgerAudit)[]): unknown {
  return answers.map(({ verdicts, ...about }) => ({
    ...about,
    verdicts: Object.fromEntries(
      Object.entries(verdicts).map(([question, { verdict, findings }]) => [
        question,
        { verdict, findings: findings.map(({ seq, code }) => `${seq} ${code}`).sort() },
      ]),
    ),
  }));
}

/** The verdicts, each with the first bad event. */
export function verdictsOf(answers: readonly (LedgerAnswers | LedgerAudit)[]): unknown {
  const [only] = answers;
  return Object.fromEntries(
    Object.entries(only?.verdicts ?? {}).map(([question, { verdict, findings }]) => [
      question,
      { verdict, seq: findings[0]?.seq ?? null },
    ]),
  );
}
