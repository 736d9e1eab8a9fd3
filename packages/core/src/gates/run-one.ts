import { FloeError } from "../errors/index.ts";
import type { GateResult } from "../model/records.ts";
import { randomTraceId } from "../model/trace-id.ts";
import type { CallOptions } from "../ports/index.ts";
import { at, type FloeContext } from "../promotion/context.ts";
import { findEnvironment, judgeTransition } from "../promotion/environments.ts";
import { findArtifact } from "../promotion/find-artifact.ts";
import type { Ledgers } from "../promotion/ledgers.ts";
import { nearNames } from "../promotion/near-names.ts";
import { gateArtifact, parseVersionArgument } from "../promotion/resolve-artifact.ts";
import { createGateHistory } from "./evidence/gate-history.ts";
import { runGate } from "./run-gate.ts";

/** What `floe gate run` asks for. */
export interface RunGateRequest {
  readonly gate: string;
  readonly environment: string;
  readonly version: string;
}

/**
 * Runs one gate of an environment against a version, outside a promotion. Nothing is recorded.
 * @throws {FloeError} FLOE_GATE_NOT_FOUND - with near names
 */
export async function runOneGate(
  request: RunGateRequest,
  context: FloeContext,
  ledgers: Ledgers,
  options: CallOptions,
): Promise<{ readonly result: GateResult; readonly digest: string; readonly traceId: string }> {
  const environment = findEnvironment(context.manifest, request.environment);
  const gate = environment.gates.find((candidate) => candidate.name === request.gate);
  if (!gate) {
    const names = environment.gates.map((candidate) => candidate.name);
    const near = nearNames(request.gate, names);
    throw new FloeError({
      code: "FLOE_GATE_NOT_FOUND",
      message: `${environment.name} has no gate ${JSON.stringify(request.gate)}`,
      hint: near.length > 0 ? `Did you mean ${near[0]}?` : `It has ${names.join(", ")}.`,
      details: { gate: request.gate, environment: environment.name },
    });
  }
  const wanted = parseVersionArgument(request.version, context.manifest);
  const traceId = randomTraceId(context.host);
  const { source } = judgeTransition(context.manifest, environment.name, undefined);
  const { artifact } = await findArtifact(wanted, source, context, options);
  const target = {
    artifact: gateArtifact(artifact),
    source,
    target: environment.name,
    dryRun: true,
    traceId,
  };
  const open = async () => {
    const ledger = ledgers.of(environment);
    return { ledger, view: await ledger.view(options) };
  };
  const history = createGateHistory({ environment, open, context: at(context, environment) });
  const { result } = await runGate(gate, target, { ...context, history }, options.signal);
  return { result, digest: artifact.manifest.descriptor.digest, traceId };
}
