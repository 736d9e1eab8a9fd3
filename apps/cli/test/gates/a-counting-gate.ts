import type { FloePlugin, GateSubject, GateVerdict } from "@floe/core/plugin";

/** Settings of the gate `count`. */
interface Settings {
  readonly limit: number;
}

/** A plugin whose gate `count` reads `{ "count": N }` from reports and lets at most `limit` pass, default 10. */
export function aCountingGate(
  options: {
    readonly usesBaseline?: boolean;
    /** Told what the gate is handed. */
    readonly onSubject?: (subject: GateSubject) => void;
  } = {},
): FloePlugin {
  const evaluate = (subject: GateSubject, { limit }: Settings): GateVerdict => {
    options.onSubject?.(subject);
    const counts = subject.reports.map(({ bytes }) => {
      const { count } = JSON.parse(new TextDecoder().decode(bytes)) as { count: number };
      return count;
    });
    if (counts.length === 0) throw new Error("nothing was counted");
    const count = counts.reduce((sum, one) => sum + one, 0);
    const before = subject.baseline?.metrics["count"];
    const most = before === undefined ? limit : Math.min(limit, before);
    const summary = `${count} counted, ${most} at most`;
    const fail = {
      code: "TOO_MANY",
      level: "fail" as const,
      message: summary,
      subject: "the count",
      measured: count,
      limit: most,
    };
    return count > most
      ? { status: "failed", summary, reasons: [fail], metrics: { count } }
      : { status: "passed", summary, metrics: { count } };
  };
  return {
    apiVersion: "floe.dev/v1",
    meta: { name: "counting", version: "1.0.0" },
    gates: ["count", "tests"].map((id) => ({
      id,
      summary: "counts",
      needsCommand: true,
      ...(options.usesBaseline === true ? { usesBaseline: true } : {}),
      config: {
        "~standard": {
          version: 1 as const,
          vendor: "test",
          validate: (value: unknown) => ({ value: { limit: 10, ...(value as object) } }),
        },
      },
      create: (settings: unknown) => ({
        evaluate: (subject: GateSubject) => evaluate(subject, settings as Settings),
      }),
    })),
  };
}

/** A gate whose command writes a count as its report. */
export function counted(
  count: number | string,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  const script = `printf '{"count": %s}' "${count}" > "$FLOE_GATE_DIR/count.json"`;
  return {
    command: script,
    shell: true,
    reports: ["${FLOE_GATE_DIR}/count.json"],
    ...more,
  };
}
