import { randomUUID } from "node:crypto";
import type { TraceContext } from "@floe/core/telemetry";
import { createSecretMask, type SecretMask } from "@floe/runner/secret-mask";
import { createTelemetry, parseOtlpSettings } from "@floe/telemetry";
import type { CommandTelemetry } from "./open-telemetry.ts";

/** Variables whose values are secrets by their names; that of a harmless one is masked as well, which costs nothing. */
const SECRET_NAMES =
  /PASSWORD|PASSWD|TOKEN|SECRET|CREDENTIAL|_KEY$|_KEY_|^OTEL_EXPORTER_OTLP_\w*HEADERS$/i;

/** Opens telemetry that is sent: loaded only where an endpoint is set. */
export function openWatched(given: {
  readonly env: NodeJS.ProcessEnv;
  readonly version: string;
  readonly caller: TraceContext | null;
  readonly traceId: string;
}): CommandTelemetry {
  const { env, version, caller, traceId } = given;
  const settings = parseOtlpSettings(env);
  const secrets = new Set(secretsOf(env));
  for (const target of Object.values(settings.targets)) {
    const { username, password } = new URL(target.url);
    for (const secret of [...Object.values(target.headers), password || username])
      secrets.add(secret);
  }
  let mask: SecretMask | null = null;
  const masked = (text: string): string => {
    mask ??= createSecretMask([...secrets]);
    return mask.text(text);
  };
  const telemetry = createTelemetry({
    ...{ settings, version, traceId, caller },
    mask: masked,
    instanceId: randomUUID(),
  });
  return {
    ...telemetry,
    traceId: () => traceId,
    hide(secret) {
      if (secrets.has(secret)) return;
      secrets.add(secret);
      mask = null;
    },
    logger: (logger) => ({
      ...logger,
      info(message) {
        telemetry.log("info", message);
        logger.info(message);
      },
      warn(message) {
        telemetry.log("warn", message);
        logger.warn(message);
      },
    }),
    async finish() {
      // Whoever presses Ctrl-C now does not want to wait, and the command is done: its exit code stands.
      const waiting = new AbortController();
      const stop = (): void => waiting.abort();
      process.on("SIGINT", stop);
      process.on("SIGTERM", stop);
      try {
        const problem = await telemetry.finish({ signal: waiting.signal });
        const all = [...settings.problems, ...(problem === null ? [] : [problem])];
        return all.length === 0 ? null : `telemetry: ${all.map(masked).join("; ")}`;
      } finally {
        process.off("SIGINT", stop);
        process.off("SIGTERM", stop);
      }
    },
  };
}

function secretsOf(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && SECRET_NAMES.test(name) ? [value] : [],
  );
}
