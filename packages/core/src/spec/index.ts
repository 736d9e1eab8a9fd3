export { compile } from "./compile.ts";
export {
  COMPILED_MEDIA_TYPE,
  CompiledArtifact,
  type CompiledComponent,
  MAX_COMPILED_BYTES,
  parseCompiledArtifact,
} from "./compiled-artifact.ts";
export { compiledSbom } from "./compiled-sbom.ts";
export { DEFAULT_SPEC, type LoadedSpec, loadSpec } from "./load-spec.ts";
export { type Dependent, type Order, orderComponents } from "./order-components.ts";
export type { Component, Spec } from "./spec.ts";
