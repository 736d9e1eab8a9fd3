import { describe, expect, test } from "vitest";
import type { GateProvider, GateRun, GateVerdict } from "../../src/contract/index.ts";
import { corroborated } from "../../src/gates/by-exit-status.ts";
import { comparesWithBaseline, presentReports } from "../../src/gates/present-reports.ts";
import { aGate } from "../a-manifest.ts";

const command = { argv: ["scan"] as [string], shell: false };
const startedAt = new Date("2026-03-04T05:06:07Z");

function ended(init: Partial<GateRun> = {}): GateRun {
  return {
    argv: ["scan"],
    exitCode: 0,
    signal: null,
    timedOut: false,
    startedAt,
    durationMs: 1000,
    stdout: "",
    stderr: "",
    truncated: false,
    leftoverProcesses: 0,
    ...init,
  };
}

const report = (text: string) => ({
  path: "scan.json",
  format: "auto",
  bytes: Uint8Array.from(Buffer.from(text)),
  modifiedAt: startedAt,
});

function provider(init: Partial<GateProvider> = {}): GateProvider {
  return {
    id: "scan",
    summary: "a gate under test",
    config: { "~standard": { version: 1, vendor: "test", validate: (value) => ({ value }) } },
    create: () => ({ evaluate: () => ({ status: "passed", summary: "fine" }) }),
    ...init,
  };
}

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString();

describe("a plugin that reads the output of its command", () => {
  test("gets it as a report, and it is kept once", () => {
    const left = presentReports(aGate("scan", { command }), provider({ readsOutput: true }), {
      run: ended({ stdout: '{"found":1}' }),
      reports: [],
      output: null,
    });

    expect(left.reports.map(({ path, bytes }) => [path, text(bytes)])).toEqual([
      ["stdout", '{"found":1}'],
    ]);
    expect(left.reports[0]?.modifiedAt).toEqual(new Date("2026-03-04T05:06:08Z"));
    expect(left.run.stdout).toBe("");
  });

  test("gets none of an output that was cut off", () => {
    const run = ended({ stdout: "[", truncated: true });

    expect(() =>
      presentReports(aGate("scan", { command }), provider({ readsOutput: true }), {
        run,
        reports: [],
        output: null,
      }),
    ).toThrow(/too large to be the report: write the report into \$\{FLOE_GATE_DIR\}/);
  });

  test("gets the files, where the manifest lists some", () => {
    const gate = aGate("scan", { command, reports: [{ path: "scan.json", format: "auto" }] });
    const left = presentReports(gate, provider({ readsOutput: true }), {
      run: ended({ stdout: "done" }),
      reports: [report("{}")],
      output: null,
    });

    expect(left.reports.map(({ path }) => path)).toEqual(["scan.json"]);
    expect(left.run.stdout).toBe("done");
  });
});

describe("a plugin that takes something out of reports", () => {
  test("is given, and leaves for keeping, what remains", () => {
    const redactReport: GateProvider["redactReport"] = ({ bytes }) =>
      Buffer.from(text(bytes).replace("hunter2", "***"));
    const left = presentReports(aGate("scan", { command }), provider({ redactReport }), {
      run: ended(),
      reports: [report("password hunter2")],
      output: null,
    });

    expect(text(left.reports[0]?.bytes)).toBe("password ***");
  });

  test("leaves nothing of a report for which it throws", () => {
    const redactReport = (): never => {
      throw new Error("it is no text");
    };

    expect(() =>
      presentReports(aGate("scan", { command }), provider({ redactReport }), {
        run: ended(),
        reports: [report("?")],
        output: null,
      }),
    ).toThrow("scan.json cannot be made fit to keep: it is no text");
  });
});

test("a plugin may compare with a baseline only where its settings ask for it", () => {
  const one = provider({ usesBaseline: (settings) => settings["new_only"] === true });

  expect(comparesWithBaseline(aGate("scan", { settings: { new_only: true } }), one)).toBe(true);
  expect(comparesWithBaseline(aGate("scan", {}), one)).toBe(false);
  expect(comparesWithBaseline(aGate("scan", {}), provider({ usesBaseline: true }))).toBe(true);
});

describe("a good verdict beside a bad exit status", () => {
  const gate = aGate("scan", { command, reports: [{ path: "scan.json", format: "auto" }] });
  const ran = { run: ended({ exitCode: 1 }), reports: [report("{}")], output: null };
  const verdict: GateVerdict = { status: "warning", summary: "1 medium" };

  test("stands where the findings in the report explain it", () => {
    expect(corroborated(gate, { ...verdict, explainsExitStatus: true }, ran)).toMatchObject({
      status: "warning",
      judged_by: "report",
    });
  });

  test("is a contradiction where they do not", () => {
    expect(() => corroborated(gate, { ...verdict, explainsExitStatus: false }, ran)).toThrow(
      "the report says warning, but the command ended with 1",
    );
  });

  test("does not stand without a report, whatever the plugin says", () => {
    const noReport = { run: ended({ exitCode: 1 }), reports: [], output: null };

    expect(
      corroborated({ ...gate, reports: [] }, { ...verdict, explainsExitStatus: true }, noReport),
    ).toMatchObject({ status: "failed", judged_by: "exit_status" });
  });
});

describe("a summary of vulnerabilities among the details", () => {
  const gate = aGate("scan", { command });
  const ran = { run: ended(), reports: [report("{}")], output: null };
  const summary = {
    total_vulnerabilities: 1,
    by_severity: { CRITICAL: 1, HIGH: 0, MEDIUM: 0, LOW: 0, UNKNOWN: 0 },
    blocking_cves: ["CVE-2024-0001"],
    ignored_unfixed: 0,
  };

  test("has a place of its own in the result", () => {
    const details = { security_summary: summary, tool: "Trivy" };

    expect(corroborated(gate, { status: "failed", summary: "1", details }, ran)).toMatchObject({
      security_summary: summary,
      details: { tool: "Trivy" },
    });
  });

  test("stays where it is when it is something else", () => {
    const details = { security_summary: "all is well" };
    const judged = corroborated(gate, { status: "failed", summary: "1", details }, ran);

    expect(judged.details).toEqual(details);
    expect(judged).not.toHaveProperty("security_summary");
  });
});
