/** Makes a W3C trace id: 32 lower-case hexadecimal digits, not all zero. */
function randomTraceId(source: { randomBytes(count: number): Uint8Array }): string {
  return Buffer.from(source.randomBytes(16)).toString("hex");
}

/** The trace id of a request: that of what is being traced, else a new one. */
export function traceIdOf(context: {
  readonly telemetry?: { traceId(): string | null } | undefined;
  readonly host: { randomBytes(count: number): Uint8Array };
}): string {
  return context.telemetry?.traceId() ?? randomTraceId(context.host);
}
