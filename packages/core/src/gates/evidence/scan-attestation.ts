import * as z from "zod";
import type { GateReport } from "../../contract/index.ts";
import type { AttestationRule } from "../../manifest/manifest.ts";
import type { ReusedFrom } from "../../model/records.ts";
import type { CallOptions } from "../../ports/index.ts";
import type { FloeContext } from "../../promotion/context.ts";
import { ageProblem } from "./find-evidence.ts";
import {
  type AttestationPlace,
  type ReadAttestation,
  readAttestations,
} from "./read-attestations.ts";

/** What floe itself reads in a predicate of https://in-toto.io/attestation/vulns/v0.2; the rest is its plugin's. */
const Scanned = z.looseObject({
  metadata: z.looseObject({ scanFinishedOn: z.iso.datetime({ offset: true }) }),
});

/** Attested scans as reports for a gate to judge, and the newest of them; or why there is none that counts. */
export type AttestedReports =
  | { readonly reports: readonly GateReport[]; readonly from: ReusedFrom }
  | { readonly reports: null; readonly why: readonly string[] };

/**
 * Reads signed scans of an artifact. All that count are judged together, as several reports are: a newer one takes nothing
 * back, for it may be of another scanner or of another part of the artifact; `max_age` does, by when the scan ended.
 */
export async function attestedReports(
  rule: AttestationRule,
  place: AttestationPlace,
  context: Pick<FloeContext, "verifier">,
  options: CallOptions,
): Promise<AttestedReports> {
  const { found, why } = await readAttestations(rule, place, context, options);
  const counting: { readonly report: GateReport; readonly from: ReusedFrom }[] = [];
  for (const one of found) {
    const answer = reportOf(one, rule);
    if (typeof answer === "string") why.push(`${one.read.digest}: ${answer}`);
    else counting.push(answer);
  }
  const [newest, ...older] = counting.toSorted(
    (a, b) => b.report.modifiedAt.getTime() - a.report.modifiedAt.getTime(),
  );
  if (!newest) return { reports: null, why };
  return { reports: [newest, ...older].map(({ report }) => report), from: newest.from };
}

function reportOf(
  { read, now }: ReadAttestation,
  rule: AttestationRule,
): { readonly report: GateReport; readonly from: ReusedFrom } | string {
  const { digest, predicate, predicateType, signedBy } = read;
  const parsed = Scanned.safeParse(predicate);
  if (!parsed.success)
    return "it does not say when the scan ended (metadata.scanFinishedOn, RFC 3339)";
  const finished = new Date(parsed.data.metadata.scanFinishedOn);
  const old = ageProblem(finished, rule.maxAgeSeconds, now);
  if (old) return old;
  return {
    report: {
      path: digest,
      format: "auto",
      bytes: new TextEncoder().encode(JSON.stringify(predicate)),
      modifiedAt: finished,
      attestation: { predicateType, signedBy },
    },
    from: {
      digest,
      predicate_type: predicateType,
      judged_at: finished.toISOString(),
      signed_by: signedBy,
    },
  };
}
