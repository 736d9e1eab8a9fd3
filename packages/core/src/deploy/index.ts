export { outdatedReasons } from "./outdated.ts";
export { type ArtifactKind, artifactKindOf, type Pin } from "./pin.ts";
export {
  DEPLOY_TARGETS,
  type DeployTarget,
  type PinnedFile,
  type PinRequest,
  pinFiles,
} from "./pin-files.ts";
