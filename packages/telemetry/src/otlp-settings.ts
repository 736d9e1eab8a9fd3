import { validateHeaderName, validateHeaderValue } from "node:http";
import { parsePairs } from "./parse-pairs.ts";

/** What is sent: each kind to a place of its own. */
export type Signal = "traces" | "metrics" | "logs";

/** Where one kind goes, and how. */
export interface SignalTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: "http/protobuf" | "http/json";
  readonly compression: "gzip" | "none";
  /** For one request, its repetitions included. */
  readonly timeoutMs: number;
}

/** What the variables of OpenTelemetry say. */
export interface OtlpSettings {
  /** A kind that is absent is not sent. */
  readonly targets: Readonly<Partial<Record<Signal, SignalTarget>>>;
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: Sampler;
  readonly temporality: "cumulative" | "delta" | "lowmemory";
  /** What is wrong with the variables, and what is done instead. No value of a header is in them. */
  readonly problems: readonly string[];
}

/** Which traces are recorded. */
export interface Sampler {
  readonly kind: "always_on" | "always_off" | "traceidratio";
  /** Whoever called decides, where somebody did. */
  readonly parentBased: boolean;
  /** 0 to 1, of `traceidratio`. */
  readonly ratio: number;
}

/** Variables, as of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const SIGNALS: readonly Signal[] = ["traces", "metrics", "logs"];
const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Reads the variables of OpenTelemetry that floe knows (OpenTelemetry specification, "Environment Variable Specification" and "OTLP
 * Exporter"). A value that is wrong is a problem to be told and never an error: nothing that floe exists for rests on it.
 */
export function parseOtlpSettings(env: Environment): OtlpSettings {
  const problems: string[] = [];
  const targets: Partial<Record<Signal, SignalTarget>> = {};
  for (const signal of SIGNALS) {
    const target = targetOf(signal, env, problems);
    if (target) targets[signal] = target;
  }
  const resource = parsePairs(
    env["OTEL_RESOURCE_ATTRIBUTES"],
    "OTEL_RESOURCE_ATTRIBUTES",
    problems,
  );
  const name = given(env["OTEL_SERVICE_NAME"]) ?? resource["service.name"] ?? "floe";
  return {
    targets,
    resource: { ...resource, "service.name": name },
    sampler: samplerOf(env, problems),
    temporality: temporalityOf(env, problems),
    // The same mistake of one variable for three kinds is one.
    problems: [...new Set(problems)],
  };
}

// An empty variable counts as one that is not set.
function given(value: string | undefined): string | undefined {
  const text = value?.trim();
  return text === "" ? undefined : text;
}

/** The variable of one kind, else that of all; with its name. */
function variable(
  signal: Signal,
  what: string,
  env: Environment,
): { readonly name: string; readonly value: string } | null {
  for (const name of [
    `OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${what}`,
    `OTEL_EXPORTER_OTLP_${what}`,
  ]) {
    const value = given(env[name]);
    if (value !== undefined) return { name, value };
  }
  return null;
}

function targetOf(signal: Signal, env: Environment, problems: string[]): SignalTarget | null {
  const exporterName = `OTEL_${signal.toUpperCase()}_EXPORTER`;
  const exporter = given(env[exporterName]) ?? "otlp";
  if (exporter !== "otlp") {
    if (exporter !== "none")
      problems.push(`${exporterName} is neither otlp nor none: no ${signal} are sent`);
    return null;
  }
  const url = urlOf(signal, env, problems);
  const protocol = protocolOf(signal, env, problems);
  if (url === null || protocol === null) return null;
  const headers = variable(signal, "HEADERS", env);
  return {
    url,
    protocol,
    headers: headers ? headersOf(headers, problems) : {},
    compression: compressionOf(signal, env, problems),
    timeoutMs: timeoutOf(signal, env, problems),
  };
}

// The endpoint of one kind is used as it is; below that of all, each kind has its path.
function urlOf(signal: Signal, env: Environment, problems: string[]): string | null {
  const endpoint = variable(signal, "ENDPOINT", env);
  if (!endpoint) return null;
  const own = endpoint.name !== "OTEL_EXPORTER_OTLP_ENDPOINT";
  const url = URL.parse(endpoint.value);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    problems.push(`${endpoint.name} is no http or https address: no ${signal} are sent`);
    return null;
  }
  if (!own) url.pathname = `${url.pathname.replace(/\/$/, "")}/v1/${signal}`;
  return url.href;
}

function protocolOf(
  signal: Signal,
  env: Environment,
  problems: string[],
): SignalTarget["protocol"] | null {
  const protocol = variable(signal, "PROTOCOL", env);
  if (!protocol || protocol.value === "http/protobuf") return "http/protobuf";
  if (protocol.value === "http/json") return "http/json";
  problems.push(
    `${protocol.name} is neither http/protobuf nor http/json, which are what floe speaks: no ${signal} are sent`,
  );
  return null;
}

function headersOf(
  { name, value }: { readonly name: string; readonly value: string },
  problems: string[],
): Record<string, string> {
  const headers = parsePairs(value, name, problems);
  return Object.fromEntries(
    Object.entries(headers).filter(([header, text]) => {
      try {
        validateHeaderName(header);
        validateHeaderValue(header, text);
        return true;
      } catch {
        problems.push(`${name} has an entry that can be no header, which is left out`);
        return false;
      }
    }),
  );
}

function compressionOf(
  signal: Signal,
  env: Environment,
  problems: string[],
): SignalTarget["compression"] {
  const compression = variable(signal, "COMPRESSION", env);
  if (!compression || compression.value === "none") return "none";
  if (compression.value === "gzip") return "gzip";
  problems.push(`${compression.name} is neither gzip nor none: nothing is compressed`);
  return "none";
}

function timeoutOf(signal: Signal, env: Environment, problems: string[]): number {
  const timeout = variable(signal, "TIMEOUT", env);
  if (!timeout) return DEFAULT_TIMEOUT_MS;
  if (/^[1-9]\d{0,8}$/.test(timeout.value)) return Number(timeout.value);
  problems.push(`${timeout.name} is no number of milliseconds: ${DEFAULT_TIMEOUT_MS} is used`);
  return DEFAULT_TIMEOUT_MS;
}

function samplerOf(env: Environment, problems: string[]): Sampler {
  const name = given(env["OTEL_TRACES_SAMPLER"]) ?? "parentbased_always_on";
  const [, parent, kind] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  if (kind === undefined) {
    problems.push("OTEL_TRACES_SAMPLER is none that floe knows: parentbased_always_on is used");
    return { kind: "always_on", parentBased: true, ratio: 1 };
  }
  return {
    kind: kind as Sampler["kind"],
    parentBased: parent !== undefined,
    ratio: kind === "traceidratio" ? ratioOf(env, problems) : 1,
  };
}

function ratioOf(env: Environment, problems: string[]): number {
  const text = given(env["OTEL_TRACES_SAMPLER_ARG"]);
  if (text === undefined) return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  problems.push("OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1: 1 is used");
  return 1;
}

function temporalityOf(env: Environment, problems: string[]): OtlpSettings["temporality"] {
  const name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
  const text = given(env[name])?.toLowerCase() ?? "cumulative";
  if (text === "cumulative" || text === "delta" || text === "lowmemory") return text;
  problems.push(`${name} is neither cumulative, delta nor lowmemory: cumulative is used`);
  return "cumulative";
}
