export { createTelemetry, type OpenTelemetry, type TelemetryOptions } from "./create-telemetry.ts";
export { type OtlpSettings, parseOtlpSettings, type Signal } from "./otlp-settings.ts";
