export {
  type ArtifactInput,
  type BuiltArtifact,
  buildArtifact,
  type LayerInput,
} from "./build-artifact.ts";
export {
  type CrashEnvOptions,
  type CrashPoint,
  countEnv,
  crashEnv,
  crashPoints,
  crashPreloadUrl,
  readCountedWrites,
} from "./crash/crash-env.ts";
export { onlyProd } from "./guide/only-prod.ts";
export { blocksOf } from "./guide/read-blocks.ts";
export { type GuideOptions, type GuideRun, runGuide } from "./guide/run-guide.ts";
export { type ProgramRun, runProgram } from "./guide/run-program.ts";
export { type LineProcess, startLineProcess } from "./line-process.ts";
export {
  createMemoryStore,
  type MemoryCall,
  type MemoryStore,
  type MemoryStoreOptions,
  type MemoryWrite,
} from "./memory-store.ts";
export type { OtlpAttributes, OtlpLog, OtlpPoint, OtlpSpan } from "./otlp/received.ts";
export { type OtlpRequest, startCollector, type TestCollector } from "./otlp/start-collector.ts";
export { type GateTool, type GateToolName, gateTool, goTool } from "./peers/gate-tool.ts";
export { type PeerName, peer } from "./peers/peer.ts";
export { type RunOptions, type RunResult, run } from "./peers/run.ts";
export type { S3Server } from "./peers/s3-programs.ts";
export { type Daemon, freePort, startDaemon } from "./peers/start-daemon.ts";
export {
  type AccessLogEntry,
  type DockerRegistry,
  type DockerRegistryOptions,
  startDockerRegistry,
} from "./peers/start-docker-registry.ts";
export { startMoto } from "./peers/start-moto.ts";
export {
  type PostgresCluster,
  type PostgresOptions,
  startPostgres,
} from "./peers/start-postgres.ts";
export { type PostgresProxy, startPostgresProxy } from "./peers/start-postgres-proxy.ts";
export { startRadosgw } from "./peers/start-radosgw.ts";
export { type PushedArtifact, type PushTarget, pushArtifact } from "./push-artifact.ts";
export type { Fault, FaultAction, FaultMatch, FaultQueue } from "./registry/faults.ts";
export type {
  ImmutableAnswer,
  RegistryAuthOptions,
  RegistryOptions,
  RegistrySettings,
  WriteEvent,
} from "./registry/registry-options.ts";
export type { StoredManifest } from "./registry/repository-state.ts";
export {
  type CloudCall,
  type CloudReply,
  type CloudStandIn,
  startCloud,
} from "./registry/start-cloud.ts";
export {
  type LoggedRequest,
  type RegistrySnapshot,
  startRegistry,
  type TestRegistry,
} from "./registry/start-registry.ts";
export type { S3Policy } from "./s3/s3-policy.ts";
export type { S3Fault, S3Settings } from "./s3/s3-settings.ts";
export { type S3Snapshot, startS3, type TestS3 } from "./s3/start-s3.ts";
export { unsignedToken } from "./sigstore/certificate-request.ts";
export {
  type SigstoreFault,
  type SigstoreOptions,
  startSigstore,
  type TestSigstore,
} from "./sigstore/start-sigstore.ts";
export { type KmsPlugin, writeKmsPlugin } from "./write-kms-plugin.ts";
