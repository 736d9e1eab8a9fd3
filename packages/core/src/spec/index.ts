export { compile } from "./compile.ts";
export {
  COMPILED_MEDIA_TYPE,
  CompiledArtifact,
  parseCompiledArtifact,
} from "./compiled-artifact.ts";
export { compiledSbom } from "./compiled-sbom.ts";
export { type LoadedSpec, loadSpec } from "./load-spec.ts";
