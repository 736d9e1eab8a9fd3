/** Whose trace somebody asks to be part of (W3C Trace Context). */
export interface TraceContext {
  readonly traceId: string;
  /** The span that called. */
  readonly spanId: string;
  /** Whether the caller records its trace. */
  readonly sampled: boolean;
  /** As it came, for whoever is told next; `null`: none, or none that can be handed on. */
  readonly traceState: string | null;
}

/** The most of a `traceparent` that is looked at; later versions may be longer than the 55 characters of today's. */
const MAX_TRACEPARENT = 256;
const MAX_TRACESTATE = 512;
const MAX_MEMBERS = 32;

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[!-~]*)?$/;
const KEY = /^(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})$/;
const VALUE = /^[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

/**
 * Reads `TRACEPARENT` and `TRACESTATE` (W3C Trace Context Level 1, sections 3.2 and 3.3). Whatever is not exactly that counts as
 * absent: anybody may have set it, and nothing rests on it. A state that is wrong does not take the parent with it.
 */
export function parseTraceContext(given: {
  readonly TRACEPARENT?: string | undefined;
  readonly TRACESTATE?: string | undefined;
}): TraceContext | null {
  const text = given.TRACEPARENT;
  if (text === undefined || text.length > MAX_TRACEPARENT) return null;
  const [, version = "", traceId = "", spanId = "", flags = "", more] =
    TRACEPARENT.exec(text) ?? [];
  if (version === "" || version === "ff" || (version === "00" && more !== undefined)) return null;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  const sampled = (Number.parseInt(flags, 16) & 1) === 1;
  return { traceId, spanId, sampled, traceState: parseTraceState(given.TRACESTATE) };
}

/** Writes a context as the variables of a child process. */
export function traceEnvironment(context: TraceContext): Readonly<Record<string, string>> {
  const { traceId, spanId, sampled, traceState } = context;
  return {
    TRACEPARENT: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`,
    ...(traceState === null ? {} : { TRACESTATE: traceState }),
  };
}

function parseTraceState(text: string | undefined): string | null {
  if (text === undefined || text.length > MAX_TRACESTATE) return null;
  const members = text
    .split(",")
    .map((member) => member.replace(/^[ \t]+|[ \t]+$/g, ""))
    .filter((member) => member !== "");
  if (members.length === 0 || members.length > MAX_MEMBERS) return null;
  const keys = new Set<string>();
  for (const member of members) {
    const at = member.indexOf("=");
    const key = member.slice(0, Math.max(0, at));
    if (!KEY.test(key) || !VALUE.test(member.slice(at + 1)) || keys.has(key)) return null;
    keys.add(key);
  }
  return members.join(",");
}
