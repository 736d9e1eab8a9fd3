export { ERRORS, EXIT, type ExitCode, exitCodeOf, type FloeErrorCode } from "./catalogue.ts";
export {
  FloeError,
  type FloeErrorInit,
  isFloeError,
  type JsonObject,
  type JsonValue,
} from "./floe-error.ts";
