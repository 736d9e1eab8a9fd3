/**
 * Names of OpenTelemetry's semantic conventions that floe uses, all in one place: most of those for CI/CD and deployments are
 * still in development there. A test of the telemetry package holds them equal to the conventions' own list.
 */
export const FACTS = {
  environment: "deployment.environment.name",
  deploymentId: "deployment.id",
  deploymentName: "deployment.name",
  deploymentStatus: "deployment.status",
  pipelineName: "cicd.pipeline.name",
  pipelineRunId: "cicd.pipeline.run.id",
  pipelineResult: "cicd.pipeline.result",
  taskName: "cicd.pipeline.task.name",
  taskType: "cicd.pipeline.task.type",
  taskResult: "cicd.pipeline.task.run.result",
  artifactVersion: "artifact.version",
  artifactHash: "artifact.hash",
  manifestDigest: "oci.manifest.digest",
  errorType: "error.type",
  method: "http.request.method",
  status: "http.response.status_code",
  address: "server.address",
  port: "server.port",
  url: "url.full",
  executable: "process.executable.name",
  pid: "process.pid",
  exitCode: "process.exit.code",
} as const;

/** Names of floe's own, where the conventions have none. */
export const FLOE_FACTS = {
  operation: "floe.operation",
  result: "floe.result",
  dryRun: "floe.dry_run",
  source: "floe.source_environment",
  gateKind: "floe.gate.kind",
  gateStatus: "floe.gate.status",
  gateRequired: "floe.gate.required",
  signature: "floe.signature.status",
  eventKind: "floe.ledger.event.kind",
  eventSeq: "floe.ledger.event.seq",
  eventHash: "floe.ledger.event.hash",
  eventId: "floe.ledger.event.id",
  eventAction: "floe.ledger.event.action",
  eventResult: "floe.ledger.event.result",
  eventActor: "floe.ledger.event.actor",
  chain: "floe.ledger.chain",
  hit: "floe.cache.hit",
  content: "floe.cache.content",
} as const;
