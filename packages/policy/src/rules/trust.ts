import { z } from "zod";
import { durationSchema } from "../quantity.ts";
import { CannotJudge } from "./cannot-judge.ts";
import { type BuiltinRule, defineRule, type RuleInput, type Violation } from "./rule.ts";

const NOBODY = "only a promotion can ask the registry for it";

async function unmet(input: RuleInput, types: readonly string[]): Promise<Violation[]> {
  if (!input.facts) throw new CannotJudge(NOBODY);
  const reports = await input.facts.requirements(types, { signal: input.signal });
  return types.flatMap((type): Violation[] => {
    const report = reports.find((one) => one.type === type);
    if (report?.status === "satisfied") return [];
    const what = type === "signature" ? "signature" : type === "sbom" ? "signed SBOM" : type;
    if (report?.status !== "failed")
      throw new CannotJudge(`${what}: ${report?.reason ?? "nobody could tell"}`);
    const version = input.artifact.version;
    const command =
      type === "signature"
        ? `floe artifact sign ${version} --key REF`
        : type === "sbom"
          ? `floe artifact sbom ${version} --help`
          : `floe artifact attest ${version} --help`;
    return [
      {
        message: `the artifact has no ${what} by whom ${input.target} trusts: ${report.reason ?? "none is attached"}`,
        subject: type,
        measured: "none",
        limit: `1 by a signer of artifacts.verification`,
        fix: `Attach it: ${command}`,
      },
    ];
  });
}

const requiredSignature = defineRule({
  name: "required_signature",
  code: "FLOE-E208",
  summary: "The artifact is signed by whom the environment's signature policy trusts.",
  settings: z.strictObject({}),
  judge: (input) => unmet(input, ["signature"]),
});

const requiredAttestations = defineRule({
  name: "required_attestations",
  code: "FLOE-E209",
  summary:
    "An attestation of every type of `types` is attached, signed by whom the environment trusts.",
  settings: z.strictObject({
    types: z
      .array(
        z.union([z.literal("sbom"), z.string().regex(/^[a-z][a-z0-9+.-]*:\S{1,500}$/i)], {
          error: "expected sbom or the URI of a predicate type",
        }),
      )
      .min(1)
      .max(20),
  }),
  judge: (input, { types }) => unmet(input, [...new Set(types)]),
});

const soak = defineRule({
  name: "soak",
  code: "FLOE-E210",
  summary: "The digest has been in the environment `from` for at least `min`.",
  settings: z.strictObject({ from: z.string().min(1), min: durationSchema }),
  async judge({ facts, signal, artifact, now, environments }, { from, min }) {
    if (!environments.includes(from))
      throw new CannotJudge(`there is no environment ${JSON.stringify(from.slice(0, 50))}`);
    if (!facts) throw new CannotJudge(NOBODY);
    const since = await facts.since(from, { signal });
    const limit = `${min.text} in ${from}`;
    if (since === null)
      return [
        {
          message: `${artifact.version} was never promoted to ${from}`,
          subject: from,
          measured: "never",
          limit,
          fix: `Promote it to ${from} first: floe promote ${artifact.version} --to ${from}`,
        },
      ];
    const until = new Date(since.getTime() + min.milliseconds);
    if (now >= until) return [];
    return [
      {
        message: `${artifact.version} is in ${from} since ${since.toISOString()}, which is shorter than ${min.text}`,
        subject: from,
        measured: `${Math.floor((now.getTime() - since.getTime()) / 60_000)}m`,
        limit,
        fix: `Wait until ${until.toISOString()}.`,
      },
    ];
  },
});

/** The rules that ask who vouches for an artifact, and how long it has been where. */
export const TRUST_RULES: readonly BuiltinRule[] = [requiredSignature, requiredAttestations, soak];
