import type { Floe, RequestOptions } from "./create-floe.ts";
import type { Telemetry, TelemetryFacts, TelemetrySpan } from "./ports/index.ts";
import type { OperationOutcome } from "./promotion/operation.ts";
import type { Reason } from "./promotion/reason.ts";
import { FACTS, FLOE_FACTS } from "./telemetry/index.ts";

/** Makes every request to a floe a span, and measures how long it took and what came of it. */
export function tracedFloe(floe: Floe, telemetry: Telemetry, manifestName: string): Floe {
  // All are called in one way; what each takes and gives is held by the types of `traced`.
  const plain = floe as unknown as Readonly<Record<Question, Work>>;

  function traced<Name extends Question>(
    name: Name,
    operation: string,
    factsOf: (request: Parameters<Floe[Name]>[0]) => TelemetryFacts,
    note: (outcome: Awaited<ReturnType<Floe[Name]>>, span: TelemetrySpan) => string = noteBlocking,
  ): Floe[Name] {
    const work = async (
      request: Parameters<Floe[Name]>[0],
      given?: RequestOptions,
    ): Promise<unknown> => {
      const facts: TelemetryFacts = { [FACTS.pipelineName]: manifestName, ...factsOf(request) };
      const environment = { [FACTS.environment]: facts[FACTS.environment] };
      const started = performance.now();
      let result = "error";
      try {
        return await telemetry.span(operation, facts, async (span) => {
          const outcome = await plain[name](request, given);
          result = note(outcome as Awaited<ReturnType<Floe[Name]>>, span);
          span.add({ [FLOE_FACTS.result]: result });
          return outcome;
        });
      } finally {
        const seconds = (performance.now() - started) / 1000;
        const measured = { ...environment, [FLOE_FACTS.result]: result };
        telemetry.measure("floe.operation.duration", seconds, {
          ...measured,
          [FLOE_FACTS.operation]: operation,
        });
        if (operation === "promote" && facts[FLOE_FACTS.dryRun] !== true)
          telemetry.measure("floe.promotions", 1, measured);
      }
    };
    return work as Floe[Name];
  }

  const promotion = (request: { readonly version: string; readonly to: string }) => ({
    [FACTS.environment]: request.to,
    [FACTS.artifactVersion]: request.version.split("@")[0],
    [FACTS.deploymentName]: manifestName,
  });
  const within = ({ environment, version }: About): TelemetryFacts => ({
    [FACTS.environment]: environment,
    [FACTS.artifactVersion]: version?.split("@")[0],
  });
  const about = (request: unknown): TelemetryFacts => within((request ?? {}) as About);

  return {
    ...floe,
    promote: traced(
      "promote",
      "promote",
      (request) => ({ ...promotion(request), [FLOE_FACTS.dryRun]: request.dryRun === true }),
      noteOperation,
    ),
    plan: traced(
      "plan",
      "promote",
      (request) => ({ ...promotion(request), [FLOE_FACTS.dryRun]: true }),
      noteOperation,
    ),
    rollback: traced(
      "rollback",
      "rollback",
      (request) => ({
        ...within({ environment: request.environment, version: request.version }),
        [FACTS.deploymentName]: manifestName,
        [FLOE_FACTS.dryRun]: request.dryRun === true,
      }),
      noteOperation,
    ),
    status: traced("status", "status", about, none),
    history: traced("history", "history", about, none),
    diff: traced("diff", "diff", () => ({}), none),
    listTags: traced("listTags", "list tags", about, none),
    restoreTags: traced("restoreTags", "restore tags", about),
    metrics: traced("metrics", "metrics", about, none),
    lock: traced("lock", "lock", about),
    unlock: traced("unlock", "unlock", about),
    quarantine: traced("quarantine", "quarantine", about),
    unquarantine: traced("unquarantine", "unquarantine", about),
    adopt: traced("adopt", "adopt", about),
    verify: traced("verify", "verify", about, none),
    approve: traced("approve", "approve", about),
    deny: traced("deny", "deny", about),
    approvals: traced("approvals", "approvals", about, none),
    acceptPolicy: traced("acceptPolicy", "accept policy", about),
    deployment: traced("deployment", "deployment", about),
    reconcile: traced("reconcile", "reconcile", about),
    audit: traced("audit", "audit", about, none),
    checkpoint: traced("checkpoint", "checkpoint", about, none),
    exportLedgers: traced("exportLedgers", "export ledgers", about, none),
    moveLedgers: traced("moveLedgers", "move ledgers", () => ({}), none),
    pruneLedgers: traced("pruneLedgers", "prune ledgers", about, none),
    bundleLedgers: traced("bundleLedgers", "bundle ledgers", about, none),
    drift: traced("drift", "drift", about, none),
    showEvents: traced("showEvents", "show events", about, none),
    doctor: traced("doctor", "doctor", about, none),
    runGate: traced("runGate", "run gate", about, none),
    verifyGates: traced("verifyGates", "verify gates", about, none),
  };
}

type Question = Exclude<keyof Floe, symbol | "listGates">;

type Work = (request: unknown, given?: RequestOptions) => Promise<unknown>;

interface About {
  readonly environment?: string | undefined;
  readonly version?: string | undefined;
}

// Questions have an answer and no result.
function none(): string {
  return "answered";
}

function noteBlocking(outcome: unknown, span: TelemetrySpan): string {
  const { blocking = [] } = (outcome ?? {}) as { readonly blocking?: readonly Reason[] };
  return noteReasons(blocking, span) ?? "done";
}

// A refusal is an answer of floe's, and for who watches a failure with a reason.
function noteReasons(blocking: readonly Reason[], span: TelemetrySpan): string | null {
  const [first] = blocking;
  if (!first) return null;
  for (const { code, message } of blocking)
    span.event("floe.blocked", { [FACTS.errorType]: code, "floe.reason": message });
  span.fail(first.code, first.message);
  return "blocked";
}

/** The conventions' words for what came of a run. */
const PIPELINE_RESULT: Readonly<Record<OperationOutcome["kind"], string>> = {
  done: "success",
  unchanged: "success",
  would_succeed: "success",
  blocked: "failure",
};

function noteOperation(outcome: OperationOutcome, span: TelemetrySpan): string {
  const { plan } = outcome;
  span.add({ [FACTS.pipelineResult]: PIPELINE_RESULT[outcome.kind] });
  if (plan) {
    const { digest } = plan.artifact.manifest.descriptor;
    span.add({
      [FACTS.pipelineRunId]: plan.operation,
      [FACTS.deploymentId]: plan.operation,
      [FACTS.artifactVersion]: plan.artifact.version,
      [FACTS.artifactHash]: digest,
      [FACTS.manifestDigest]: digest,
      [FLOE_FACTS.source]: plan.source,
      [FLOE_FACTS.signature]: plan.signature.status,
    });
  }
  if (outcome.kind === "blocked") noteReasons(outcome.blocking, span);
  const changes = outcome.kind === "done" || (outcome.kind === "blocked" && !outcome.dryRun);
  if (changes)
    span.add({ [FACTS.deploymentStatus]: outcome.kind === "done" ? "succeeded" : "failed" });
  return outcome.kind;
}
