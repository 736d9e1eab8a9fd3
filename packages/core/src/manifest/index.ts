export { parseDuration } from "./duration.ts";
export { explainManifest } from "./explain-manifest.ts";
export { DEFAULT_MANIFEST, findManifest } from "./find-manifest.ts";
export { formatIssue, type ManifestIssue } from "./issue-list.ts";
export { loadExemptions } from "./load-exemptions.ts";
export {
  type GateSchemaContext,
  type LoadManifestOptions,
  loadManifest,
} from "./load-manifest.ts";
export type * from "./manifest.ts";
export { type ManifestJsonSchemaOptions, manifestJsonSchema } from "./manifest-json-schema.ts";
export { PLACEHOLDERS } from "./placeholders.ts";
export { KNOWN_GATES, POLICY_GATE } from "./resolve/gate-kinds.ts";
export { PUBLIC_SIGSTORE } from "./resolve/resolve-sigstore.ts";
export type { JsonSchema } from "./resolve/standard-json-schema.ts";
export { type SplitResult, splitCommand } from "./split-command.ts";
