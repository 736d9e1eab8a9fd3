import type { Digest } from "@floe/core/model";
import securityScan from "@floe/plugin-gate-security-scan";
import { attachStatement, writeStatement } from "@floe/signing";
import { describe, expect, test } from "vitest";
import { aWorld, go, type RunAs, type World } from "../review/a-world.ts";
import { aCountingGate, counted } from "./a-counting-gate.ts";
import { readEvidence } from "./read-evidence.ts";

const VULNS = "https://in-toto.io/attestation/vulns/v0.2";

/** What a scanner writes of one vulnerability. */
function vulnerability(severity: string, id = "CVE-2024-0001") {
  return {
    ...{ VulnerabilityID: id, PkgName: "openssl", InstalledVersion: "3.0.11" },
    ...{ FixedVersion: "3.0.15", Status: "fixed", Severity: severity, SeveritySource: "nvd" },
    CVSS: { nvd: { V3Score: 5.3 } },
  };
}

/** A gate whose command writes a report of Trivy. */
function scanned(severities: readonly string[], more: Readonly<Record<string, unknown>> = {}) {
  const found = severities.map((severity, index) =>
    vulnerability(severity, `CVE-2024-000${index}`),
  );
  return reporting({
    ...{ SchemaVersion: 2, Trivy: { Version: "0.72.0" } },
    Results: [
      { Target: "app", Class: "os-pkgs", Packages: [{ Name: "openssl" }], Vulnerabilities: found },
    ],
    ...more,
  });
}

function reporting(report: unknown): Readonly<Record<string, unknown>> {
  const script = `cat > "$FLOE_GATE_DIR/scan.json" <<'END'\n${JSON.stringify(report)}\nEND\n`;
  return { command: script, shell: true, reports: ["${FLOE_GATE_DIR}/scan.json"] };
}

async function aWorldWith(gates: Readonly<Record<string, unknown>>): Promise<World> {
  return await aWorld({
    plugins: [securityScan, aCountingGate()],
    environments: [
      {
        ...{ name: "dev", gates: { policy_compliance: true, ...gates } },
        authorization: { allowed_operators: ["release", "alice"] },
      },
    ],
  });
}

async function statementsOf(world: World, digest: Digest, type = VULNS) {
  const listed = await world.store.referrers(digest, go);
  const all = await Promise.all(listed.map((one) => readEvidence(world.store, one.digest)));
  return all.filter(({ predicateType }) => predicateType === type);
}

describe("a gate for security scans", () => {
  test("leaves what the scanner found in the words of in-toto, and none of it in the record", async () => {
    await using world = await aWorldWith({ security_scan: scanned(["MEDIUM"]) });
    const digest = await world.publish("v1.0.0");
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    if (outcome.kind !== "done") throw new Error(outcome.kind);
    const [statement, ...others] = await statementsOf(world, digest);
    const [own] = await statementsOf(world, digest, "https://floe.dev/attestation/gate-result/v1");
    if (!statement || !own) throw new Error("there is no evidence");
    const { started_at, duration_ms } = own.predicate.runs[0].run;
    expect(others).toEqual([]);
    expect(statement.predicate).toEqual({
      scanner: {
        uri: "https://github.com/aquasecurity/trivy",
        version: "0.72.0",
        // Trivy does not write how old its database was.
        db: {},
        result: [
          {
            id: "CVE-2024-0000",
            severity: [
              { method: "nvd", score: "medium" },
              { method: "nvd/cvss_v3_score", score: "5.3" },
            ],
            annotations: [
              {
                ...{ package: "openssl", version: "3.0.11", where: "app" },
                ...{ fix: "fixed", fixed_in: "3.0.15" },
              },
            ],
          },
        ],
      },
      metadata: { scanStartedOn: started_at, scanFinishedOn: expect.any(String) },
    });
    const took = Date.parse(statement.predicate.metadata.scanFinishedOn) - Date.parse(started_at);
    expect(Math.abs(took - duration_ms)).toBeLessThanOrEqual(1);
    const tags = Object.entries(world.store.tags()).filter(([tag]) => tag.startsWith("floe-evd."));
    expect(tags).toHaveLength(2);
    const record = await readEvidence(world.store, outcome.record.tag);
    expect(JSON.stringify([record.predicate, own.predicate])).not.toMatch(/scans|cvss/);
  });

  test("leaves none of a report of secrets", async () => {
    const leaks = reporting([{ RuleID: "aws-key", File: "a.tf", StartLine: 1 }]);
    await using world = await aWorldWith({
      security_scan: { ...leaks, block_on: { secrets: false } },
    });
    const digest = await world.publish("v1.0.0");
    const outcome = await world.floe().promote({ version: "v1.0.0", to: "dev" });
    expect(outcome.kind).toBe("done");
    expect(await statementsOf(world, digest)).toEqual([]);
  });
});

describe("a gate for security scans with from_attestation", () => {
  const rule = { predicate_type: VULNS, signers: ["bob"] };
  const attested = (more: object = {}, settings: object = {}) => ({
    security_scan: { from_attestation: { ...rule, ...more }, ...settings },
  });
  const scan = (severity: string, minutesAgo = 5, id = "CVE-2024-0001") => {
    const time = new Date(Date.now() - minutesAgo * 60_000).toISOString();
    return {
      scanner: {
        ...{ uri: "pkg:github/anchore/grype@1", db: { lastUpdate: time } },
        result: severity === "" ? [] : [{ id, severity: [{ method: "nvd", score: severity }] }],
      },
      metadata: { scanStartedOn: time, scanFinishedOn: time },
    };
  };
  const planned = async (gates: Readonly<Record<string, unknown>>, ...scans: readonly object[]) => {
    await using world = await aWorldWith(gates);
    const subject = await world.publish("v1.0.0");
    for (const one of scans) await attest(world, subject, "bob", one);
    return await plan(world);
  };

  test("is an error without one, and one of a stranger does not count", async () => {
    await using world = await aWorldWith(attested());
    const subject = await world.publish("v1.0.0");
    expect(await plan(world)).toMatchObject({
      status: "error",
      error: { code: "ATTESTATION_MISSING", message: expect.stringContaining("none is attached") },
    });
    await attest(world, subject, "alice", scan(""));
    expect(await plan(world)).toMatchObject({
      status: "error",
      error: { message: expect.stringMatching(/signed by bob: .*does not verify/s) },
    });
  });

  test("is judged by the gate's own limits", async () => {
    expect(await planned(attested(), scan(""))).toMatchObject({
      status: "passed",
      judged_by: "attestation",
      summary: expect.stringMatching(/\(reused: signed by bob, 5 min ago\)$/),
      reused_from: { predicate_type: VULNS, signed_by: "bob" },
    });
    expect(await planned(attested(), scan("6.9"))).toMatchObject({
      status: "warning",
      security_summary: { by_severity: { MEDIUM: 1 } },
    });
    expect(await planned(attested(), scan("9.8"))).toMatchObject({
      status: "failed",
      reasons: [{ code: "SEC_SEVERITY_BLOCKED", subject: "CVE-2024-0001" }],
    });
    const lenient = attested({}, { block_on_severity: ["CRITICAL"] });
    expect(await planned(lenient, scan("8.9"))).toMatchObject({ status: "warning" });
    const strict = attested({}, { unknown_as: "high" });
    expect(await planned(strict, scan("of no scale"))).toMatchObject({ status: "failed" });
  });

  test("all that count are judged together: a newer one takes nothing back", async () => {
    const found = await planned(attested(), scan("critical", 50), scan("", 5));
    expect(found).toMatchObject({ status: "failed", summary: expect.stringContaining("5 min") });
    // By when the scan ended, which the signer vouches for: no log is needed for that.
    const young = attested({ max_age: "30m" });
    expect(await planned(young, scan("critical", 50), scan("", 5))).toMatchObject({
      status: "passed",
    });
    expect(await planned(young, scan("", 50))).toMatchObject({
      status: "error",
      error: { message: expect.stringContaining("max_age is 1800 s") },
    });
  });

  test("what is no scan, or does not say when it was one, does not pass for one", async () => {
    expect(await planned(attested(), {})).toMatchObject({
      status: "error",
      error: { message: expect.stringContaining("metadata.scanFinishedOn") },
    });
    const { metadata } = scan("");
    expect(await planned(attested(), { metadata })).toMatchObject({
      status: "error",
      summary: expect.stringContaining("it is not an attestation of vulnerabilities"),
    });
  });

  test("counts only for a gate whose plugin judges it", async () => {
    await using world = await aWorldWith({ count: counted(1, { from_attestation: rule }) });
    await world.publish("v1.0.0");
    expect(await plan(world, {}, "count")).toMatchObject({
      status: "error",
      error: { code: "ATTESTATION_UNREADABLE", message: expect.stringContaining(VULNS) },
    });
  });

  test.each([
    [["LOW"], "passed"],
    [["MEDIUM", "LOW"], "warning"],
    [["HIGH", "MEDIUM"], "failed"],
  ])("one that floe itself has made of %s is %s, as the report was", async (severities, status) => {
    const gate = { ...scanned(severities), from_attestation: { ...rule, signers: ["alice"] } };
    await using world = await aWorldWith({ security_scan: gate });
    await world.publish("v1.0.0");
    const request = { gate: "security_scan", environment: "dev", version: "v1.0.0", record: true };
    const made = (await world.floe({ who: "alice" }).runGate(request)).result;
    expect(made).toMatchObject({ status, judged_by: "report" });
    expect(await plan(world)).toMatchObject({
      ...{ status, judged_by: "attestation" },
      security_summary: made.security_summary,
    });
  });
});

async function plan(world: World, as: RunAs = {}, gate = "security_scan") {
  const request = { version: "v1.0.0", to: "dev", dryRun: true };
  const outcome = await world.floe(as).promote(request);
  if (outcome.kind !== "would_succeed" && outcome.kind !== "blocked") throw new Error(outcome.kind);
  const found = outcome.plan?.gates.find((result) => result.gate === gate);
  if (!found) throw new Error("the gate is not there");
  return found;
}

async function attest(world: World, subject: string, who: string, predicate: object) {
  const artifact = await world.store.getManifest(subject, go);
  const signer = world.signers[who];
  if (!artifact || !signer) throw new Error("it is not there");
  const statement = writeStatement({
    ...{ subject: artifact.descriptor.digest, predicateType: VULNS, predicate },
  });
  const content = { statement, signer };
  await attachStatement(
    { store: world.store, predicateType: VULNS, subject: artifact, content },
    go,
  );
}
