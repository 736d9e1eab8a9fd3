import { randomBytes } from "node:crypto";
import type { Logger } from "@floe/core";
import type { Telemetry } from "@floe/core/ports";
import { createUntraced, parseTraceContext } from "@floe/core/telemetry";

/** How a command is watched. */
export interface CommandTelemetry extends Telemetry {
  /** The same for everything that the command does; 32 hexadecimal digits. */
  traceId(): string;
  /** Adds a secret to those that are taken out of whatever is sent. */
  hide(secret: string): void;
  /** A logger whose lines are sent as well. */
  logger(logger: Logger): Logger;
  /** Sends what is left, in a short time of its own. Gives what went wrong, for one warning; `null`: nothing. */
  finish(): Promise<string | null>;
}

/** Variables that switch telemetry on, one of them is enough (OTLP exporter specification). */
const ENDPOINTS = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
] as const;

/**
 * Opens telemetry for one command. Without an endpoint nothing of it is loaded, and the trace id, that of whoever called or a new
 * one, is all there is.
 */
export async function openTelemetry(
  env: NodeJS.ProcessEnv,
  version: string,
): Promise<CommandTelemetry> {
  const caller = parseTraceContext(env);
  const traceId = caller?.traceId ?? randomBytes(16).toString("hex");
  if (!isWatched(env)) {
    return {
      ...createUntraced(traceId, caller),
      traceId: () => traceId,
      hide() {},
      logger: (logger) => logger,
      finish: () => Promise.resolve(null),
    };
  }
  const { openWatched } = await import("./open-watched.ts");
  return openWatched({ env, version, caller, traceId });
}

function isWatched(env: NodeJS.ProcessEnv): boolean {
  if (env["OTEL_SDK_DISABLED"]?.trim().toLowerCase() === "true") return false;
  return ENDPOINTS.some((name) => (env[name]?.trim() ?? "") !== "");
}
