import * as z from "zod";
import { FloeError, isFloeError } from "../errors/index.ts";
import type { EnvironmentConfig, GateConfig } from "../manifest/manifest.ts";
import { canonicalJson } from "../model/canonical-json.ts";
import { type Digest, digestOf, isDigest } from "../model/digest.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { timeLimit } from "../plugins/time-limit.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { findEnvironment } from "../promotion/environments.ts";
import { findResident } from "../promotion/find-artifact.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { type Reason, reason } from "../promotion/reason.ts";
import { gateArtifact, parseVersionArgument } from "../promotion/resolve-artifact.ts";
import { readPolicy } from "../verification/read-policy.ts";
import { loadBaseline } from "./evidence/load-baseline.ts";
import {
  type PromotedRecord,
  readPromotedRecord,
  type SaidOfGate,
  saidOfGates,
} from "./evidence/promoted-record.ts";
import { readEvidence, readReports } from "./evidence/read-evidence.ts";
import { rejudge } from "./evidence/rejudge.ts";
import type { GateTarget } from "./gate-target.ts";
import { type Judged, unjudged } from "./judged.ts";

/** What `floe gate verify` asks for. */
export interface VerifyGatesRequest {
  readonly version: string;
  readonly environment: string;
}

/** What judging a gate of a record again came to. */
export interface GateReverdict {
  readonly gate: string;
  /** As the record has it. */
  readonly recorded: string;
  /**
   * `same`, `different`: judged again, by the settings of then. `attested`: somebody else's word, which is no report.
   * `no_evidence`: the gate had no report. `invalid`: the evidence that the record names cannot be believed.
   */
  readonly verdict: "same" | "different" | "attested" | "no_evidence" | "invalid";
  /** What it comes to now; `null` where there was nothing to judge. */
  readonly now: Pick<Judged, "status" | "summary" | "reasons"> | null;
  readonly evidence: Digest | null;
  /** Who has signed the evidence, and when it was judged. */
  readonly signedBy: string | null;
  readonly judgedAt: string | null;
  /** Why it is `invalid`; `null` otherwise. */
  readonly problem: string | null;
}

/** All gates of a promotion, judged again. */
export interface GatesVerified {
  readonly environment: string;
  readonly version: string;
  readonly digest: Digest;
  readonly record: Digest;
  readonly gates: readonly GateReverdict[];
  readonly blocking: readonly Reason[];
}

/**
 * Judges the gates of a promotion again: from the raw reports that were kept, by the settings that were in force then, with what
 * they were compared with then. Reads only; no command runs.
 * @throws {FloeError} FLOE_VERIFY_NOTHING - the version was not promoted there
 * @throws {FloeError} FLOE_RECORD_INVALID - its record cannot be believed
 */
export async function verifyGates(
  request: VerifyGatesRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<GatesVerified> {
  const environment = findEnvironment(given.manifest, request.environment);
  const context = at(given, environment);
  const wanted = parseVersionArgument(request.version, given.manifest);
  const artifact = await findResident(wanted, environment, given, options);
  const { digest } = artifact.manifest.descriptor;
  const { version } = artifact;
  const ledger = ledgers.of(environment);
  const view = await ledger.view(options);
  const end = { ledger, view };
  const promoted = await readPromotedRecord(
    { digest, version },
    environment,
    end,
    context,
    options,
  );
  if (!promoted)
    throw new FloeError({
      code: "FLOE_VERIFY_NOTHING",
      message: `${version} was not promoted to ${environment.name}`,
      hint: "What was adopted, or only rolled back to, has no gate results of its own.",
      details: { version, environment: environment.name },
    });
  const source = promoted.record.predicate["source_environment"];
  const target: GateTarget = {
    artifact: gateArtifact(artifact),
    source: typeof source === "string" ? source : "",
    target: environment.name,
    dryRun: true,
    traceId: traceIdOf(given),
    readManifest: (child, within) => context.store.getManifest(child, within),
  };
  const configOf = await readConfigs(promoted, environment, context, options);
  const gates: GateReverdict[] = [];
  for (const said of saidOfGates(promoted.record))
    gates.push(await reverdict(said, configOf(said.gate), promoted, target, context, options));
  return {
    environment: environment.name,
    version,
    digest,
    record: promoted.record.digest,
    gates,
    blocking: gates.flatMap(reasonOf),
  };
}

const Asked = z.looseObject({
  kind: z.string(),
  settings: z.record(z.string(), z.unknown()),
  platforms: z.union([z.literal("all"), z.array(z.string())]).optional(),
  command: z.tuple([z.string()], z.string()).optional(),
  shell: z.boolean().optional(),
  reports: z.array(z.object({ path: z.string(), format: z.string() })).optional(),
  exit_codes: z.object({ warn: z.array(z.int()), error: z.array(z.int()) }).optional(),
});

/** What belongs to a gate in the policy without being part of what it is asked. */
const DEMANDS = ["required", "max_age_seconds", "evidence_from", "from_attestation"];

// The operator has signed the digest of the policy, so what it says of a gate is what the gate was asked then.
async function readConfigs(
  { record }: PromotedRecord,
  environment: EnvironmentConfig,
  { store }: Pick<FloeContext, "store">,
  options: CallOptions,
): Promise<(gate: string) => GateConfig | null> {
  const named = record.predicate["policy_digest"];
  if (!isDigest(named)) return () => null;
  const found = await readPolicy(record, named, environment, store, options);
  if (found.kind === "missing") return () => null;
  return (name) => {
    const gate = Object.hasOwn(found.policy.gates, name) ? found.policy.gates[name] : undefined;
    const asked = Asked.safeParse(gate);
    if (!gate || !asked.success) return null;
    const { kind, settings, platforms, command, shell, reports, exit_codes } = asked.data;
    const entries = Object.entries(gate).filter(([key]) => !DEMANDS.includes(key));
    return {
      platforms: platforms ?? null,
      ...{ name, kind, settings, required: gate.required, reports: reports ?? [] },
      command: command ? { argv: command, shell: shell === true } : null,
      exitCodes: exit_codes ?? { warn: [], error: [] },
      configDigest: digestOf(canonicalJson(Object.fromEntries(entries))),
      timeoutSeconds: environment.gates.find((one) => one.name === name)?.timeoutSeconds ?? 300,
      // Nothing below is asked when no command runs.
      ...{ needs: [], exclusive: false, cwd: "/", env: {}, passEnv: [], secretEnv: {} },
      ...{ retryAttempts: 1, unsupported: [] },
      ...{ maxAgeSeconds: null, evidenceFrom: [], fromAttestation: null },
    };
  };
}

async function reverdict(
  said: SaidOfGate,
  config: GateConfig | null,
  { trusted }: PromotedRecord,
  target: GateTarget,
  context: FloeContext,
  options: CallOptions,
): Promise<GateReverdict> {
  const { gate, status: recorded, evidence } = said;
  const base = {
    ...{ gate, recorded, evidence },
    ...{ now: null, signedBy: null, judgedAt: null, problem: null },
  };
  if (!evidence) return { ...base, verdict: said.attestedBy ? "attested" : "no_evidence" };
  const invalid = (problem: string): GateReverdict => ({ ...base, verdict: "invalid", problem });
  try {
    const digest = target.artifact.digest as Digest;
    const read = await readEvidence(evidence, digest, trusted, context, options);
    if (!read) return invalid("it is gone");
    if ("problem" in read) return invalid(read.problem);
    const { statement, signedBy } = read;
    if (statement.result.gate !== gate)
      return invalid(`it is of the gate ${statement.result.gate}`);
    if (!config) return invalid("what the gate was asked then cannot be read");
    if (config.configDigest !== statement.config_digest)
      return invalid("it answers something else than the policy of then asks");
    const kept = await readReports(read, context, options);
    if ("problem" in kept) return invalid(kept.problem);
    // What was reused was compared again, with what ran in the environment by then.
    const compared = said.comparedWith === undefined ? statement.baseline : said.comparedWith;
    const sameQuestion = compared?.evidence === statement.baseline?.evidence;
    const baseline =
      compared &&
      (await loadBaseline(
        { name: gate, kind: config.kind },
        { digest: compared.evidence, artifact: compared.digest },
        trusted,
        context,
        options,
      ));
    if (baseline && "problem" in baseline)
      return invalid(`what it was compared with (${compared?.evidence}): ${baseline.problem}`);
    const usable = { ...read, reports: kept.reports };
    using limit = timeLimit(config.timeoutSeconds * 1000);
    const stop = AbortSignal.any([options.signal, limit.signal]);
    const judged = await rejudge(config, usable, target, baseline, context, stop).catch(
      (cause: unknown) => {
        options.signal.throwIfAborted();
        return unjudged(cause);
      },
    );
    const { status, summary, reasons } = judged;
    return {
      ...base,
      ...{ signedBy, judgedAt: statement.judged_at, now: { status, summary, reasons } },
      // What was exempted then is a warning in the record, and a refusal in what the gate itself found.
      verdict:
        (!sameQuestion || status === statement.result.status) &&
        (recorded === status || said.exempted)
          ? "same"
          : "different",
    };
  } catch (cause) {
    if (!isFloeError(cause, "FLOE_RECORD_INVALID")) throw cause;
    return invalid(cause.message);
  }
}

function reasonOf(found: GateReverdict): Reason[] {
  if (found.verdict === "different")
    return [
      reason(
        "FLOE_GATE_VERDICT_DIFFERS",
        `gate ${found.gate} is recorded as ${found.recorded}, and judged again it is ${found.now?.status}: ${found.now?.summary}`,
        "Compare the plugin's version in the record with the one that is installed; promote again (--force), which runs the gate.",
      ),
    ];
  if (found.verdict !== "invalid") return [];
  return [
    reason(
      "FLOE_GATE_EVIDENCE_INVALID",
      `the evidence ${found.evidence} of gate ${found.gate} does not hold: ${found.problem}`,
      "Somebody changed what floe wrote beside the artifact. Restore it from a copy, and find out who.",
    ),
  ];
}
