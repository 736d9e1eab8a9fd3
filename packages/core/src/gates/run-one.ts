import { actorName } from "../ledger/fold-state.ts";
import { actorOf, requireSigner } from "../ledger/ledger-context.ts";
import type { Digest } from "../model/digest.ts";
import type { GateResult } from "../model/records.ts";
import { traceIdOf } from "../model/trace-id.ts";
import { uuidV7 } from "../model/uuid.ts";
import type { CallOptions } from "../ports/index.ts";
import { createArtifactFacts } from "../promotion/artifact-facts.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { findEnvironment, judgeTransition } from "../promotion/environments.ts";
import { findArtifact } from "../promotion/find-artifact.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { gateArtifact, parseVersionArgument } from "../promotion/resolve-artifact.ts";
import { createGateHistory } from "./evidence/gate-history.ts";
import { findGate } from "./find-gate.ts";
import { runGate } from "./run-gate.ts";

/** What `floe gate run` asks for. */
export interface RunGateRequest {
  readonly gate: string;
  readonly environment: string;
  readonly version: string;
  /** Runs the gate whatever attests it, and signs and attaches what it finds. Default `false`: nothing is written. */
  readonly record?: boolean;
  /** A label for the evidence; proves and grants nothing. */
  readonly claimedOperator?: string | undefined;
}

/**
 * Runs one gate of an environment against a version, outside a promotion. Nothing is written unless it is asked for.
 * @throws {FloeError} FLOE_GATE_NOT_FOUND - with near names
 * @throws {FloeError} FLOE_SIGNER_MISSING - `record` without a key
 */
export async function runOneGate(
  request: RunGateRequest,
  given: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<{ readonly result: GateResult; readonly digest: string; readonly traceId: string }> {
  const environment = findEnvironment(given.manifest, request.environment);
  const gate = findGate(environment, request.gate);
  const wanted = parseVersionArgument(request.version, given.manifest);
  const traceId = traceIdOf(given);
  const { source } = judgeTransition(given.manifest, environment.name, undefined);
  const { artifact, from } = await findArtifact(wanted, source, given, options);
  const { descriptor } = artifact.manifest;
  const context = at(given, environment);
  const record = request.record === true;
  // Before the gate runs, which may take long.
  const signer = record ? requireSigner(given.signer, "attestation") : null;
  const target = {
    artifact: gateArtifact(artifact),
    source,
    target: environment.name,
    dryRun: !record,
    readManifest: (digest: Digest, within: CallOptions) => from.getManifest(digest, within),
    traceId,
    exemptions: context.exemptions,
    facts: createArtifactFacts(artifact, from, environment, context, ledgers),
  };
  const open = async () => {
    const ledger = ledgers.of(environment);
    return { ledger, view: await ledger.view(options) };
  };
  const place = { environment, open, context, from, artifact: descriptor.digest };
  const history = createGateHistory(place);
  const gateContext = { ...context, history, fresh: "all" as const, measured: record };
  const { result, material } = await runGate(gate, target, gateContext, options.signal);
  const answer = { result, digest: descriptor.digest, traceId };
  // What could not be judged says nothing that anybody could rely on.
  if (!signer || !material || result.status === "error") return answer;
  const actor = actorOf(signer.signer, given, request.claimedOperator);
  const { writeEvidence } = await import("./evidence/write-evidence.ts");
  const written = await writeEvidence(
    {
      artifact: descriptor,
      version: artifact.version,
      source,
      environment: environment.name,
      operation: uuidV7(from.now(), given.host.randomBytes(10)),
      operator: { name: actorName(actor), actor },
    },
    [{ result: material.judgement, material }],
    { store: from, signer },
    options,
  );
  const evidence = written.get(result.gate);
  return {
    ...answer,
    result: { ...result, ...(evidence ? { evidence: { digest: evidence } } : {}) },
  };
}
