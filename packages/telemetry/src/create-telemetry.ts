import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { isFloeError } from "@floe/core/errors";
import type { Telemetry, TelemetryFacts, TelemetryLevel, TelemetrySpan } from "@floe/core/ports";
import { FACTS, type TraceContext, traceEnvironment } from "@floe/core/telemetry";
import {
  type Context,
  createTraceState,
  ROOT_CONTEXT,
  SeverityNumber,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { cleanFacts, cleanText, type Mask } from "./clean-facts.ts";
import { createInstruments } from "./create-instruments.ts";
import { openProviders } from "./open-providers.ts";
import type { OtlpSettings } from "./otlp-settings.ts";

/** What {@link createTelemetry} goes by. */
export interface TelemetryOptions {
  readonly settings: OtlpSettings;
  /** Version of the program. */
  readonly version: string;
  /** The trace id of everything that is done outside a caller's trace. Default: each outermost span has one of its own. */
  readonly traceId?: string;
  /** Whose trace this is part of; `null`: nobody's. */
  readonly caller: TraceContext | null;
  /** Takes secrets out of whatever leaves the machine. */
  readonly mask: Mask;
  /** Names this run among others; becomes `service.instance.id`. */
  readonly instanceId: string;
}

/** Telemetry that is sent over OTLP. */
export interface OpenTelemetry extends Telemetry {
  /**
   * Sends what was not sent yet, for at most two seconds, and ends. Says what went wrong, for one warning; `null`: all was
   * taken. Never throws; an aborted signal ends it at once.
   */
  finish(options: { readonly signal: AbortSignal }): Promise<string | null>;
}

/** How long the end may wait for collectors, in milliseconds. */
const FLUSH_MS = 2000;

const SEVERITY: Readonly<Record<TelemetryLevel, SeverityNumber>> = {
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

/** Opens telemetry by OpenTelemetry's SDK. Nothing is registered globally: several may live in one process. */
export function createTelemetry(options: TelemetryOptions): OpenTelemetry {
  const { settings, caller, mask } = options;
  const providers = openProviders(options, FLUSH_MS);
  const { tracer, logger } = providers;
  const instruments = createInstruments(providers.meter);
  const current = new AsyncLocalStorage<Context>();
  const outside = caller === null ? ROOT_CONTEXT : contextOf(caller);
  const here = (): Context => current.getStore() ?? outside;
  // Where no traces are sent nobody would find the spans: children go on with the caller's.
  const passedOn = caller === null ? {} : traceEnvironment(caller);

  return {
    traceId: () => trace.getSpanContext(here())?.traceId ?? options.traceId ?? null,

    childEnvironment() {
      const span = settings.targets.traces ? trace.getSpanContext(here()) : undefined;
      if (!span) return passedOn;
      const { traceId, spanId, traceFlags } = span;
      const sampled = (traceFlags & TraceFlags.SAMPLED) !== 0;
      return traceEnvironment({ traceId, spanId, sampled, traceState: caller?.traceState ?? null });
    },

    async span(name, facts, work, kind = "internal") {
      const parent = here();
      const span = tracer.startSpan(
        cleanText(name, mask),
        {
          kind: kind === "client" ? SpanKind.CLIENT : SpanKind.INTERNAL,
          attributes: cleanFacts(facts, mask),
        },
        parent,
      );
      try {
        return await current.run(
          trace.setSpan(parent, span),
          async () => await work(watch(span, mask)),
        );
      } catch (error) {
        fail(span, typeOf(error), error instanceof Error ? error.message : undefined, mask);
        throw error;
      } finally {
        span.end();
      }
    },

    measure(metric, value, facts) {
      instruments.measure(metric, value, cleanFacts(facts, mask), here());
    },

    log(level, message, facts = {}, event) {
      logger.emit({
        severityNumber: SEVERITY[level],
        severityText: level.toUpperCase(),
        body: cleanText(message, mask),
        attributes: cleanFacts(facts, mask),
        context: here(),
        ...(event === undefined ? {} : { eventName: event }),
      });
    },

    async finish({ signal }) {
      const ended = new AbortController();
      const stop = AbortSignal.any([signal, ended.signal]);
      const late = sleep(FLUSH_MS, true, { signal: stop, ref: true }).catch(() => true);
      const tooLate = await Promise.race([providers.flush().then(() => false), late]);
      ended.abort();
      providers.abandon();
      const problem = providers.problem(tooLate);
      return problem === null ? null : cleanText(problem, mask);
    },
  };
}

function contextOf({ traceId, spanId, sampled, traceState }: TraceContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    ...(traceState === null ? {} : { traceState: createTraceState(traceState) }),
  });
}

function watch(span: Span, mask: Mask): TelemetrySpan {
  return {
    add: (facts: TelemetryFacts) => void span.setAttributes(cleanFacts(facts, mask)),
    event: (name, facts) => void span.addEvent(name, cleanFacts(facts, mask)),
    fail: (type, message) => fail(span, type, message, mask),
  };
}

// No stack: it has paths of this machine, and words of whoever threw.
function fail(span: Span, type: string, message: string | undefined, mask: Mask): void {
  span.setAttributes(cleanFacts({ [FACTS.errorType]: type }, mask));
  span.setStatus({
    code: SpanStatusCode.ERROR,
    ...(message === undefined ? {} : { message: cleanText(message, mask) }),
  });
}

function typeOf(error: unknown): string {
  if (isFloeError(error)) return error.code;
  return error instanceof Error ? error.name : "Error";
}
