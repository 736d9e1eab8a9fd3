import * as z from "zod";
import { isFloeError } from "../../errors/index.ts";
import type { AttestationRule, GateConfig } from "../../manifest/manifest.ts";
import type { Digest } from "../../model/digest.ts";
import { PREDICATE_TYPES, type ReusedFrom } from "../../model/records.ts";
import type { ArtifactStore, CallOptions, TrustedSigner } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { readRecord, type VerifiedRecord } from "../../promotion/read-record.ts";
import type { Judged } from "../judged.ts";
import { ageProblem } from "./find-evidence.ts";

const MAX_CANDIDATES = 32;

/** The predicate of https://in-toto.io/attestation/test-result/v0.1, as others may write it. */
const TestResult = z.looseObject({
  result: z.enum(["PASSED", "WARNED", "FAILED"]),
  failedTests: z.array(z.string()).optional(),
});

const STATUS = { PASSED: "passed", WARNED: "warning", FAILED: "failed" } as const;

/** A verdict by somebody else's word, or why there is none. */
export type AttestedVerdict =
  | { readonly judged: Judged; readonly from: ReusedFrom }
  | { readonly judged: null; readonly why: readonly string[] };

/** Reads a gate's verdict from a signed test result of the artifact. Of several that count, the worst decides. */
export async function attestedTests(
  gate: GateConfig,
  rule: AttestationRule,
  place: {
    readonly artifact: Digest;
    readonly signers: readonly TrustedSigner[];
    readonly stores: readonly ArtifactStore[];
  },
  context: Pick<FloeContext, "verifier">,
  options: CallOptions,
): Promise<AttestedVerdict> {
  const why: string[] = [];
  const counting: { readonly judged: Judged; readonly from: ReusedFrom }[] = [];
  for (const store of new Set(place.stores)) {
    const listed = (await store.referrers(place.artifact, options)).filter(
      ({ annotations }) =>
        annotations?.["dev.sigstore.bundle.predicateType"] === rule.predicateType,
    );
    for (const { digest } of listed.slice(0, MAX_CANDIDATES)) {
      const read = await readOrSay(digest, place, { ...context, store }, why, options);
      if (!read) continue;
      const answer = verdictOf(gate, rule, read, store.now());
      if (typeof answer === "string") why.push(`${digest}: ${answer}`);
      else counting.push(answer);
    }
  }
  const order = ["failed", "warning", "passed"];
  const [worst] = counting.toSorted(
    (a, b) => order.indexOf(a.judged.status) - order.indexOf(b.judged.status),
  );
  return worst ?? { judged: null, why };
}

async function readOrSay(
  digest: Digest,
  place: { readonly artifact: Digest; readonly signers: readonly TrustedSigner[] },
  context: Pick<FloeContext, "verifier" | "store">,
  why: string[],
  options: CallOptions,
): Promise<VerifiedRecord | null> {
  try {
    return await readRecord(digest, place.artifact, place.signers, context, {
      ...options,
      embedded: true,
    });
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_RECORD_INVALID")) throw cause;
    why.push(cause.message);
    return null;
  }
}

function verdictOf(
  gate: GateConfig,
  rule: AttestationRule,
  read: VerifiedRecord,
  now: Date,
): { readonly judged: Judged; readonly from: ReusedFrom } | string {
  if (read.predicateType !== PREDICATE_TYPES.testResult) return `it is a ${read.predicateType}`;
  const parsed = TestResult.safeParse(read.predicate);
  if (!parsed.success) return "its result is neither PASSED nor WARNED nor FAILED";
  if (rule.maxAgeSeconds !== null && !read.time)
    return "no log or timestamp authority says when it was signed, and max_age is set";
  const old = read.time && ageProblem(read.time, rule.maxAgeSeconds, now);
  if (old) return old;
  const { result, failedTests = [] } = parsed.data;
  const level = { PASSED: "info", WARNED: "warn", FAILED: "fail" } as const;
  return {
    judged: {
      status: STATUS[result],
      summary: `${read.signedBy} attests ${result} for ${gate.name}`,
      reasons:
        failedTests.length === 0
          ? [
              {
                code: `ATTESTED_${result}`,
                level: level[result],
                message: `the test result signed by ${read.signedBy} says ${result}`,
                where: read.digest,
              },
            ]
          : failedTests.slice(0, 100).map((test) => ({
              code: `ATTESTED_${result}`,
              level: level[result],
              message: `${test.slice(0, 1000)} failed`,
              where: read.digest,
            })),
      metrics: {},
      details: {},
      judged_by: "attestation",
    },
    from: {
      digest: read.digest,
      predicate_type: read.predicateType,
      judged_at: read.time?.toISOString() ?? null,
      signed_by: read.signedBy,
    },
  };
}
