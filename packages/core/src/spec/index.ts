export { compile } from "./compile.ts";
export { CompiledArtifact, parseCompiledArtifact } from "./compiled-artifact.ts";
export { COMPILED_MEDIA_TYPE, MAX_COMPILED_BYTES } from "./compiled-media-type.ts";
export { compiledSbom } from "./compiled-sbom.ts";
export { type LoadedSpec, loadSpec } from "./load-spec.ts";
export { orderComponents } from "./order-components.ts";
