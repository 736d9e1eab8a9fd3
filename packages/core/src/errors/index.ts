export { ERRORS, EXIT, type ExitCode, exitCodeOf, type FloeErrorCode } from "./catalogue.ts";
export {
  FloeError,
  type FloeErrorInit,
  isFloeError,
  type JsonObject,
  type JsonValue,
  type KnownFacts,
  keepingKnown,
  knownBy,
} from "./floe-error.ts";
