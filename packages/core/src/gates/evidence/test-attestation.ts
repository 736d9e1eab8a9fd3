import * as z from "zod";
import type { AttestationRule, GateConfig } from "../../manifest/manifest.ts";
import type { ReusedFrom } from "../../model/records.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import type { VerifiedRecord } from "../../promotion/read-record.ts";
import type { Judged } from "../judged.ts";
import { ageProblem } from "./find-evidence.ts";
import { type AttestationPlace, readAttestations } from "./read-attestations.ts";

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
  place: AttestationPlace,
  context: Pick<FloeContext, "verifier">,
  options: CallOptions,
): Promise<AttestedVerdict> {
  const { found, why } = await readAttestations(rule, place, context, options);
  const counting: { readonly judged: Judged; readonly from: ReusedFrom }[] = [];
  for (const { read, now } of found) {
    const answer = verdictOf(gate, rule, read, now);
    if (typeof answer === "string") why.push(`${read.digest}: ${answer}`);
    else counting.push(answer);
  }
  const order = ["failed", "warning", "passed"];
  const [worst] = counting.toSorted(
    (a, b) => order.indexOf(a.judged.status) - order.indexOf(b.judged.status),
  );
  return worst ?? { judged: null, why };
}

function verdictOf(
  gate: GateConfig,
  rule: AttestationRule,
  read: VerifiedRecord,
  now: Date,
): { readonly judged: Judged; readonly from: ReusedFrom } | string {
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
