import type { Agent } from "node:http";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import { createOtlpHttpExportDelegate } from "@opentelemetry/otlp-exporter-base/node-http";
import type { IExporterMetricsHelper, ISerializer } from "@opentelemetry/otlp-transformer";
import type { Signal, SignalTarget } from "./otlp-settings.ts";

/** Sends one kind of telemetry to its place. */
export interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
  /** Lets go of everything that is still on its way. */
  abandon(): void;
  /** Why the last request failed; `null`: it did not. */
  readonly failure: string | null;
  /** Whether a request has no answer yet. */
  readonly waits: boolean;
}

/** What {@link createExporter} needs. */
export interface ExporterOptions<Items, Answer> {
  readonly signal: Signal;
  readonly target: SignalTarget;
  readonly serializer: ISerializer<Items, Answer>;
  readonly helper: IExporterMetricsHelper<Items>;
  readonly userAgent: string;
  /** For one request, its repetitions included. */
  readonly longestMs: number;
}

/** How many requests of one kind may be on their way. */
const AT_ONCE = 8;

/** Makes what sends one kind, by OpenTelemetry's own exporter: repeated as OTLP says, over connections that can be given up. */
export function createExporter<Items, Answer>(
  options: ExporterOptions<Items, Answer>,
): Exporter<Items> {
  const { target, serializer, helper, userAgent, longestMs } = options;
  const agent = openAgent(target.url);
  let failure: string | null = null;
  let waiting = 0;
  let abandoned = false;
  const delegate = createOtlpHttpExportDelegate(
    {
      url: target.url,
      headers: () =>
        Promise.resolve({ ...target.headers, "Content-Type": CONTENT_TYPE[target.protocol] }),
      compression: target.compression,
      timeoutMillis: Math.min(target.timeoutMs, longestMs),
      concurrencyLimit: AT_ONCE,
      userAgent,
      agentFactory: () => agent,
    },
    serializer,
    `otlp_http_${helper.name}_exporter`,
    helper,
    undefined,
  );
  const exporter = new OTLPExporterBase<Items>(delegate);

  return {
    get failure() {
      return failure;
    },
    get waits() {
      return waiting > 0;
    },
    export(items, done) {
      const note = (result: ExportResult): void => {
        waiting -= 1;
        failure = result.code === ExportResultCode.SUCCESS ? null : describe(result.error);
        done(result);
      };
      if (abandoned) return done({ code: ExportResultCode.FAILED });
      waiting += 1;
      try {
        exporter.export(items, note);
      } catch (error) {
        note({
          code: ExportResultCode.FAILED,
          error: error instanceof Error ? error : new Error(String(error)),
        });
      }
    },
    forceFlush: async () => await exporter.forceFlush(),
    shutdown: () => Promise.resolve(),
    abandon() {
      abandoned = true;
      agent.destroy();
    },
  };
}

const CONTENT_TYPE: Readonly<Record<SignalTarget["protocol"], string>> = {
  "http/protobuf": "application/x-protobuf",
  "http/json": "application/json",
};

function openAgent(url: string): Agent {
  const secure = url.startsWith("https:");
  const { Agent: Made } = process.getBuiltinModule(secure ? "node:https" : "node:http");
  return new Made({ keepAlive: true });
}

/** The most that is said of a failure: the words after the status are the server's. */
const MAX_WORDS = 120;

function describe(error: Error | undefined): string {
  if (!error) return "no answer that says why";
  const status = "code" in error && typeof error.code === "number" ? `${error.code} ` : "";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return `${status}${error.message || code || error.name}`.slice(0, MAX_WORDS);
}
