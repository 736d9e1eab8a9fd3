import { describe, expect, test } from "vitest";
import { applyExemptions } from "../../src/gates/apply-exemptions.ts";
import type { Exemption } from "../../src/gates/exemption.ts";
import type { GateResult } from "../../src/model/records.ts";

const SCOPE = { environment: "prod", version: "v1.2.3", now: new Date("2026-12-01T12:00:00Z") };

function result(changes: Partial<GateResult> = {}): GateResult {
  return {
    ...{ gate: "scan", kind: "scan", status: "failed", required: true, duration_ms: 1 },
    summary: "2 vulnerabilities",
    reasons: [
      { code: "SEC", level: "fail", message: "bad", subject: "CVE-2026-1 in openssl 3.0" },
      { code: "SEC", level: "fail", message: "bad too", subject: "CVE-2026-12 in zlib 1.3" },
    ],
    ...{ metrics: {}, details: {}, judged_by: "report", plugin: null },
    ...changes,
  };
}

function exemption(match: Exemption["match"], changes: Partial<Exemption> = {}): Exemption {
  const id = changes.id ?? "EX-1";
  return {
    ...{ id, gate: "scan", match, owner: "ann", reason: "not reachable at all" },
    ...{ expires: "2026-12-31", until: new Date("2027-01-01T00:00:00Z") },
    ...changes,
  };
}

const BOTH = [exemption({ id: "CVE-2026-1" }), exemption({ id: "CVE-2026-12" }, { id: "EX-2" })];

describe("exemptions of a gate's findings", () => {
  test("take out what they name, and no longer name that begins so", () => {
    const judged = applyExemptions(result(), [exemption({ id: "cve-2026-1" })], SCOPE);
    expect(judged.status).toBe("failed");
    expect(judged.reasons.map(({ level }) => level)).toEqual(["warn", "fail"]);
    expect(judged.reasons[0]).toMatchObject({
      message: "bad (exempt until 2026-12-31 by ann: EX-1)",
      exempted_by: "EX-1",
    });
    expect(judged.exemptions).toEqual([
      {
        ...{ id: "EX-1", owner: "ann", reason: "not reachable at all" },
        ...{ expires: "2026-12-31", status: "used", findings: 1 },
      },
    ]);
  });

  test("leave a warning, never a pass, when nothing else refuses", () => {
    const judged = applyExemptions(result(), BOTH, SCOPE);
    expect(judged.status).toBe("warning");
    expect(judged.summary).toBe("2 findings exempted by EX-1, EX-2: 2 vulnerabilities");
  });

  test.for(["error", "skipped", "passed", "warning"] as const)("change nothing of %s", (status) => {
    const given = result({ status });
    expect(applyExemptions(given, BOTH, SCOPE)).toBe(given);
  });

  test("a refusal without reasons stays one", () => {
    expect(applyExemptions(result({ reasons: [] }), BOTH, SCOPE).status).toBe("failed");
  });

  test("have no effect once expired, and the result says whose it was", () => {
    const late = { ...SCOPE, now: new Date("2027-01-01T00:00:00Z") };
    const judged = applyExemptions(result(), BOTH, late);
    expect(judged.status).toBe("failed");
    expect(judged.exemptions?.map(({ status }) => status)).toEqual(["expired", "expired"]);
    expect(judged.reasons.slice(2).map(({ code, level }) => `${level} ${code}`)).toEqual([
      "warn EXEMPTION_EXPIRED",
      "warn EXEMPTION_EXPIRED",
    ]);
    expect(judged.reasons.slice(0, 2).every(({ level }) => level === "fail")).toBe(true);
  });

  test("one that holds counts where another has expired", () => {
    const old = exemption({ subject: "*" }, { id: "OLD", until: new Date(0) });
    const judged = applyExemptions(result(), [old, exemption({ subject: "CVE-*" })], SCOPE);
    expect(judged).toMatchObject({ status: "warning", exemptions: [{ id: "EX-1", findings: 2 }] });
  });

  test.for([
    ["another gate", exemption({ id: "CVE-2026-1" }, { gate: "tests" })],
    ["another environment", exemption({ id: "CVE-2026-1", environments: ["dev"] })],
    ["another version", exemption({ id: "CVE-2026-1", versions: ["v2.*"] })],
    ["another code", exemption({ id: "CVE-2026-1", code: "OTHER" })],
    ["a part of the subject", exemption({ subject: "CVE-2026-1" })],
    ["a rule of policies", exemption({ rule: "names" })],
  ] as const)("for %s do not count", ([, one]) => {
    const given = result();
    expect(applyExemptions(given, [one], SCOPE)).toBe(given);
  });

  test("of policies are for what the manifest asks, not for what floe asks of every artifact", () => {
    const reasons = [
      {
        code: "FLOE-E207",
        level: "fail",
        message: "name",
        where: "policies.rules.names",
        subject: "x",
      },
      {
        code: "FLOE-E101",
        level: "fail",
        message: "pin",
        where: "built-in rule artifact_pinned",
        subject: "x",
      },
      {
        code: "FLOE-E001",
        level: "fail",
        message: "unjudged",
        where: "policies.rules.age",
        subject: "x",
      },
      {
        code: "FLOE-E301",
        level: "fail",
        message: "secret",
        where: "policies.secret_scanning",
        subject: "x",
      },
    ] as const;
    const given = result({ gate: "policy_compliance", kind: "policy_compliance", reasons });
    const gate = "policy_compliance";
    const everything = exemption({ subject: "x" }, { gate });
    const judged = applyExemptions(given, [everything], SCOPE);
    expect(judged.reasons.map(({ level }) => level)).toEqual(["warn", "fail", "fail", "warn"]);
    const byRule = [
      exemption({ rule: "names" }, { gate }),
      exemption({ rule: "secret_scanning" }, { gate, id: "S" }),
    ];
    expect(applyExemptions(given, byRule, SCOPE).exemptions?.map(({ id }) => id)).toEqual([
      "EX-1",
      "S",
    ]);
  });

  test("take no time to speak of over hostile subjects and patterns", () => {
    const subject = "a".repeat(1000);
    const reasons = Array.from({ length: 1000 }, () => ({
      code: "X",
      level: "fail" as const,
      message: "m",
      subject,
    }));
    const many = Array.from({ length: 100 }, (_, index) =>
      exemption({ subject: `${"a*".repeat(100)}b${index}` }, { id: `E${index}` }),
    );
    const started = performance.now();
    applyExemptions(result({ reasons }), many, SCOPE);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
