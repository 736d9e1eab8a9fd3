import * as z from "zod";
import type { GateReport } from "../../contract/index.ts";
import type { JsonObject } from "../../errors/index.ts";
import { type Digest, isDigest } from "../../model/digest.ts";
import { PARSE_ONCE } from "../../model/parse-once.ts";
import { PREDICATE_TYPES } from "../../model/records.ts";
import type { CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { readRecord } from "../../promotion/read-record.ts";
import { GateOutput } from "../gate-output.ts";
import { packDescriptor, unpackReports } from "./report-pack.ts";

const DigestText = z.custom<Digest>(isDigest, "is no digest");
const Time = z.iso.datetime();

const Run = z.object({
  argv: z.array(z.string()),
  exit_code: z.int().nullable(),
  signal: z.string().nullable(),
  timed_out: z.boolean(),
  started_at: Time,
  duration_ms: z.number(),
  stdout: z.string(),
  stderr: z.string(),
  truncated: z.boolean(),
  leftover_processes: z.int(),
});

const Statement = z.looseObject({
  result: z.looseObject({
    gate: z.string(),
    kind: z.string(),
    status: z.enum(["passed", "warning", "failed", "error", "skipped"]),
    summary: z.string(),
    metrics: z.record(z.string(), z.number()),
    details: z.custom<JsonObject>((value) => typeof value === "object" && value !== null),
  }),
  environment: z.string(),
  source_environment: z.string(),
  version: z.string(),
  operation: z.string(),
  config_digest: DigestText,
  judged_at: Time,
  runs: z
    .array(
      z.object({
        platform: z.string().nullable(),
        digest: DigestText,
        run: Run.nullable(),
        output: GateOutput.nullable(),
      }),
    )
    .min(1)
    .max(64),
  reports: z.array(
    z.object({
      path: z.string(),
      format: z.string(),
      digest: DigestText,
      size: z.int(),
      modified_at: Time,
      kept: z.boolean(),
    }),
  ),
  pack: z.object({ digest: DigestText, size: z.int() }).nullable(),
  baseline: z.object({ digest: DigestText, evidence: DigestText }).nullable(),
});

/** A gate's evidence whose signature verifies, that is about the wanted artifact and well-formed. */
export interface ReadEvidence {
  /** Of its manifest. */
  readonly digest: Digest;
  /** The name under which its signer was trusted. */
  readonly signedBy: string;
  readonly statement: z.infer<typeof Statement>;
}

/**
 * Reads a gate's evidence by its manifest's digest and verifies it; `null` when it is gone.
 * @throws {FloeError} FLOE_RECORD_INVALID - malformed, not by these signers, or about another artifact
 */
export async function readEvidence(
  digest: Digest,
  artifact: Digest,
  signedBy: readonly TrustedSigner[],
  context: Pick<FloeContext, "store" | "verifier">,
  options: CallOptions,
): Promise<ReadEvidence | { readonly problem: string } | null> {
  const read = await readRecord(digest, artifact, signedBy, context, {
    ...options,
    embedded: true,
  });
  if (!read) return null;
  if (read.predicateType !== PREDICATE_TYPES.gateResult)
    return { problem: `it is a ${read.predicateType}` };
  const parsed = Statement.safeParse(read.predicate, PARSE_ONCE);
  if (parsed.success) return { digest, signedBy: read.signedBy, statement: parsed.data };
  const [issue] = parsed.error.issues;
  return { problem: `its ${issue?.path.join(".") ?? "statement"} is not as floe writes it` };
}

/** Reads the raw reports that evidence keeps; words say why they cannot be had. */
export async function readReports(
  { statement }: ReadEvidence,
  context: Pick<FloeContext, "store">,
  options: CallOptions,
): Promise<{ readonly reports: readonly GateReport[] } | { readonly problem: string }> {
  if (!statement.reports.some(({ kept }) => kept)) return { reports: [] };
  const blob = packDescriptor(statement.pack);
  if (!blob) return { problem: "it names no packed reports of a size that floe reads" };
  return await unpackReports(await context.store.getBlob(blob, options), statement.reports);
}
