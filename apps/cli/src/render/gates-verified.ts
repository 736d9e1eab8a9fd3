import type { GateReverdict, GatesVerified } from "@floe/core";
import { shortDigest } from "@floe/core/model";
import { reasonJson } from "./operation-json.ts";
import { paint, plain } from "./paint.ts";

/** The JSON output of `gate verify`. */
export function gatesVerifiedJson(found: GatesVerified): Record<string, unknown> {
  return {
    success: found.blocking.length === 0,
    environment: found.environment,
    artifact_tag: found.version,
    artifact_digest: found.digest,
    record: found.record,
    gates: found.gates.map(({ signedBy, judgedAt, ...gate }) => ({
      ...gate,
      signed_by: signedBy,
      judged_at: judgedAt,
    })),
    blocking: found.blocking.map(reasonJson),
  };
}

const WORDS = {
  same: { style: "green", text: "the same verdict" },
  different: { style: "red", text: "another verdict" },
  attested: { style: "dim", text: "somebody else's word, and no report to judge again" },
  no_evidence: { style: "dim", text: "no report was kept, so nothing to judge again" },
  invalid: { style: "red", text: "its evidence does not hold" },
} as const;

/** What `gate verify` says to people: a line for each gate. */
export function gatesVerifiedText({ version, digest, environment, gates }: GatesVerified): string {
  const head = `${paint("bold", version)} (${shortDigest(digest)}) in ${environment}`;
  return `${[head, ...gates.map(line)].join("\n")}\n`;
}

function line({
  gate,
  recorded,
  verdict,
  now,
  signedBy,
  judgedAt,
  problem,
}: GateReverdict): string {
  const { style, text } = WORDS[verdict];
  const again = verdict === "different" && now ? ` (${now.status}: ${plain(now.summary)})` : "";
  const why = problem === null ? "" : ` (${plain(problem)})`;
  const by =
    signedBy === null
      ? ""
      : paint("dim", `, signed by ${plain(signedBy)}${judgedAt === null ? "" : `, ${judgedAt}`}`);
  return `  ${gate}: ${recorded}; ${paint(style, text)}${again}${why}${by}`;
}
